/**
 * The places that an ICE agent sends from: sockets of ours, and addresses on TURN relays. One number space for datagrams,
 * one way in.
 */
import type { RandomSource } from '../base/random.ts';
import type { Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { Base } from '../ice/api.ts';
import type { TurnCredentials } from '../ice/turnModel.ts';
import type { Address } from '../trace/model.ts';
import type { Clock, PathNews, Transport } from './api.ts';
import { tellStun } from './pathLog.ts';
import { TurnRelay } from './turnRelay.ts';

export interface BasesSpec {
  /** Sockets that take datagrams from anybody; closed with the rest. */
  readonly hosts: readonly Transport[];
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  readonly tell: (news: PathNews) => void;
}

export type BaseNews =
  | {
      readonly kind: 'datagram';
      readonly bytes: Uint8Array;
      readonly from: Address;
      readonly on: Address;
      readonly at: Instant;
    }
  /** A relay gave an address, after whoever waits for it was told. */
  | { readonly kind: 'base'; readonly base: Base }
  | { readonly kind: 'too-big'; readonly size: number }
  /** A base is no more. `left` counts those that are. */
  | { readonly kind: 'lost'; readonly base: Address; readonly by: string; readonly why: string; readonly left: number };

export type Allocated =
  | { readonly ok: true; readonly relayed: Address }
  | { readonly ok: false; readonly by: string; readonly why: string };

export class IceBases {
  readonly #spec: BasesSpec;
  readonly #hosts = new Map<Address, Transport>();
  readonly #relays = new Map<Address, TurnRelay>();
  /** Also those that have no address yet. */
  readonly #allRelays = new Set<TurnRelay>();
  #hear: ((news: BaseNews) => void) | undefined;
  #packet = 0;
  #closed = false;

  constructor(spec: BasesSpec) {
    this.#spec = spec;
    for (const host of spec.hosts) {
      this.#hosts.set(host.local, host);
      host.listen((event) => {
        switch (event.kind) {
          case 'datagram':
            this.#came(event.bytes, event.from, host.local, event.at);
            break;
          case 'gone':
            this.#hosts.delete(host.local);
            this.#lost(host.local, 'this system', event.why);
            break;
          case 'too-big':
            this.#tell(event);
            break;
          // A candidate that nobody listens on is no news to ICE.
          case 'refused':
          case 'unsent':
          case 'sent':
          case 'path':
          case 'ended':
            break;
          default:
            unreachable(event);
        }
      });
    }
  }

  get bases(): readonly Base[] {
    return [
      ...[...this.#hosts.keys()].map((address) => ({ address, kind: 'host' as const })),
      ...[...this.#relays.keys()].map((address) => ({ address, kind: 'relay' as const })),
    ];
  }

  listen(hear: (news: BaseNews) => void): void {
    this.#hear = hear;
  }

  /** Asks a TURN server for an address of `family`, over a transport that is closed with the rest. */
  allocate(
    transport: Transport,
    credentials: TurnCredentials | undefined,
    family: 4 | 6 | undefined,
  ): Promise<Allocated> {
    return new Promise((resolve) => {
      let address: Address | undefined;
      const over = (by: string, why: string): void => {
        this.#allRelays.delete(relay);
        if (address === undefined) resolve({ ok: false, by, why });
        else if (this.#relays.delete(address)) this.#lost(address, by, why);
      };
      const { clock, crypto, random, tell } = this.#spec;
      const relay: TurnRelay = new TurnRelay({
        ...{ transport, credentials, family, clock, crypto, random, tell },
        hear: (news) => {
          switch (news.kind) {
            case 'allocated':
              address = news.relayed;
              this.#relays.set(address, relay);
              resolve({ ok: true, relayed: address });
              this.#tell({ kind: 'base', base: { address, kind: 'relay' } });
              break;
            case 'data':
              if (address !== undefined) this.#came(news.bytes, news.from, address, news.at);
              break;
            case 'too-big':
              this.#tell(news);
              break;
            case 'failed':
              over(news.by, news.why);
              break;
            case 'gone':
              over('this system', news.why);
              break;
            // What a peer may not be sent, its checks will show, and the facts say why.
            case 'permitted':
            case 'peer-refused':
            case 'unreachable':
              break;
            default:
              unreachable(news);
          }
        },
      });
      this.#allRelays.add(relay);
      relay.start();
    });
  }

  send(base: Address, to: Address, bytes: Uint8Array): void {
    if (!this.#closed) tellStun(this.#spec.tell, [base, to], bytes);
    const host = this.#hosts.get(base);
    if (host) host.send(bytes, to, ++this.#packet);
    else this.#relays.get(base)?.send(to, bytes);
  }

  /** Through a relay, a peer that is here to stay gets the shorter framing. */
  settle(base: Address, peer: Address): void {
    this.#relays.get(base)?.bindChannel(peer);
  }

  /** Relays that have not answered yet say how far they came. */
  giveUp(): void {
    for (const relay of this.#allRelays) if (relay.relayed === undefined) relay.giveUp();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const host of this.#hosts.values()) host.close();
    for (const relay of this.#allRelays) relay.close();
  }

  #came(bytes: Uint8Array, from: Address, on: Address, at: Instant): void {
    if (!this.#closed) tellStun(this.#spec.tell, [from, on], bytes);
    this.#tell({ kind: 'datagram', bytes, from, on, at });
  }

  #lost(base: Address, by: string, why: string): void {
    this.#tell({ kind: 'lost', base, by, why, left: this.#hosts.size + this.#relays.size });
  }

  #tell(news: BaseNews): void {
    if (!this.#closed) this.#hear?.(news);
  }
}
