/**
 * TURN as a capture shows it: which peer a channel is bound to, which address a relay lent. With that, what a client and its
 * relay wrap (ChannelData, Send and Data indications; RFC 8656 §11, §12) is the datagram between client and peer again. A
 * channel whose binding came before the capture has a name instead of an address.
 */
import type { Address, DatagramEvent, PathEvent } from '../trace/model.ts';
import type { TurnFact } from '../trace/pathFacts.ts';
import { channelHeaderLength, firstChannel, lastChannel } from '../wire/channelData.ts';
import type { Wrapping } from './facts.ts';
import { StunMethod, type StunScan, stunText, transactionKey } from './stunScan.ts';

/** A datagram taken out of what carried it. */
export interface Unwrapped {
  readonly event: DatagramEvent;
  readonly wrapping: Wrapping;
}

/** Clients of relays, channels of one, and facts of one that are kept. */
const mostClients = 10_000;
const mostChannels = 4096;
const mostFacts = 200;

interface Client {
  readonly relay: Address;
  readonly channels: Map<number, Address>;
  readonly facts: PathEvent[];
  readonly peers: Set<string>;
}

export class Relays {
  readonly #clients = new Map<Address, Client>();
  /** Requests that wait for their answer, by transaction: a channel counts when the relay agrees. */
  readonly #asked = new Map<number, { readonly channel: number; readonly peer: Address; readonly by: Address }>();

  /** Takes a STUN message of TURN's methods; the answer is what it carries. */
  take(event: DatagramEvent, seen: StunScan): Unwrapped | undefined {
    const { src, dst, at } = event;
    const { peer, data, channel } = seen;
    if (seen.method === StunMethod.send && peer !== undefined && data)
      return this.#unwrap(event, src, dst, peer, data, 'Send indication');
    if (seen.method === StunMethod.data && peer !== undefined && data)
      return this.#unwrap(event, dst, src, peer, data, 'Data indication');
    if (seen.method === StunMethod.channel && seen.cls === 'request' && peer !== undefined) {
      if (channel !== undefined && this.#asked.size < mostChannels)
        this.#asked.set(transactionKey(seen), { channel, peer, by: src });
    } else if (seen.method === StunMethod.channel && seen.cls === 'success') {
      const asked = this.#asked.get(transactionKey(seen));
      this.#asked.delete(transactionKey(seen));
      if (asked?.by === dst) this.#bind(event, asked.channel, asked.peer);
    } else if (seen.method === StunMethod.allocate && seen.cls === 'success' && seen.relayed !== undefined) {
      const { relayed, mapped, lifetime } = seen;
      const software = seen.software && stunText(event.bytes, seen.software);
      const fact = { kind: 'allocated', server: src, relayed, mapped, lifetimeS: lifetime ?? 0, software } as const;
      this.#fact(dst, src, at, fact);
    } else if (seen.cls === 'error' && seen.method >= StunMethod.allocate && seen.error !== 401 && seen.error !== 438) {
      const during = methodNames[seen.method] ?? 'a request';
      const why = `the relay ${src} refuses ${during}: ${seen.error ?? '?'} ${seen.reason ?? ''}`.trimEnd();
      this.#fact(dst, src, at, { kind: 'failed', code: `${seen.error ?? 'error'}`, during, why, fix: '' });
    }
    return undefined;
  }

  /** What a datagram with ChannelData's first byte carries; undefined when it is something else. */
  channelData(event: DatagramEvent): Unwrapped | undefined {
    const { bytes, length, src, dst } = event;
    const u16 = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const channel = u16(0);
    const end = channelHeaderLength + u16(2);
    if (bytes.length < channelHeaderLength || channel < firstChannel || channel > lastChannel) return undefined;
    // Over UDP it may be padded, and nothing else stands behind it (RFC 8656 §12.5).
    if (end > length || length - end > 3) return undefined;
    const fromRelay = this.#clients.get(dst)?.channels.get(channel);
    const toRelay = this.#clients.get(src)?.channels.get(channel);
    const range = [channelHeaderLength, Math.min(end, bytes.length)] as const;
    const cut = end - channelHeaderLength;
    if (fromRelay !== undefined) return this.#unwrap(event, dst, src, fromRelay, range, 'ChannelData', cut);
    // Nobody told who is behind the channel, so nobody told who is the client either: both ends are known as they are.
    const peer = toRelay ?? `channel-0x${channel.toString(16)}@${dst}`;
    if (toRelay !== undefined) return this.#unwrap(event, src, dst, peer, range, 'ChannelData', cut);
    return {
      event: { ...event, bytes: bytes.subarray(range[0], range[1]), length: cut, contents: undefined },
      wrapping: { form: 'ChannelData', relay: undefined, start: range[0] },
    };
  }

  /** What is known of the relays of these addresses. */
  facts(addresses: readonly Address[]): readonly PathEvent[] {
    return addresses.flatMap((address) => this.#clients.get(address)?.facts ?? []);
  }

  #bind(event: DatagramEvent, channel: number, peer: Address): void {
    const client = this.#client(event.dst, event.src);
    if (!client || client.channels.size >= mostChannels) return;
    client.channels.set(channel, peer);
    this.#fact(event.dst, event.src, event.at, { kind: 'channel', peer, channel });
  }

  #unwrap(
    event: DatagramEvent,
    client: Address,
    relay: Address,
    peer: Address,
    [start, end]: readonly [number, number],
    form: Wrapping['form'],
    length = end - start,
  ): Unwrapped {
    const out = event.src === client;
    const known = this.#client(client, relay);
    const way = `${form} ${peer}`;
    if (known && known.peers.size < mostChannels && !known.peers.has(way)) {
      known.peers.add(way);
      const bytes = event.length - length;
      const direction = out ? 'sent' : 'received';
      this.#fact(client, relay, event.at, { kind: 'overhead', peer, direction, bytes, form });
    }
    return {
      event: {
        ...event,
        src: out ? client : peer,
        dst: out ? peer : client,
        bytes: event.bytes.subarray(start, end),
        length,
        contents: undefined,
      },
      wrapping: { form, relay, start },
    };
  }

  #client(address: Address, relay: Address): Client | undefined {
    const known = this.#clients.get(address);
    if (known || this.#clients.size >= mostClients) return known;
    const client: Client = { relay, channels: new Map(), facts: [], peers: new Set() };
    this.#clients.set(address, client);
    return client;
  }

  #fact(client: Address, relay: Address, at: number, fact: TurnFact): void {
    const known = this.#client(client, relay);
    if (known && known.facts.length < mostFacts) known.facts.push({ kind: 'turn', at, fact });
  }
}

const methodNames: Readonly<Record<number, string>> = {
  3: 'Allocate',
  4: 'Refresh',
  8: 'CreatePermission',
  9: 'ChannelBind',
};
