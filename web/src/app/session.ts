// Who sits here and what the server lets this person do. The page only hides what the server would refuse anyway.
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from './api/client';

export type Role = 'agent' | 'supervisor' | 'coach' | 'planner' | 'hiring' | 'administrator';
export interface Me {
  login: string;
  role: Role;
  agent: string;
  must_change_password: boolean;
  second_factor?: boolean;
  permissions?: string[];
}

// As src/office/access has it; used while the server does not tell the permissions itself.
const byRole: Record<Role, string[]> = {
  agent: ['work_own_calls', 'work_on_records'],
  supervisor: ['work_own_calls', 'work_on_records', 'hold_recordings', 'see_floor', 'direct_floor', 'see_reports', 'explain_offers', 'see_recordings', 'hear_recordings', 'see_settings'],
  coach: ['work_own_calls', 'work_on_records', 'see_floor', 'see_reports', 'explain_offers', 'see_recordings', 'hear_recordings'],
  planner: ['see_floor', 'see_reports', 'see_settings'],
  hiring: [],
  administrator: ['work_on_records', 'hold_recordings', 'see_floor', 'see_reports', 'explain_offers', 'see_settings', 'change_settings', 'manage_users', 'make_tokens', 'see_audit', 'see_metrics'],
};

export const meQuery = queryOptions({ queryKey: ['me'], queryFn: () => call<Me>('get', '/v1/me'), staleTime: Infinity, retry: 1 });

export function may(me: Me, permission: string): boolean {
  return (me.permissions ?? byRole[me.role]).includes(permission);
}

// Below the shell somebody is signed in; the shell sees to that.
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (!data) throw new Error('useMe outside the shell');
  return data;
}

export function useMay(permission: string): boolean {
  return may(useMe(), permission);
}

export function useForgetMe() {
  const client = useQueryClient();
  return () => client.clear();
}
