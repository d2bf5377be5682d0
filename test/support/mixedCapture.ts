/**
 * A capture as a gateway's operator takes one: many calls at once, each with its ICE checks, its handshake, SRTP both ways and
 * consent checks for as long as it lasts. Made from a seed, with the keys of all handshakes, so that there is no packet in it
 * that anybody has to keep secret.
 */
import { concat, uintBytes, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import type { Address, DatagramEvent, Trace, TraceEvent } from '../../src/trace/model.ts';
import { messageType, type StunAttribute } from '../../src/wire/stun.ts';
import { encodeStun } from '../../src/wire/stunIntegrity.ts';
import { captureHeader, simulated } from './traces.ts';

export interface MixedOptions {
  readonly calls: number;
  /** Media packets and STUN messages of one call. */
  readonly media: number;
  readonly stun: number;
  /** Messages over the data channel of one call, each of which comes back; none unless said. */
  readonly data?: number;
  readonly version?: '1.2' | '1.3';
  readonly seed: number;
}

/** 100,000 packets: 75,000 of media, 24,000 of STUN and 97 handshakes. */
export const hundredThousand: MixedOptions = { calls: 97, media: 773, stun: 248, seed: 1 };

const callEveryMs = 400;
const callLastsMs = 20_000;

/** 100,000 packets of which a third each is media, STUN and records of a data channel. */
export const withData = (version: '1.2' | '1.3'): MixedOptions => ({
  ...{ calls: 2, media: 16_650, stun: 16_650, data: 8325, version, seed: 1 },
});

/** The trace of such a capture, in order of time; frames are numbered from 1. */
export function mixedTrace({ calls, media, stun, data = 0, version = '1.2', seed }: MixedOptions): Trace {
  const random = new Prng(seed);
  const events: TraceEvent[] = [];
  for (let call = 0; call < calls; call++) {
    const start = call * callEveryMs;
    const client = `10.${(call >> 8) & 255}.${call & 255}.7:${40_000 + call}`;
    const server = '198.51.100.1:4433';
    const add = (at: number, sent: boolean, bytes: Uint8Array): void => {
      events.push(datagram(start + at, sent ? client : server, sent ? server : client, bytes));
    };
    checks(stun, client, server, random, add);
    const handshake = simulated({
      seed: seed * 1000 + call,
      rules: call % 8 === 7 ? ['drop=certificate#1'] : [],
      client: { versions: [version] },
      server: { versions: [version] },
      steps: Array.from({ length: data }, (_, i) => `send=${100 + ((i * 37) % 900)}`),
    });
    let talks = false;
    let records = 0;
    for (const event of handshake.events) {
      if (event.kind === 'secret') events.push({ ...event, at: 0 });
      if (event.kind === 'step') talks = true;
      if (event.kind !== 'datagram') continue;
      // The simulation sends all of it at once.
      const at = talks ? 1500 + (records++ * callLastsMs) / (2 * data) : 100 + event.at;
      add(at, event.from === 'client', event.bytes);
    }
    for (let i = 0; i < media; i++) {
      const sent = i % 2 === 0;
      const header = concat(Uint8Array.of(0x80, i % 10 === 9 ? 200 : 111), uintBytes(i, 2), uintBytes(i * 960, 4));
      const ssrc = uintBytes(call * 2 + (sent ? 1 : 2), 4);
      add(1500 + (i * callLastsMs) / media, sent, concat(header, ssrc, random.bytes(60 + (i % 5) * 90)));
    }
  }
  events.sort((a, b) => a.at - b.at);
  let packet = 0;
  return {
    header: captureHeader,
    events: events.map((event) => (event.kind === 'datagram' ? { ...event, packet: ++packet } : event)),
  };
}

const datagram = (at: number, src: Address, dst: Address, bytes: Uint8Array): DatagramEvent => ({
  ...{ kind: 'datagram', at, packet: 0, src, dst, from: undefined, bytes, length: bytes.length, contents: undefined },
});

/** Checks of both agents and their answers; the client's second one nominates, and all later ones keep consent. */
function checks(
  count: number,
  client: Address,
  server: Address,
  random: Prng,
  add: (at: number, sent: boolean, bytes: Uint8Array) => void,
): void {
  const [theirs, ours] = [client.replaceAll(/\D/g, '').slice(-8), server.replaceAll(/\D/g, '').slice(-8)];
  const tieBreaker = random.bytes(8);
  const proof: StunAttribute = { kind: 'MESSAGE-INTEGRITY', body: { hmac: random.bytes(20) } };
  for (let i = 0; i * 2 < count; i++) {
    const sent = i % 2 === 0;
    const at = i < 4 ? i * 20 : 120 + (i * callLastsMs * 2) / count;
    const transaction_id = random.bytes(12);
    const request: StunAttribute[] = [
      { kind: 'USERNAME', body: utf8(sent ? `${ours}:${theirs}` : `${theirs}:${ours}`) },
      { kind: sent ? 'ICE-CONTROLLING' : 'ICE-CONTROLLED', body: { tie_breaker: tieBreaker } },
      ...(sent && i > 0 ? [{ kind: 'USE-CANDIDATE' as const, body: {} }] : []),
      proof,
    ];
    const message = (type: 'request' | 'success', attributes: StunAttribute[]): Uint8Array =>
      encodeStun({ message_type: messageType(1, type), transaction_id, attributes }, { fingerprint: true });
    add(at, sent, message('request', request));
    add(at + 15, !sent, message('success', [proof]));
  }
}
