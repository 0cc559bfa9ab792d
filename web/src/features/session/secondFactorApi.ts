import { call } from '../../app/api/client';

export const beginSecondFactor = () => call<{ secret: string; uri: string; qr?: string }>('post', '/v1/second-factor');
export const activateSecondFactor = (code: string) => call<{ recovery: string[] }>('put', '/v1/second-factor', { body: { code } });
export const endSecondFactor = (password: string) => call('delete', '/v1/second-factor', { body: { password } });
