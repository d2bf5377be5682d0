/**
 * Sessions that outlive a handshake, for `--resume`: what a client was given last, and what a server needs to give and to
 * take back. They hold secrets, so they stay in memory.
 */
import type { EndpointConfig, KeptSession, SessionTicket } from '../engine/index.ts';
import { systemRandom } from './credentials.ts';

/** Sessions that a server keeps; the oldest makes room. */
const mostKept = 1000;
/** As browsers and OpenSSL keep them. Seconds. */
const lifetimeSeconds = 7200;
/** What a client keeps: a server of DTLS 1.3 may give several. */
const mostOffered = 4;

/** A client's, from one handshake to the next. */
export class ClientSessions {
  #newest: readonly SessionTicket[] = [];

  readonly keep = (session: SessionTicket): void => {
    this.#newest = [session, ...this.#newest].slice(0, mostOffered);
  };

  /** The settings of the next handshake: it begins from what was given last. */
  settle(config: EndpointConfig): EndpointConfig {
    return { ...config, resume: this.#newest };
  }
}

/** The settings of a server whose clients get session ids and tickets. */
export function givingSessions(config: EndpointConfig): EndpointConfig {
  const kept = new Map<string, KeptSession>();
  return {
    ...config,
    sessions: {
      get: (id) => kept.get(id),
      set: (id, session) => {
        const [oldest] = kept.keys();
        if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
        kept.set(id, session);
      },
    },
    tickets: { key: systemRandom(32), count: 1, lifetimeSeconds },
  };
}
