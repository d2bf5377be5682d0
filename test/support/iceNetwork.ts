/**
 * ICE agents on a virtual network whose clock jumps to whatever happens next. A network may lose, translate addresses
 * (a NAT with endpoint-independent mapping and filtering by address) and answer as a STUN server does.
 */
import { parseSocketAddress, socketText } from '../../src/base/ip.ts';
import { Prng, type RandomSource } from '../../src/base/random.ts';
import { earlier, type Instant, instant } from '../../src/base/time.ts';
import { tryDecode } from '../../src/codec/codec.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { createIceAgent } from '../../src/ice/agent.ts';
import {
  defaultIceConfig,
  type IceAgent,
  type IceConfig,
  type IceCredentials,
  type IceEvent,
  type IceFailure,
  type IceInput,
  type IceOutput,
  type LocalCandidate,
  type RemoteCandidate,
} from '../../src/ice/api.ts';
import { createLiteAgent } from '../../src/ice/lite.ts';
import { addressBody, classOf, messageType, stunMessage } from '../../src/wire/stun.ts';
import { encodeStun } from '../../src/wire/stunIntegrity.ts';
import { StunMethod } from '../../src/wire/stunRegistry.ts';

export const credentialsOf = (name: string): IceCredentials => ({
  ufrag: `${name}ufrag`,
  pwd: `${name}0123456789password00`.padEnd(24, 'x'),
});

/** What a description would say of a candidate. */
export function announced(candidate: LocalCandidate): RemoteCandidate {
  const address = parseSocketAddress(candidate.address);
  if (!address) throw new Error(`${candidate.address} is no address`);
  return {
    foundation: candidate.foundation,
    component: 1,
    transport: 'udp',
    priority: candidate.priority,
    address: socketText(address.ip, 1).replace(/^\[?([^\]]*?)\]?:1$/, '$1'),
    port: address.port,
    type: candidate.kind,
  };
}

export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly index: number;
}

export interface PeerOptions extends Partial<IceConfig> {
  readonly lite?: boolean;
  readonly seed?: string;
  /** What it draws first: its tie-breaker. */
  readonly tieBreaker?: Uint8Array;
}

/** An agent and everything it said. */
export class Peer {
  readonly name: string;
  readonly agent: IceAgent;
  readonly bases: readonly string[];
  readonly lite: boolean;
  readonly credentials: IceCredentials;
  readonly events: IceEvent[] = [];
  readonly payloads: Extract<IceOutput, { kind: 'payload' }>[] = [];

  constructor(name: string, options: PeerOptions) {
    const { lite = false, seed = name, tieBreaker, ...config } = options;
    const complete: IceConfig = {
      ...defaultIceConfig,
      role: name === 'a' ? 'controlling' : 'controlled',
      local: credentialsOf(name),
      bases: [{ address: name === 'a' ? '192.0.2.1:1000' : '192.0.2.2:2000', kind: 'host' }],
      ...config,
    };
    this.name = name;
    this.lite = lite;
    this.credentials = complete.local;
    this.bases = complete.bases.map(({ address }) => address);
    const prng = new Prng(seed);
    let first = tieBreaker;
    const random: RandomSource = (length) => {
      const drawn = first ?? prng.bytes(length);
      first = undefined;
      return drawn;
    };
    const env = { crypto: nodeProvider, random };
    this.agent = lite ? createLiteAgent(complete, env) : createIceAgent(complete, env);
  }

  of<K extends IceEvent['kind']>(kind: K): Extract<IceEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<IceEvent, { kind: K }> => event.kind === kind);
  }
  get candidates(): LocalCandidate[] {
    return this.of('candidate').map(({ candidate }) => candidate);
  }
  get failure(): IceFailure | undefined {
    return this.of('failed')[0]?.failure;
  }
  get drops(): string[] {
    return this.of('dropped').map(({ reason }) => reason);
  }
  get selected(): string[] {
    return this.of('selected').map(({ pair }) => `${pair.base} ${pair.remote}`);
  }
  /** Requests that it sent as checks, repeats included. */
  get checks(): Extract<IceEvent, { kind: 'stun' }>[] {
    return this.of('stun').filter(({ direction, class: cls }) => direction === 'sent' && cls === 'request');
  }
}

/** Whether a packet arrives, when (ms), and as what. */
export type Fate = (packet: Packet) => readonly { readonly afterMs: number; readonly bytes?: Uint8Array }[];
export const faithful: Fate = () => [{ afterMs: 10 }];
export function losing(probability: number, seed: number): Fate {
  const random = new Prng(seed);
  return () => (random.float() < probability ? [] : [{ afterMs: 5 + random.int(40) }]);
}

/** Everything behind it has this public address; ports stay, and only who was sent to gets in. */
export interface Nat {
  readonly inside: string;
  readonly outside: string;
}

export interface NetworkOptions {
  readonly fate?: Fate;
  readonly nats?: readonly Nat[];
  /** Answers Binding requests. */
  readonly stunServer?: string;
}

interface Arrival {
  readonly at: number;
  readonly order: number;
  readonly packet: Packet;
}

export class Network {
  readonly peers: readonly Peer[];
  readonly packets: Packet[] = [];
  /** Datagrams to addresses where nobody is. */
  readonly astray: Packet[] = [];
  readonly #options: NetworkOptions;
  #arrivals: Arrival[] = [];
  #order = 0;
  #now = 0;
  /** Who a host behind a NAT has sent to. */
  readonly #opened = new Set<string>();

