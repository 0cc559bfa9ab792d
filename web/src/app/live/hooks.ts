import { createContext, useContext, useEffect, useSyncExternalStore } from 'react';
import type { Connection } from './connection';
import type { Topic } from './topics';

export const LiveContext = createContext<Connection | undefined>(undefined);

export function useConnection(): Connection {
  const connection = useContext(LiveContext);
  if (!connection) throw new Error('no live connection above');
  return connection;
}

// The topic, drawn again at each of its changes.
export function useTopic(name: 'desk' | 'floor'): Topic {
  const connection = useConnection();
  const topic = connection.topic(name);
  useEffect(() => connection.watch(name), [connection, name]);
  useSyncExternalStore(topic.subscribe, topic.read);
  return topic;
}

export function useStanding() {
  const connection = useConnection();
  return useSyncExternalStore(connection.subscribeStatus, connection.readStanding);
}

export function useStatus() {
  const connection = useConnection();
  return useSyncExternalStore(connection.subscribeStatus, connection.readStatus);
}
