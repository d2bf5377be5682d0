/** The peers that a TURN client reaches through its relay: their permissions, channels, and what waits for them. */
import { parseSocketAddress, socketText } from '../base/ip.ts';
import { earlier, type Instant } from '../base/time.ts';
import { firstChannel, lastChannel } from '../wire/channelData.ts';
import type { TransportAddress } from './api.ts';

export interface Peer {
  /** As we were told it, normalised. */
  readonly address: TransportAddress;
  readonly ip: Uint8Array;
  readonly port: number;
  /** Once refused, only `permit` asks again: what is sent in the meantime is dropped. */
  permission: 'none' | 'asked' | 'granted' | 'refused';
  renewPermissionAt: Instant | undefined;
  channel: number | undefined;
  /** Whether the server has confirmed the channel; before that payloads go as indications. */
  bound: 'no' | 'wanted' | 'asked' | 'yes';
  renewChannelAt: Instant | undefined;
  /** A permission was asked for before there was an allocation to have it on. */
  wanted: boolean;
  readonly waiting: Uint8Array[];
}

export class TurnPeers {
  readonly #most: number;
  readonly #byAddress = new Map<TransportAddress, Peer>();
  readonly #byChannel = new Map<number, Peer>();
  /** A number is bound to one peer only, as it stays taken for 5 minutes after it expired (RFC 8656 §12). */
  #nextChannel = firstChannel;

  constructor(most: number) {
    this.#most = most;
  }

  get all(): readonly Peer[] {
    return [...this.#byAddress.values()];
  }

  /** When the next permission or channel is to be renewed. */
  get deadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const peer of this.#byAddress.values())
      first = earlier(earlier(first, peer.renewPermissionAt), peer.renewChannelAt);
    return first;
  }

  /** The peer of an address, new or known; or why there is none. */
  of(text: TransportAddress): Peer | 'no-address' | 'too-many' {
    const parsed = parseSocketAddress(text);
    if (!parsed) return 'no-address';
    const { ip, port } = parsed;
    const address = socketText(ip, port);
    const known = this.#byAddress.get(address);
    if (known) return known;
    if (this.#byAddress.size >= this.#most) return 'too-many';
    const peer: Peer = {
      address,
      ip,
      port,
      permission: 'none',
      renewPermissionAt: undefined,
      channel: undefined,
      bound: 'no',
      renewChannelAt: undefined,
      wanted: false,
      waiting: [],
    };
    this.#byAddress.set(address, peer);
    return peer;
  }

  byChannel(channel: number): Peer | undefined {
    return this.#byChannel.get(channel);
  }

  /** The channel of a peer, which gets one if it has none; `undefined` when all are taken. */
  channelOf(peer: Peer): number | undefined {
    if (peer.channel === undefined && this.#nextChannel <= lastChannel) {
      peer.channel = this.#nextChannel++;
      this.#byChannel.set(peer.channel, peer);
    }
    return peer.channel;
  }

  /** Whether an address may send to us: permissions hold for an IP address, whatever the port (RFC 8656 §9.1). */
  permitted(ip: Uint8Array): boolean {
    const text = socketText(ip, 0);
    return this.all.some(
      (peer) => (peer.permission === 'asked' || peer.permission === 'granted') && socketText(peer.ip, 0) === text,
    );
  }

  /** Nothing is renewed any more. */
  rest(): void {
    for (const peer of this.#byAddress.values()) {
      peer.renewPermissionAt = undefined;
      peer.renewChannelAt = undefined;
    }
  }

  clear(): void {
    this.#byAddress.clear();
    this.#byChannel.clear();
  }
}
