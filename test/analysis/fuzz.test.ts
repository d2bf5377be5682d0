/** Hostile captures: whatever the bytes are, reading them ends, throws nothing and keeps within its bounds. */
import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { Prng } from '../../src/base/random.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { outcomes } from '../../src/diagnosis/model.ts';
import { project } from '../../src/trace/buffers.ts';
import type { DatagramEvent, LinkAction, TraceEvent } from '../../src/trace/model.ts';
import { captureNames } from '../support/fixtures.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { captureTrace } from '../support/reading.ts';
import { recordedTrace } from '../support/reading13.ts';
import { simulated } from '../support/traces.ts';

/** One or a few faults of a datagram: bits, bytes, cuts, repetitions, lies about length and place. */
function damage(event: DatagramEvent, random: Prng): DatagramEvent {
  const bytes = Uint8Array.from(event.bytes);
  const put = (at: number, value: number): void => {
    if (at < bytes.length) bytes[at] = value;
  };
  switch (random.int(6)) {
    case 0:
      for (let i = random.int(4); i >= 0; i--) put(random.int(bytes.length), random.int(256));
      break;
    case 1: {
      const cut = bytes.subarray(0, random.int(bytes.length + 1));
      return { ...event, bytes: cut, length: random.int(2) ? cut.length : event.length };
    }
    case 2:
      return { ...event, bytes: Uint8Array.from([...bytes, ...bytes.subarray(random.int(bytes.length))]) };
    case 3:
      for (let i = 11; i < 25; i++) if (random.int(3) === 0) put(i, random.int(256));
      break;
    case 4:
      put(random.int(3), [20, 21, 22, 23, 25, 26, 32, 47, 63, 0xfe, 0xfc][random.int(11)] ?? 0);
      break;
    default:
      return { ...event, at: event.at + random.int(5000) - 2500, src: event.dst, dst: event.src };
  }
  return { ...event, bytes };
}

const linkActions: readonly LinkAction[] = [
  { kind: 'lost' },
  { kind: 'too-large', mtu: 300 },
  { kind: 'queue-full' },
  { kind: 'truncated', to: 40, at: 1 },
  { kind: 'corrupted', at: 2 },
  { kind: 'duplicated', at: 3 },
  { kind: 'held-back', at: 4 },
  { kind: 'delivered', at: -5 },
];

function mutated(events: readonly TraceEvent[], random: Prng): TraceEvent[] {
  const out = events.slice(0, 60).flatMap((event): TraceEvent[] => {
    if (event.kind !== 'datagram') return random.int(4) ? [event] : [];
    const damaged = random.int(3) ? event : damage(event, random);
    const { packet } = event;
    const action = linkActions[random.int(linkActions.length)] ?? { kind: 'lost' };
    const extra: TraceEvent[] = random.int(12) ? [] : [{ kind: 'link', at: event.at, packet, action, rule: 'fuzz' }];
    return random.int(20) === 0 ? [] : random.int(10) === 0 ? [damaged, damaged, ...extra] : [damaged, ...extra];
  });
  for (let i = 0; i < 3; i++) {
    const [a, b] = [random.int(out.length), random.int(out.length)];
    const [first, second] = [out[a], out[b]];
    if (first && second) [out[a], out[b]] = [second, first];
  }
  return out;
}

