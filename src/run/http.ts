/** HTTP for signalling: `fetch` comes from outside, an answer is bounded in size and time, and no throw comes out. */
import { after } from '../base/time.ts';
import type { HttpRequest, HttpResponse } from '../ice/whip.ts';
import type { Clock } from './api.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type HttpResult =
  | { readonly ok: true; readonly response: HttpResponse; readonly ms: number }
  | { readonly ok: false; readonly why: string; readonly ms: number };

/** The longest answer that is read. Bytes. */
const longestBody = 1024 * 1024;

/** Sends one request. `timeoutMs` is for all of it, the body included; it also ends when `ended` resolves. */
export async function request(
  fetch: Fetch,
  clock: Clock,
  { method, url, headers, body }: HttpRequest,
  timeoutMs: number,
  ended?: Promise<void>,
): Promise<HttpResult> {
  const startedAt = clock.now();
  const abort = new AbortController();
  const takeBack = clock.schedule(after(startedAt, timeoutMs), () => abort.abort());
  void ended?.then(() => abort.abort());
  const took = (): number => clock.now() - startedAt;
  try {
    const response = await fetch(url, {
      ...{ method, headers: { ...headers }, signal: abort.signal, redirect: 'follow', cache: 'no-store' },
      // Nothing of the user's own sessions there: the token is all that is shown.
      credentials: 'omit',
      ...(body !== undefined && { body }),
    });
    const text = await limited(response);
    return {
      ok: true,
      ms: took(),
      response: {
        status: response.status,
        url: response.url === '' ? url : response.url,
        header: (name) => response.headers.get(name) ?? undefined,
        body: text,
      },
    };
  } catch (error) {
    if (abort.signal.aborted) {
      const ms = took();
      return { ok: false, why: `it did not answer within ${Math.round(Math.min(ms, timeoutMs))} ms`, ms };
    }
    return { ok: false, why: reasonOf(error), ms: took() };
  } finally {
    takeBack();
  }
}

/** The body's first `longestBody` bytes. */
async function limited(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    text += decoder.decode(value, { stream: true });
    if (bytes <= longestBody) continue;
    await reader.cancel();
    return text;
  }
}

/** Node says "fetch failed" and the reason in `cause`; browsers say as little as they can. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error))
    return /failed to fetch|networkerror|load failed/i.test(error.message)
      ? 'the browser got no answer, and does not say why: nobody listens there, its certificate is not trusted, or it does not allow other origins (CORS)'
      : error.message;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody listens there (connection refused)';
    case 'ENOTFOUND':
      return 'no such host is known';
    case 'ECONNRESET':
      return 'the connection was closed in the middle';
    default:
      return cause.message === '' ? `${error.message} ${code}`.trim() : cause.message;
  }
}

/** A URL as traces and reports name it: without query and fragment, where tokens and stream keys stand. */
export function shownUrl(text: string): string {
  try {
    const url = new URL(text);
    return `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`;
  } catch {
    return text;
  }
}
