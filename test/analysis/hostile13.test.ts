/** Hostile DTLS 1.3, also from a peer that has the keys: reading and inspecting end, throw nothing, and keep their bounds. */
import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { Inspector } from '../../src/analysis/inspect/inspector.ts';
import { keptAcknowledged } from '../../src/analysis/model.ts';
import { Prng } from '../../src/base/random.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { outcomes } from '../../src/diagnosis/model.ts';
import { textLadder } from '../../src/report/text.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { tilingFault } from '../support/fieldTree.ts';
import { subjectsOf } from '../support/inspecting.ts';
import { recordedTrace } from '../support/reading13.ts';
import { ackOf, data, type Number13, type Part, Script13 } from '../support/scripted13.ts';

/** Reads, judges and prints a trace; the first fault in what comes out. */
function faultOf(trace: Trace, inspect: boolean): string | undefined {
  const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
  for (const event of trace.events) analysis.push(event);
  for (const handshake of analysis.snapshot().handshakes) {
    const diagnosis = diagnose(handshake);
    if (!outcomes.includes(diagnosis.outcome)) return diagnosis.outcome;
    const text = textLadder(handshake, diagnosis, { width: 100, colour: false });
    const odd = /undefined|NaN|Infinity|\[object/.exec(text);
    if (odd) return text.slice(Math.max(0, odd.index - 60), odd.index + 60);
    for (const { total, present, acknowledged } of handshake.messages)
      for (const [start, end] of [...present, ...acknowledged])
        if (start < 0 || end > total || start >= end) return `[${start}, ${end}) of ${total}`;
    if (!inspect) continue;
    const inspector = new Inspector(handshake, analysis);
    const seen = new Set<number>();
    for (const subject of subjectsOf(handshake)) {
      for (const buffer of inspector.inspect(subject)?.buffers ?? []) {
        if (seen.has(buffer.id)) continue;
        seen.add(buffer.id);
        const fault = tilingFault(buffer.tree, buffer.bytes.length);
        if (fault) return `${buffer.title}: ${fault}`;
      }
    }
  }
  return undefined;
}

const replaced = (trace: Trace, packet: number, bytes: (before: Uint8Array) => Uint8Array): Trace => ({
  ...trace,
  events: trace.events.map((event): TraceEvent => {
    if (event.kind !== 'datagram' || event.packet !== packet) return event;
    const changed = bytes(event.bytes);
    return { ...event, bytes: changed, length: changed.length };
  }),
});

describe.each(['with keys', 'without keys'] as const)('a recorded handshake, %s,', (keys) => {
  it('may be cut anywhere', () => {
    const trace = recordedTrace('psk_chacha20', keys);
    for (const event of trace.events) {
      if (event.kind !== 'datagram' || event.packet < 2 || event.packet > 4) continue;
      for (let length = 0; length < event.bytes.length; length++)
        expect(
          faultOf(
            replaced(trace, event.packet, (bytes) => bytes.subarray(0, length)),
            length % 16 === 0,
          ),
        ).toBeUndefined();
    }
  });

  it('may have any byte of its headers changed', () => {
    const trace = recordedTrace('dtls13_nss_mutual_pq', keys);
    const random = new Prng(`headers ${keys}`);
    // ServerHello and the ciphertexts behind it, and datagrams of one ciphertext.
    const places = [3, 4, 5, 7].flatMap((packet) =>
      [0, 1, 2, 3, 4, 11, 12, 1199, 1200, 1201, 1202, 1203, 1271].map((at) => [packet, at] as const),
    );
    for (const [packet, at] of places)
      for (let n = 0; n < 6; n++) {
        const changed = replaced(trace, packet, (bytes) => {
          const out = Uint8Array.from(bytes);
          if (at < out.length) out[at] = random.int(256);
          return out;
        });
        expect(faultOf(changed, n === 0)).toBeUndefined();
      }
  });
});

/** A record with a fault inside, and then sealed: what only a peer can send. */
function damagedPart({ epoch, type, content }: Part, random: Prng): Part {
  const bytes = Uint8Array.from(content);
  for (let n = random.int(4); n > 0 && bytes.length > 0; n--)
    bytes[random.int(Math.min(bytes.length, 40))] = random.int(256);
  const cut = random.int(5) === 0 ? random.int(bytes.length + 1) : bytes.length;
  const types = [type, type, type, 21, 22, 23, 26, 20, 99];
  const epochs = [epoch, epoch, epoch, 2, 3, 4];
  return {
    epoch: epoch === 0 ? 0 : (epochs[random.int(epochs.length)] ?? epoch),
    type: epoch === 0 ? type : (types[random.int(types.length)] ?? type),
    content: bytes.subarray(0, cut),
  };
}

describe('a peer that has the keys', () => {
  it('may put anything into its records, 300 times', () => {
    const random = new Prng('sealed damage');
    for (let round = 0; round < 300; round++) {
      const script = new Script13(round % 2 ? 'psk_chacha20' : 'dtls13_nss_mutual_pq');
      const send = (at: number, from: 'client' | 'server', parts: readonly Part[]): Number13[] =>
        script.send(
          at,
          from,
          parts.map((part) => (random.int(3) ? part : damagedPart(part, random))),
        );
      send(0, 'client', script.message('client', 1));
      script.send(10, 'server', script.message('server', 2));
      send(20, 'server', script.flight('server', 200));
      const numbers = send(30, 'client', script.flight('client', 200));
      send(40, 'server', [
        ackOf(numbers),
        data(random.int(40)),
        ...script.made('server', 24, 9, Uint8Array.of(1), 9, 3),
      ]);
      send(50, 'client', [
        data(9, 4),
        ackOf(
          [
            [2, 1],
            [3, 0],
            [2 ** 40, 2 ** 47],
          ],
          4,
        ),
      ]);
      expect(faultOf(script.trace('with keys'), round % 10 === 0), `round ${round}`).toBeUndefined();
    }
  });

  it('may list the same records, or ones that never were, as often as it likes', () => {
    const script = new Script13();
    script.hellos(0);
    script.send(20, 'server', script.flight('server'));
    const numbers = script.send(30, 'client', script.flight('client'));
    const many = Array.from({ length: 1000 }, (_, i): Number13 => numbers[i % 5] ?? [2 ** 33 + i, 2 ** 45 + i]);
    for (let i = 0; i < 40; i++) script.send(40 + i, 'server', [ackOf(many)]);
    const trace = script.trace('with keys');
    expect(faultOf(trace, true)).toBeUndefined();
    const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
    for (const event of trace.events) analysis.push(event);
    const listed = analysis.snapshot().handshakes[0]?.datagrams.at(-1)?.records[0]?.ack;
    expect(listed).toHaveLength(keptAcknowledged);
  });

  it('may send ACKs that are none, and records of nothing', () => {
    const script = new Script13();
    script.hellos(0);
    const bad = [[], [0], [0, 15, 1], [0, 16, 1], [255, 255]].map(
      (content): Part => ({ epoch: 2, type: 26, content: Uint8Array.from(content) }),
    );
    script.send(20, 'server', [
      ...bad,
      { epoch: 2, type: 22, content: new Uint8Array(0) },
      { epoch: 2, type: 21, content: Uint8Array.of(2) },
    ]);
    const trace = script.trace('with keys');
    expect(faultOf(trace, true)).toBeUndefined();
    const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
    for (const event of trace.events) analysis.push(event);
    const records = analysis.snapshot().handshakes[0]?.datagrams.at(-1)?.records ?? [];
    expect(records.map(({ unread }) => unread?.reason)).toEqual([
      ...bad.map(() => 'malformed'),
      undefined,
      'malformed',
    ]);
  });

  it('may change its keys without end, and only so many epochs ahead are tried', () => {
    const script = new Script13('psk_chacha20');
    script.hellos(0);
    script.send(20, 'server', script.flight('server'));
    for (let epoch = 3; epoch < 40; epoch++) script.send(20 + epoch, 'server', [data(20, epoch)]);
    script.send(100, 'server', [data(20, 60)]);
    const trace = script.trace('with keys');
    const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
    for (const event of trace.events) analysis.push(event);
    const records = analysis.snapshot().handshakes[0]?.datagrams.flatMap((datagram) => datagram.records) ?? [];
    expect(records.slice(-3).map(({ epoch, protection }) => [epoch, protection])).toEqual([
      [38, 'decrypted'],
      [39, 'decrypted'],
      [expect.any(Number), 'undecryptable'],
    ]);
  });
});
