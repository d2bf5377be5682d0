/**
 * For each quirk a handshake in which it shows, and what of it the wire shows. The wire is read by hand, header by header,
 * so that a quirk is not believed on the word of the code that makes it.
 */
import type { EndpointConfig, Role } from '../../src/engine/api.ts';
import { type QuirkId, quirks, withQuirks } from '../../src/scenario/index.ts';
import type { DatagramEvent, Trace } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { configured, type Simulated, simulated } from './traces.ts';

export interface RawRecord {
  readonly from: Role;
  readonly at: number;
  readonly type: number;
  readonly epoch: number;
  readonly number: number;
  readonly body: Uint8Array;
  /** Bytes that its length promises and its datagram has not. */
  readonly missing: number;
}
export interface RawFragment {
  readonly from: Role;
  readonly at: number;
  readonly number: number;
  readonly type: number;
  readonly total: number;
  readonly offset: number;
  readonly length: number;
  /** The body of the message from `offset` on. */
  readonly body: Uint8Array;
}

/** What went over the wire, as an observer without keys can read it. */
export class Wire {
  readonly trace: Trace;
  readonly datagrams: readonly (DatagramEvent & { readonly from: Role })[];

  constructor(trace: Trace) {
    this.trace = trace;
    this.datagrams = trace.events.flatMap((event) =>
      event.kind === 'datagram' && event.from !== undefined ? [{ ...event, from: event.from }] : [],
    );
  }

  sent(from: Role): readonly DatagramEvent[] {
    return this.datagrams.filter((datagram) => datagram.from === from);
  }
  sizes(from: Role): number[] {
    return this.sent(from).map(({ bytes }) => bytes.length);
  }
  /** Records with the header of DTLS 1.2, as they stand in datagrams. */
  records(from: Role): RawRecord[] {
    return this.datagrams.flatMap((datagram) => (datagram.from === from ? recordsOf(datagram) : []));
  }
  /** Handshake fragments in the clear. */
  fragments(from: Role, type?: number): RawFragment[] {
    return this.records(from)
      .filter((record) => record.type === 22 && record.epoch === 0 && record.missing === 0)
      .flatMap(fragmentsOf)
      .filter((fragment) => type === undefined || fragment.type === type);
  }
  /** Descriptions of the alerts in the clear. */
  alerts(from: Role): number[] {
    return this.records(from).flatMap(({ type, epoch, body }) => (type === 21 && epoch === 0 ? [body[1] ?? -1] : []));
  }
  /** Alerts as the endpoint says that it sent them, for those under keys. */
  said(from: Role): number[] {
    return this.trace.events.flatMap((event) =>
      event.kind === 'alert' && event.direction === 'sent' && event.actor === from ? [event.description] : [],
    );
  }
  connected(role: Role): boolean {
    return this.trace.events.some((event) => event.kind === 'connected' && event.actor === role);
  }
  /** Numbers of the extensions of a whole hello in the clear. */
  extensions(from: Role): { readonly code: number; readonly body: Uint8Array }[] {
    const type = from === 'client' ? 1 : 2;
    const hello = this.fragments(from, type).find(({ offset, length, total }) => offset === 0 && length === total);
    if (!hello) return [];
    const { body } = hello;
    let at = 34;
    at += 1 + u8(body, at);
    if (from === 'client') {
      at += 1 + u8(body, at);
      at += 2 + u16(body, at);
      at += 1 + u8(body, at);
    } else at += 3;
    at += 2;
    const found: { code: number; body: Uint8Array }[] = [];
    while (at + 4 <= body.length) {
      const length = u16(body, at + 2);
      found.push({ code: u16(body, at), body: body.subarray(at + 4, at + 4 + length) });
      at += 4 + length;
    }
    return found;
  }
}

const u8 = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
const u16 = (bytes: Uint8Array, at: number): number => u8(bytes, at) * 256 + u8(bytes, at + 1);
const u24 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 256 + u8(bytes, at + 2);

function recordsOf({ from, at: time, bytes }: DatagramEvent & { readonly from: Role }): RawRecord[] {
  const records: RawRecord[] = [];
  for (let at = 0; at + 13 <= bytes.length && u8(bytes, at) >= 20 && u8(bytes, at) <= 26; ) {
    const length = u16(bytes, at + 11);
    const end = at + 13 + length;
    const missing = Math.max(0, end - bytes.length);
    const body = bytes.subarray(at + 13, end);
    const number = u24(bytes, at + 5) * 2 ** 24 + u24(bytes, at + 8);
    records.push({ from, at: time, type: u8(bytes, at), epoch: u16(bytes, at + 3), number, body, missing });
    at = end;
  }
  return records;
}

