// Views that somebody wants to see again: kept at the server, so that they are there at every desk and can be sent by mail.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../app/api/client';
import type { Period, Preset } from './period';

export interface View {
  name: string;
  kind: string;
  preset: Preset;
  compared: boolean;
  chosen?: Period;
  query?: Record<string, string>; // what a mailed report asks for besides its period
}

const key = ['views'];
const all = async (): Promise<View[]> => Object.entries(await call<Record<string, Omit<View, 'name'>>>('get', '/v1/views')).map(([name, view]) => ({ ...view, name }));

export function useViews() {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: key, queryFn: all });
  const again = () => client.invalidateQueries({ queryKey: key });
  return {
    views: data?.filter((each) => typeof each.kind === 'string') ?? [],
    keep: ({ name, ...view }: View) => call('put', '/v1/views/{name}', { path: { name }, body: view }).then(again),
    forget: (name: string) => call('delete', '/v1/views/{name}', { path: { name } }).then(again),
  };
}
