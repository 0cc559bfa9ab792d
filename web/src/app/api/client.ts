// The one way to the server. Paths, methods and request bodies are those of docs/api/openapi.json (schema.ts is made from it).
import type { paths } from './schema';

export class Refusal extends Error {
  constructor(
    readonly status: number, // 0: no answer at all
    readonly code: string,
    readonly text: string,
    readonly textFa: string,
    readonly retryAfter = 0, // seconds
  ) {
    super(`${code}: ${text}`);
  }
}

export function isRefusal(error: unknown, code?: string): error is Refusal {
  return error instanceof Refusal && (code === undefined || error.code === code);
}

type Path = keyof paths & string;
type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';
export interface Options {
  path?: Record<string, string>;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown; // a Blob goes as it is, everything else as JSON
  signal?: AbortSignal;
}

let whenSignedOut: () => void = () => {};
export function onSignedOut(act: () => void) {
  whenSignedOut = act;
}

export function address(path: Path, { path: names = {}, query = {} }: Options = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? ''));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') asked.set(name, String(value));
  return asked.size > 0 ? `${filled}?${asked}` : filled;
}

// Rows keep what the server says; a caller names the shape it reads, beside the feature that reads it.
export async function call<Answer = void>(method: Method, path: Path, options: Options = {}): Promise<Answer> {
  const answer = await send(method, address(path, options), options);
  if (answer.status === 204) return undefined as Answer;
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as Answer;
}

async function send(method: Method, url: string, { body, signal }: Options): Promise<Response> {
  const plain = body instanceof Blob;
  let answer: Response;
  try {
    answer = await fetch(url, {
      method: method.toUpperCase(),
      headers: { 'X-Pasokh': '1', ...(body === undefined ? {} : { 'Content-Type': plain ? body.type || 'application/octet-stream' : 'application/json' }) },
      body: body === undefined || plain ? body : JSON.stringify(body),
      credentials: 'same-origin',
      signal,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Refusal(0, 'no-answer', 'The server does not answer.', 'سرور پاسخ نمی‌دهد.');
  }
  if (answer.ok) return answer;
  const refusal = await refusalOf(answer);
  if (refusal.code === 'sign-in-needed') whenSignedOut();
  throw refusal;
}

async function refusalOf(answer: Response): Promise<Refusal> {
  const wait = Number(answer.headers.get('Retry-After') ?? 0);
  try {
    const told = (await answer.json()) as { code: string; message?: string; text?: string; message_fa?: string };
    const text = told.message ?? told.text ?? answer.statusText;
    return new Refusal(answer.status, told.code, text, told.message_fa ?? text, wait);
  } catch {
    return new Refusal(answer.status, `http-${answer.status}`, answer.statusText, answer.statusText, wait);
  }
}
