/**
 * The least of a WebRTC gateway: one of our ICE agents, our DTLS endpoint and a little SCTP behind one UDP socket, with an SDP
 * answer for whoever offers a data channel; what it hears there, it repeats. Real time, real datagrams; for tests against browsers.
 */
import { webcrypto } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { toHex } from '../../src/base/bytes.ts';
import { parseSocketAddress, socketText } from '../../src/base/ip.ts';
import type { RandomSource } from '../../src/base/random.ts';
import { type Instant, instant } from '../../src/base/time.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import {
  createEndpoint,
  defaultConfig,
  type Endpoint,
  type EndpointConfig,
  type EngineEvent,
  type Input,
} from '../../src/engine/index.ts';
import { createIceAgent } from '../../src/ice/agent.ts';
import {
  defaultIceConfig,
  type IceAgent,
  type IceConfig,
  type IceEvent,
  type IceInput,
  type LocalCandidate,
} from '../../src/ice/api.ts';
import { createLiteAgent } from '../../src/ice/lite.ts';
import { readDescription, usableFingerprints, writeAnswer } from '../../src/ice/sdp.ts';
import { classify } from '../../src/wire/demux.ts';
import { fingerprintOf } from '../../src/x509/fingerprint.ts';
import { credential } from './credentials.ts';
import { DataChannels } from './dataChannel.ts';

export interface PeerOptions {
  /** Where it listens: an address that the browser reaches. */
  readonly host: string;
  /** Our part of the DTLS handshake: `active` is the client. */
  readonly setup: 'active' | 'passive';
  readonly config?: Partial<EndpointConfig>;
  /** Which ICE agent is in front of it; lite when absent. */
  readonly ice?: 'full' | 'lite';
  /** What it gets wrong on purpose. */
  readonly fault?: PeerFault;
}

export type PeerFault =
  /** It never says a word of DTLS. */
  | 'no-dtls'
  /** What it sends of one kind leaves from another port, where nobody listens. */
  | 'stun-from-elsewhere'
  | 'dtls-from-elsewhere'
  /** As a DTLS client it begins with the first check that comes, before that is answered. */
  | 'early-hello';

export class WebrtcPeer {
  readonly channels: DataChannels;
  readonly iceEvents: IceEvent[] = [];
  readonly events: EngineEvent[] = [];
  /** First bytes of payloads that were not for DTLS. */
  readonly strays: string[] = [];
  /** What our agent measured, ms; nothing when it is lite. */
  get rtt(): number | undefined {
    return this.#ice.rtt;
  }
  get iceState(): IceAgent['state'] {
    return this.#ice.state;
  }
  /** Sizes of the browser's DTLS datagrams, in order. */
  readonly received: number[] = [];
  readonly #options: PeerOptions;
  readonly #socket: Socket;
  /** Another port. */
  readonly #elsewhere: Socket;
  readonly #address: string;
  readonly #ice: IceAgent;
  /** DTLS of before there was a path. */
  readonly #unsent: Uint8Array[] = [];
  readonly #local = { ufrag: 'dtlscope', pwd: toHex(random(16)) };
  #endpoint: Endpoint | undefined;
  #config: EndpointConfig | undefined;
  #timers: { ice: NodeJS.Timeout | undefined; dtls: NodeJS.Timeout | undefined } = { ice: undefined, dtls: undefined };
  #stopped = false;

