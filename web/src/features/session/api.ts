import { call } from '../../app/api/client';
import type { components } from '../../app/api/schema';

type Schemas = components['schemas'];
export type SignIn = Schemas['SignIn'] & { code?: string };
export type Session = Schemas['Session'];

export const signIn = (body: SignIn) => call<Schemas['SignedIn']>('post', '/v1/sessions', { body: { ...body, cookie: true } });
export const signOut = () => call('delete', '/v1/sessions/current');
export const signOutEverywhere = () => call('delete', '/v1/sessions');
export const sessions = () => call<Session[]>('get', '/v1/sessions');
export const endSession = (session: string) => call('delete', '/v1/sessions/{session}', { path: { session } });
export const changePassword = (body: Schemas['ChangePassword']) => call('post', '/v1/password', { body });
