/** Sessions that outlive a handshake, for `--resume`: what a client was given last. They hold secrets, so they stay in memory. */
import type { EndpointConfig, SessionTicket } from '../engine/index.ts';

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