function readAll(events: readonly TraceEvent[], random: Prng): void {
  const analysis = new Analysis({ crypto: nodeProvider });
  for (const event of events) {
    analysis.push(event);
    if (random.int(15) === 0) analysis.snapshot();
  }
  for (const handshake of analysis.snapshot().handshakes) {
    const { outcome, verdict, findings } = diagnose(handshake);
    expect(outcomes).toContain(outcome);
    expect(verdict).toMatch(/^\S.*\.$/);
    expect(verdict + findings.map(({ why, fix }) => why + fix).join('')).not.toMatch(/undefined|NaN|Infinity|\[object/);
    const sizes = new Map<number, number>();
    for (const { packet, bytes } of handshake.datagrams)
      sizes.set(packet, Math.max(bytes.length, sizes.get(packet) ?? 0));
    for (const { packet, start, end } of findings.flatMap(({ evidence }) => evidence))
      expect(0 <= start && start <= end && end <= (sizes.get(packet) ?? -1)).toBe(true);
    for (const { buffer, total, present } of handshake.messages) {
      project(analysis.origins, buffer, 0, total);
      for (const [start, end] of present) expect(0 <= start && start < end && end <= total).toBe(true);
    }
  }
}

const sources: readonly (readonly [string, readonly TraceEvent[]])[] = [
  ...captureNames.map((name) => [name, captureTrace(name, 'with keys').events] as const),
  ['dtls13_nss_mutual_pq without keys', captureTrace('dtls13_nss_mutual_pq', 'without keys').events],
  ['retry_aes256 with keys', recordedTrace('retry_aes256', 'with keys').events],
  ['retry_aes256 without keys', recordedTrace('retry_aes256', 'without keys').events],
  ['psk_chacha20 with keys', recordedTrace('psk_chacha20', 'with keys').events],
  ['a simulation', simulated({ rules: ['loss=20%'], server: { mtu: 300, clientAuth: 'require' }, seed: 7 }).events],
];

describe('mutated captures', () => {
  it.each(sources)('of %s are read without an exception, 250 times', (name, events) => {
    const random = new Prng(name);
    for (let i = 0; i < 250; i++) readAll(mutated(events, random), random);
  });
});

const datagram = (packet: number, bytes: Uint8Array, src = 'a:1', dst = 'b:2'): DatagramEvent => ({
  kind: 'datagram',
  at: packet,
  packet,
  src,
  dst,
  from: undefined,
  bytes,
  length: bytes.length,
  contents: undefined,
});

describe('captures made to hurt', () => {
  it('do not make messages grow beyond what a handshake may take', () => {
    const analysis = new Analysis({ crypto: nodeProvider });
    for (let i = 0; i < 3000; i++) {
      const body = rawFragment({ type: 11, seq: i, total: 2 ** 20, offset: 2 ** 20 - 1, body: [1] });
      analysis.push(datagram(i + 1, rawRecord({ number: i, body })));
    }
    const [handshake] = analysis.snapshot().handshakes;
    const held = handshake?.messages.reduce((sum, { body }) => sum + body.length, 0) ?? 0;
    expect(held).toBeLessThanOrEqual(2 ** 22);
    expect(handshake?.datagrams.at(-1)?.records[0]?.unread?.reason).toBe('over-limit');
  });

  it('do not spread beyond one budget over many pairs of addresses', () => {
    const analysis = new Analysis({ crypto: nodeProvider });
    for (let i = 0; i < 500; i++) {
      const body = rawFragment({ type: 11, seq: 0, total: 2 ** 20, offset: 0, body: [1] });
      analysis.push(datagram(i + 1, rawRecord({ number: 0, body }), `a:${i}`));
    }
    const refused = analysis
      .snapshot()
      .handshakes.filter(({ datagrams }) => datagrams[0]?.records[0]?.unread?.reason === 'over-limit');
    expect(refused.length).toBeGreaterThan(0);
  });

  it('of single bytes with gaps between them end', () => {
    const analysis = new Analysis({ crypto: nodeProvider });
    for (let i = 0; i < 5000; i++) {
      const body = rawFragment({ type: 11, seq: 1, total: 100_000, offset: 2 * i, body: [i % 256] });
      analysis.push(datagram(i + 1, rawRecord({ number: i, body })));
    }
    expect(analysis.snapshot().handshakes[0]?.messages[0]?.present.length).toBeLessThanOrEqual(1024);
  });

  it('that repeat one flight for ever end', () => {
    const analysis = new Analysis({ crypto: nodeProvider });
    for (let i = 0; i < 5000; i++) {
      const from = i % 2 === 0;
      const body = rawFragment({ type: from ? 1 : 2, seq: 0, body: new Uint8Array(60) });
      analysis.push(datagram(i + 1, rawRecord({ number: i, body }), from ? 'a:1' : 'b:2', from ? 'b:2' : 'a:1'));
    }
    const [handshake] = analysis.snapshot().handshakes;
    expect(handshake?.retransmissions).toEqual({ client: 2499, server: 2499 });
    if (handshake) diagnose(handshake);
  });

  it('with record numbers that jump remember only so many gaps', () => {
    const analysis = new Analysis({ crypto: nodeProvider });
    for (let i = 0; i < 5000; i++)
      analysis.push(datagram(i + 1, rawRecord({ number: 2 * i, body: rawFragment({ type: 14, seq: 0, body: [] }) })));
    expect(analysis.snapshot().handshakes[0]?.recordGaps.length).toBeLessThanOrEqual(256);
  });
});