function fragmentsOf({ from, at: time, number, body }: RawRecord): RawFragment[] {
  const fragments: RawFragment[] = [];
  for (let at = 0; at + 12 <= body.length; ) {
    const length = u24(body, at + 9);
    fragments.push({
      from,
      at: time,
      number,
      type: u8(body, at),
      total: u24(body, at + 1),
      offset: u24(body, at + 6),
      length,
      body: body.subarray(at + 12, at + 12 + length),
    });
    at += 12 + length;
  }
  return fragments;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const distinct = (items: readonly unknown[]): number => new Set(items).size;
/** Of the same side, and not the first of its kind. */
const twice = (items: readonly string[]): boolean => distinct(items) < items.length;

/** Certificate of some 3.7 KB. */
const long = bundledTestCredential('chain-3700');

export interface QuirkCase {
  readonly end: Role;
  /** 1.2 unless said. */
  readonly version?: '1.3' | 'both';
  /** Settings of the end with the quirk, and of the other one. */
  readonly own?: Partial<EndpointConfig>;
  readonly other?: Partial<EndpointConfig>;
  readonly rules?: readonly string[];
  readonly timeoutMs?: number;
  readonly lingerMs?: number;
  /** What the line of the quirk says, seen on the wire. */
  readonly shows: (wire: Wire) => boolean;
}

export const quirkCases: Readonly<Record<QuirkId, QuirkCase>> = {
  'no-retransmission': {
    end: 'client',
    rules: ['out:loss=100%'],
    timeoutMs: 20_000,
    shows: (wire) => wire.sent('client').length === 1,
  },
  'last-flight-once': {
    end: 'server',
    rules: ['in:drop=finished#1'],
    timeoutMs: 20_000,
    shows: (wire) => wire.records('server').filter(({ type }) => type === 20).length === 1,
  },
  'finished-ack-once': {
    end: 'server',
    version: '1.3',
    // Two datagrams of its flight, and then its first ACK.
    rules: ['in:drop=3'],
    lingerMs: 20_000,
    timeoutMs: 10_000,
    shows: (wire) => wire.sent('client').length > 4 && wire.sent('server').length === 3,
  },
  'storm-after-finished': {
    end: 'client',
    timeoutMs: 5000,
    shows: (wire) => wire.records('client').filter(({ type }) => type === 20).length > 20,
  },
  'timer-at-once': {
    end: 'client',
    rules: ['out:loss=100%'],
    timeoutMs: 5000,
    shows: (wire) => wire.sent('client').filter(({ at }) => at < 1000).length > 10,
  },
  'rto-below-rtt': {
    end: 'client',
    rules: ['delay=30ms'],
    shows: (wire) => wire.fragments('client', 1).filter(({ at }) => at < 60).length > 1,
  },
  'junk-on-timeout': {
    end: 'server',
    other: { retransmission: { start: 9000, growth: 2, cap: 60_000, attempts: 3 } },
    rules: ['in:drop=1'],
    timeoutMs: 5000,
    shows: (wire) => wire.records('server').some(({ type, body }) => type === 22 && body[0] === 0xee),
  },

  'flight-in-one-datagram': {
    end: 'server',
    own: { credentials: [long] },
    shows: (wire) => Math.max(...wire.sizes('server')) > 1472,
  },
  'record-cut': {
    end: 'server',
    own: { credentials: [long], mtu: 300 },
    timeoutMs: 5000,
    shows: (wire) => wire.records('server').some(({ missing }) => missing > 0),
  },
  'record-per-datagram': {
    end: 'server',
    shows: (wire) => wire.records('server').length === wire.sent('server').length,
  },
  'tiny-fragments': {
    end: 'server',
    own: { credentials: [long] },
    shows: (wire) => Math.max(...wire.sizes('server')) <= 228 && wire.sent('server').length > 16,
  },
  'mtu-ignored': {
    end: 'server',
    own: { credentials: [long], mtu: 600 },
    rules: ['in:mtu=1000'],
    timeoutMs: 20_000,
    shows: (wire) => Math.max(...wire.sizes('server')) === 1397,
  },
  'no-pmtu-backoff': {
    end: 'server',
    own: { credentials: [long], mtu: 1400 },
    rules: ['in:mtu=1000'],
    timeoutMs: 20_000,
    shows: (wire) => wire.sent('server').some(({ at, bytes }) => at > 5000 && bytes.length > 1000),
  },
  'refragmented-resend': {
    end: 'server',
    own: { credentials: [long] },
    rules: ['in:drop=certificate@1500#1'],
    shows: (wire) => distinct(wire.fragments('server', 11).map(({ offset, length }) => `${offset} ${length}`)) > 4,
  },
  'same-record-numbers': {
    end: 'client',
    rules: ['out:drop=1'],
    shows: (wire) => twice(wire.sent('client').map(({ bytes }) => hex(bytes))),
  },
  'number-per-message': {
    end: 'server',
    own: { credentials: [long] },
    shows: (wire) => twice(wire.records('server').map(({ epoch, number }) => `${epoch} ${number}`)),
  },
  'number-after-cookie': {
    end: 'server',
    own: { cookie: true },
    shows: (wire) => wire.fragments('server', 2)[0]?.number === wire.fragments('server', 3)[0]?.number,
  },

  'hello-in-one-piece': {
    end: 'server',
    other: { mtu: 120 },
    timeoutMs: 20_000,
    shows: (wire) => wire.fragments('client', 1).length > 2 && wire.sent('server').length === 0,
  },
  'cookie-hello-in-one-piece': {
    end: 'server',
    own: { cookie: true },
    other: { mtu: 120 },
    timeoutMs: 20_000,
    shows: (wire) => wire.fragments('server', 3).length > 0 && wire.fragments('server', 2).length === 0,
  },
  'version-from-first-fragment': {
    end: 'server',
    version: 'both',
    other: { mtu: 120 },
    // A Certificate in the clear is one of DTLS 1.2.
    shows: (wire) => wire.fragments('server', 11).length > 0,
  },
  'in-order-only': {
    end: 'client',
    other: { credentials: [long], mtu: 600 },
    rules: ['in:delay=certificate@0#1,by=100ms'],
    shows: (wire) => wire.fragments('server', 11).filter(({ offset }) => offset === 0).length > 1,
  },
  'stable-borders-only': {
    end: 'client',
    other: { credentials: [long], mtuSteps: [{ fromRetransmission: 1, mtu: 700 }] },
    rules: ['in:drop=certificate@1500#1'],
    timeoutMs: 30_000,
    shows: (wire) => wire.fragments('client', 16).length === 0,
  },
  'first-message-only': {
    end: 'client',
    version: '1.3',
    other: { filledRecords: true },
    timeoutMs: 10_000,
    shows: (wire) => !wire.connected('client'),
  },
  'buffer-1600': {
    end: 'client',
    other: { credentials: [long], packing: 'flight' },
    timeoutMs: 10_000,
    shows: (wire) => wire.fragments('client', 16).length === 0,
  },
  'stun-fatal': {
    end: 'client',
    shows: (wire) => wire.alerts('client').includes(10),
  },
  'unknown-sigalg-fatal': {
    end: 'server',
    // SHA-256 with DSA.
    other: { signatureSchemes: [0x0403, 0x0804, 0x0402] },
    shows: (wire) => wire.alerts('server').includes(50),
  },
  'certificate-expired': {
    end: 'client',
    shows: (wire) => wire.alerts('client').includes(45),
  },

  'cookie-renewed': {
    end: 'server',
    own: { cookie: true },
    rules: ['delay=700ms'],
    shows: (wire) => distinct(wire.fragments('server', 3).map(({ body }) => hex(body))) > 1,
  },
  'cookie-once': {
    end: 'server',
    own: { cookie: true },
    rules: ['in:drop=1'],
    timeoutMs: 20_000,
    shows: (wire) => wire.fragments('client', 1).length > 3 && wire.fragments('server', 3).length === 1,
  },
  'strict-hello-verify': {
    end: 'client',
    other: { cookie: true },
    shows: (wire) => wire.alerts('client').includes(70),
  },
  'hello-answered-anew': {
    end: 'server',
    rules: ['delay=700ms'],
    shows: (wire) => distinct(wire.fragments('server', 2).map(({ body }) => hex(body.subarray(2, 34)))) > 1,
  },

  'wrong-finished': { end: 'server', shows: (wire) => wire.said('client').includes(51) },
  'wrong-signature': { end: 'server', shows: (wire) => wire.alerts('client').includes(51) },
  'hashed-twice': {
    end: 'client',
    own: { retransmission: { start: 9000, growth: 2, cap: 60_000, attempts: 3 } },
    rules: ['out:drop=client_key_exchange#1'],
    timeoutMs: 20_000,
    shows: (wire) => wire.said('client').includes(51),
  },
  'wrong-keys': {
    end: 'server',
    timeoutMs: 10_000,
    shows: (wire) => wire.records('client').filter(({ type }) => type === 20).length > 1,
  },
  'tls13-labels': {
    end: 'server',
    version: '1.3',
    timeoutMs: 10_000,
    // All that the client has to say are ACKs, each with one record number more, of 16 bytes.
    shows: (wire) => wire.sizes('client').slice(2, 4).join() === '40,56',
  },
  'empty-authorities': {
    end: 'server',
    version: '1.3',
    own: { clientAuth: 'request' },
    shows: (wire) => wire.said('client').includes(50),
  },
  'no-ecdsa-sign': {
    end: 'server',
    own: { clientAuth: 'request' },
    shows: (wire) => {
      const body = wire.fragments('server', 13)[0]?.body ?? new Uint8Array(0);
      return !body.subarray(1, 1 + u8(body, 0)).includes(64);
    },
  },

  'dtls-1.0': {
    end: 'server',
    shows: (wire) => wire.fragments('server', 2).some(({ body }) => u16(body, 0) === 0xfeff),
  },
  'no-use-srtp': { end: 'server', shows: (wire) => wire.extensions('server').every(({ code }) => code !== 14) },
  'no-common-srtp': {
    end: 'client',
    shows: (wire) =>
      wire.extensions('client').some(({ code, body }) => code === 14 && hex(body.subarray(0, 4)) === '00020005'),
  },
  'no-common-group': { end: 'server', shows: (wire) => wire.alerts('server').includes(40) },
  'suite-for-other-key': {
    end: 'server',
    own: { credentials: [bundledTestCredential('ecdsa-p256-b')] },
    shows: (wire) => wire.alerts('server').includes(40),
  },
  'no-ems': { end: 'server', shows: (wire) => wire.extensions('server').every(({ code }) => code !== 23) },
  'ems-required': {
    end: 'client',
    other: { extendedMasterSecret: 'off' },
    shows: (wire) => wire.alerts('client').includes(40),
  },
  'empty-certificate': {
    end: 'client',
    other: { clientAuth: 'request' },
    shows: (wire) => wire.fragments('client', 11).some(({ total }) => total === 3),
  },
  'wrong-fingerprint': { end: 'server', shows: (wire) => wire.alerts('client').includes(42) },

  'both-active': { end: 'server', shows: (wire) => wire.fragments('server', 1).length > 0 },
  'both-passive': { end: 'client', timeoutMs: 10_000, shows: (wire) => wire.sent('client').length === 0 },
  'begins-anew': {
    end: 'client',
    shows: (wire) => distinct(wire.fragments('client', 1).map(({ body }) => hex(body.subarray(2, 34)))) === 2,
  },
  'live-hello-ignored': { end: 'server', shows: (wire) => wire.fragments('server', 2).length === 1 },
  'role-switch': { end: 'server', shows: (wire) => wire.fragments('server', 1).length > 0 },
};

/** The handshake of a case, with its quirk or without. */
export function traceOfQuirk(id: QuirkId, having: boolean): Trace {
  const { end, version, own, other, rules = [], timeoutMs, lingerMs } = quirkCases[id];
  const versions =
    version === 'both' ? (['1.3', '1.2'] as const) : version === '1.3' ? (['1.3'] as const) : (['1.2'] as const);
  const role = (of: Role): EndpointConfig => configured(of, { versions, ...(of === end ? own : other) });
  const broken = having ? withQuirks(role(end), [id]) : role(end);
  const whole = role(end === 'client' ? 'server' : 'client');
  const spec: Simulated = {
    client: end === 'client' ? broken : whole,
    server: end === 'client' ? whole : broken,
    rules: rules.some((rule) => /^(in:|out:)?delay=\d/.test(rule) && !rule.includes('by='))
      ? rules
      : ['delay=10ms', ...rules],
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(lingerMs !== undefined && { lingerMs }),
  };
  return simulated(spec);
}

/** Those that a simulation shows: signalling, listeners and foreign datagrams have tests of their own. */
export const simulatedQuirks = (Object.keys(quirkCases) as QuirkId[]).filter(
  (id) => id !== 'stun-fatal' && !quirks[id].listens && quirks[id].announces === undefined,
);
