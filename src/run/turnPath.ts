/** A raw peer behind a TURN relay: allocation, permission and channel, and a transport that ends at the relayed address. */
import { unreachable } from '../base/unreachable.ts';
import type { EndpointConfig } from '../engine/api.ts';
import type { TurnCredentials } from '../ice/turnModel.ts';
import type { TurnServer } from '../scenario/index.ts';
import type { Address } from '../trace/model.ts';
import type { Transport, TransportEvent } from './api.ts';
import type { Found, PathRunSpec, Search } from './pathRun.ts';
import { TurnRelay } from './turnRelay.ts';

export interface TurnPathSpec extends Pick<PathRunSpec, 'crypto' | 'random'> {
  /** To the TURN server. */
  readonly server: Transport;
  readonly credentials: TurnCredentials | undefined;
  /** An IP address and port: a relay looks up no names. */
  readonly peer: Address;
  readonly config: EndpointConfig;
}

/** What a server is told: a user without a password has an empty one. */
export const turnCredentials = ({ username, password }: TurnServer): TurnCredentials | undefined =>
  username === undefined ? undefined : { username, password: password ?? '' };

/** Finds the path of `startPathRun`. */
export function findTurnPath(spec: TurnPathSpec, search: Search): Promise<Found> {
  const { peer, config } = spec;
  return new Promise((resolve) => {
    let end: RelayedTransport | undefined;
    const lose = (by: string, why: string, final: boolean): void => {
      if (end) {
        end.tell({ kind: 'refused', by, why });
        if (final) end.tell({ kind: 'ended', why });
      } else {
        search.refused(by, why);
        resolve({ ok: false, why });
      }
    };
    const relay: TurnRelay = new TurnRelay({
      transport: spec.server,
      credentials: spec.credentials,
      // The family of the relayed address must be the peer's (RFC 8656 §7.1); IPv4 is what servers give unasked.
      family: peer.startsWith('[') ? 6 : undefined,
      clock: search.clock,
      crypto: spec.crypto,
      random: spec.random,
      tell: (news) => (end ? end.tell({ kind: 'path', event: news }) : search.tell(news)),
      hear: (news) => {
        switch (news.kind) {
          case 'allocated':
            // The channel's permission lets the peer speak first, and its framing is the shorter one.
            relay.bindChannel(peer);
            break;
          case 'permitted':
            // Only now: the first flight would else wait for the permission, and look as if the path were slow.
            if (news.peer !== peer || end || relay.relayed === undefined) break;
            end = new RelayedTransport(relay, relay.relayed, peer, search);
            resolve({ ok: true, transport: end, config });
            break;
          case 'data':
            end?.tell({ kind: 'datagram', bytes: news.bytes, from: news.from, at: news.at });
            break;
          case 'too-big':
            end?.tell(news);
            break;
          case 'peer-refused':
            if (news.peer === peer) lose(`TURN server ${relay.server}`, news.why, true);
            break;
          case 'unreachable':
            if (news.peer === peer) lose(news.peer, news.why, false);
            break;
          case 'failed':
            lose(news.by, news.why, true);
            break;
          case 'gone':
            if (end) end.tell(news);
            else resolve({ ok: false, why: news.why });
            break;
          default:
            unreachable(news);
        }
      },
    });
    search.onEnd((why) => {
      if (end) return;
      if (why === 'time-up') relay.giveUp();
      else relay.close();
    });
    relay.start();
  });
}

/** From the relayed address to one peer. */
class RelayedTransport implements Transport {
  readonly local: Address;
  readonly remote: Address;
  readonly #relay: TurnRelay;
  readonly #search: Search;
  #hear: ((event: TransportEvent) => void) | undefined;
  #early: TransportEvent[] = [];

  constructor(relay: TurnRelay, local: Address, remote: Address, search: Search) {
    this.#relay = relay;
    this.#search = search;
    this.local = local;
    this.remote = remote;
  }

  send(bytes: Uint8Array, to: Address, packet: number): void {
    this.#relay.send(to, bytes);
    this.tell({ kind: 'sent', packet, at: this.#search.clock.now() });
  }

  listen(hear: (event: TransportEvent) => void): void {
    this.#hear = hear;
    for (const event of this.#early.splice(0)) hear(event);
  }

  close(): void {
    this.#relay.close();
  }

  tell(event: TransportEvent): void {
    if (this.#hear) this.#hear(event);
    else this.#early.push(event);
  }
}
