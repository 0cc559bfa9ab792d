import { call } from '../../app/api/client';
import type { Contact } from '../../app/records';

export const page_size = 50;
export const find = (search: string, after?: string) => call<Contact[]>('get', '/v1/contacts', { query: { search, after, limit: page_size } });
export const contact = (id: string) => call<Contact>('get', '/v1/contacts/{id}', { path: { id } });
export const change = ({ id, ...body }: Contact) => call<Contact>('put', '/v1/contacts/{id}', { path: { id }, body });
export const remove = (id: string) => call('delete', '/v1/contacts/{id}', { path: { id } });