  private constructor(options: PeerOptions, socket: Socket, elsewhere: Socket) {
    this.#options = options;
    this.#socket = socket;
    this.#elsewhere = elsewhere;
    const { address, port } = socket.address();
    this.#address = `${address}:${port}`;
    const bases = [{ address: this.#address, kind: 'host' }] as const;
    const create = options.ice === 'full' ? createIceAgent : createLiteAgent;
    // Whoever answers is controlled (RFC 8445 §6.1.1).
    const config: IceConfig = { ...defaultIceConfig, role: 'controlled', local: this.#local, bases };
    this.#ice = create(config, { crypto: nodeProvider, random });
    this.channels = new DataChannels((bytes) => this.#dtls({ kind: 'send', bytes }));
    this.channels.onMessage = (text) => this.channels.say(`heard: ${text}`);
    socket.on('message', (bytes, { address: ip, port: from }) => {
      const copied = new Uint8Array(bytes);
      if (options.fault === 'early-hello' && options.setup === 'active') this.#beginEarly(`${ip}:${from}`);
      this.#agent({ kind: 'datagram', bytes: copied, from: `${ip}:${from}`, on: this.#address });
    });
  }

  static async start(options: PeerOptions): Promise<WebrtcPeer> {
    const [socket, elsewhere] = [createSocket('udp4'), createSocket('udp4')];
    for (const one of [socket, elsewhere]) {
      one.bind(0, options.host);
      await once(one, 'listening');
    }
    const peer = new WebrtcPeer(options, socket, elsewhere);
    peer.#agent({ kind: 'start' });
    return peer;
  }

  /** Our answer to an offer with a data channel, after which the handshake may begin. */
  async answer(offer: string): Promise<string> {
    const own = await credential('ecdsa-p256');
    const description = readDescription(offer, 'offer');
    const [transport] = description.transports;
    const { ufrag, pwd } = transport ?? {};
    if (!transport || !ufrag || !pwd) throw new Error(`nothing to connect to in:\n${offer}`);
    const { setup, config } = this.#options;
    const role = setup === 'active' ? 'client' : 'server';
    this.#config = {
      ...defaultConfig(role),
      clientAuth: 'require',
      credentials: [own],
      trust: { kind: 'fingerprints', fingerprints: usableFingerprints(transport.fingerprints) },
      retransmission: { start: 400, growth: 2, cap: 60_000, attempts: 6 },
      ...config,
      role,
    };
    if (role === 'server') this.#begin('nobody');
    this.#agent({ kind: 'remote', credentials: { ufrag: ufrag.value, pwd: pwd.value }, lite: false });
    for (const candidate of transport.candidates) this.#agent({ kind: 'remote-candidate', candidate });

    const [leaf] = own.chain;
    if (!leaf) throw new Error('no certificate');
    const written = writeAnswer(
      description,
      {
        ...this.#local,
        fingerprints: [{ hash: 'sha256', value: fingerprintOf(leaf, 'sha256', nodeProvider).value }],
        candidates: this.#candidates.map(announced),
        trickle: false,
        lite: this.#options.ice !== 'full',
        sessionId: '4611686018427387904',
      },
      setup,
    );
    if (!written.ok) throw new Error(written.why);
    return written.sdp;
  }

  get #candidates(): LocalCandidate[] {
    return this.iceEvents.flatMap((event) => (event.kind === 'candidate' ? [event.candidate] : []));
  }

  #begin(peer: string): void {
    if (this.#endpoint || !this.#config || this.#options.fault === 'no-dtls') return;
    this.#endpoint = createEndpoint(this.#config, { crypto: nodeProvider, random, peer });
    this.#dtls({ kind: 'start' });
  }

  #agent(input: IceInput): void {
    if (this.#stopped) return;
    this.#ice.handle(input, now());
    for (;;) {
      const output = this.#ice.poll();
      if (output.kind === 'wait') {
        this.#wake('ice', output.until, () => this.#agent({ kind: 'timeout' }));
        break;
      }
      if (output.kind === 'event') {
        this.iceEvents.push(output.event);
        // Nobody says hello before ICE has found the way.
        if (output.event.kind === 'selected' && this.#options.setup === 'active') this.#begin(output.event.pair.remote);
      } else if (output.kind === 'transmit') {
        this.#transmit(output.bytes, output.to);
      } else if (output.protocol !== 'dtls') {
        this.strays.push(toHex(output.bytes.subarray(0, 2)));
      } else {
        this.received.push(output.bytes.length);
        this.#dtls({ kind: 'datagram', bytes: output.bytes, from: output.from });
      }
    }
  }

  #transmit(bytes: Uint8Array, address: string): void {
    const to = parseSocketAddress(address);
    const astray = this.#options.fault === `${classify(bytes) === 'stun' ? 'stun' : 'dtls'}-from-elsewhere`;
    if (to) (astray ? this.#elsewhere : this.#socket).send(bytes, to.port, to.ip.join('.'));
  }

  /** The first flight, past ICE. */
  #beginEarly(peer: string): void {
    if (this.#endpoint) return;
    this.#begin(peer);
    for (const bytes of this.#unsent.splice(0)) this.#transmit(bytes, peer);
  }

  #dtls(input: Input): void {
    const endpoint = this.#endpoint;
    if (!endpoint || this.#stopped) return;
    endpoint.handle(input, now());
    for (;;) {
      const output = endpoint.poll();
      if (output.kind === 'wait') {
        this.#wake('dtls', output.until, () => this.#dtls({ kind: 'timeout' }));
        return;
      }
      if (output.kind === 'transmit') {
        if (this.#ice.route || this.#options.fault !== 'early-hello')
          this.#agent({ kind: 'send', bytes: output.bytes });
        else this.#unsent.push(output.bytes);
      } else {
        this.events.push(output.event);
        if (output.event.kind === 'data') this.channels.receive(output.event.bytes);
      }
    }
  }

  #wake(which: 'ice' | 'dtls', until: Instant | undefined, wake: () => void): void {
    clearTimeout(this.#timers[which]);
    if (until !== undefined) this.#timers[which] = setTimeout(wake, Math.max(0, until - now()));
  }

  async stop(): Promise<void> {
    this.#dtls({ kind: 'close' });
    this.#stopped = true;
    clearTimeout(this.#timers.ice);
    clearTimeout(this.#timers.dtls);
    for (const socket of [this.#socket, this.#elsewhere]) await new Promise<void>((done) => socket.close(() => done()));
  }
}

const random: RandomSource = (length) => webcrypto.getRandomValues(new Uint8Array(length));
const now = (): Instant => instant(performance.now());

function announced({ foundation, priority, address }: LocalCandidate) {
  const at = parseSocketAddress(address);
  if (!at) throw new Error(`${address} is no address`);
  const ip = socketText(at.ip, at.port).split(':')[0] ?? '';
  return { foundation, component: 1, transport: 'udp', priority, address: ip, port: at.port, type: 'host' };
}