  constructor(peers: readonly Peer[], options: NetworkOptions = {}) {
    this.peers = peers;
    this.#options = options;
  }

  get now(): Instant {
    return instant(this.#now);
  }

  input(peer: Peer, input: IceInput): void {
    peer.agent.handle(input, this.now);
    for (;;) {
      const output = peer.agent.poll();
      if (output.kind === 'wait') return;
      if (output.kind === 'event') peer.events.push(output.event);
      else if (output.kind === 'payload') peer.payloads.push(output);
      else this.send(output.base, output.to, output.bytes);
    }
  }

  /** Puts a datagram on the network, whoever it is from. */
  send(from: string, to: string, bytes: Uint8Array): void {
    const nat = this.#options.nats?.find(({ inside }) => from.startsWith(`${inside}:`));
    if (nat) this.#opened.add(`${from} ${to}`);
    const seenFrom = nat ? from.replace(nat.inside, nat.outside) : from;
    const packet: Packet = { from: seenFrom, to, bytes, at: this.#now, index: this.packets.length };
    this.packets.push(packet);
    for (const { afterMs, bytes: changed } of (this.#options.fate ?? faithful)(packet))
      this.#arrivals.push({
        at: this.#now + afterMs,
        order: this.#order++,
        packet: { ...packet, bytes: changed ?? bytes },
      });
  }

  /** Runs until something is so, nothing is left to happen, or the time (ms) is up. */
  run(until: () => boolean = () => false, limitMs = 60_000): void {
    for (let steps = 0; !until(); steps++) {
      if (steps > 200_000) throw new Error('an agent never comes to rest');
      let next: Instant | undefined;
      for (const { agent } of this.peers) {
        const output = agent.poll();
        if (output.kind !== 'wait') throw new Error('an output was left behind');
        next = earlier(next, output.until);
      }
      for (const { at } of this.#arrivals) next = earlier(next, instant(at));
      if (next === undefined || next > limitMs) {
        if (limitMs !== Number.POSITIVE_INFINITY) this.#now = Math.max(this.#now, Math.min(limitMs, next ?? limitMs));
        return;
      }
      this.#now = Math.max(this.#now, next);
      const due = this.#arrivals.filter(({ at }) => at <= this.#now).sort((x, y) => x.at - y.at || x.order - y.order);
      this.#arrivals = this.#arrivals.filter(({ at }) => at > this.#now);
      for (const { packet } of due) this.#deliver(packet);
      for (const peer of this.peers) {
        const output = peer.agent.poll();
        if (output.kind === 'wait' && output.until !== undefined && output.until <= this.#now)
          this.input(peer, { kind: 'timeout' });
      }
    }
  }

  #deliver(packet: Packet): void {
    const { from, bytes } = packet;
    let { to } = packet;
    if (to === this.#options.stunServer) {
      this.#serveStun(packet);
      return;
    }
    const nat = this.#options.nats?.find(({ outside }) => to.startsWith(`${outside}:`));
    if (nat) {
      to = to.replace(nat.outside, nat.inside);
      const ip = (address: string): string => address.slice(0, address.lastIndexOf(':'));
      const open = [...this.#opened].some((flow) => {
        const [inside = '', remote = ''] = flow.split(' ');
        return inside === to && ip(remote) === ip(from);
      });
      if (!open) return;
    }
    const peer = this.peers.find(({ bases }) => bases.includes(to));
    if (peer) this.input(peer, { kind: 'datagram', bytes, from, on: to });
    else this.astray.push(packet);
  }

  #serveStun({ from, to, bytes }: Packet): void {
    const decoded = tryDecode(stunMessage, bytes);
    const address = parseSocketAddress(from);
    if (!decoded.ok || classOf(decoded.value.message_type) !== 'request' || !address) return;
    const { transaction_id } = decoded.value;
    const message_type = messageType(StunMethod.binding, 'success');
    const attributes = [{ kind: 'XOR-MAPPED-ADDRESS', body: addressBody(address) }] as const;
    this.send(to, from, encodeStun({ message_type, transaction_id, attributes }));
  }

  /** Starts both, and tells each of the other, candidates as they come (those of `start` at once). */
  introduce(a: Peer, b: Peer): void {
    for (const peer of [a, b]) this.input(peer, { kind: 'start' });
    for (const [peer, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.input(peer, { kind: 'remote', credentials: other.credentials, lite: other.lite });
      for (const candidate of other.candidates)
        this.input(peer, { kind: 'remote-candidate', candidate: announced(candidate) });
    }
  }
}

/** Two agents that know each other, on one network. */
export function introduced(
  a: PeerOptions = {},
  b: PeerOptions = {},
  options: NetworkOptions = {},
): { readonly a: Peer; readonly b: Peer; readonly network: Network } {
  const peers = { a: new Peer('a', a), b: new Peer('b', b) };
  const network = new Network([peers.a, peers.b], options);
  network.introduce(peers.a, peers.b);
  return { ...peers, network };
}

export const bothCompleted = (a: Peer, b: Peer) => (): boolean =>
  a.agent.state === 'completed' && b.agent.state === 'completed';
