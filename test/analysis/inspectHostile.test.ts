/** Nothing that a datagram holds makes the inspector throw, hang, or leave a byte without a field. */
import { describe, expect, it } from 'vitest';
import { bodyFields } from '../../src/analysis/inspect/body.ts';
import { finish } from '../../src/analysis/inspect/draft.ts';
import { Inspector } from '../../src/analysis/inspect/inspector.ts';
import { markMissing } from '../../src/analysis/inspect/missing.ts';
import { Prng } from '../../src/base/random.ts';
import { RangeSet } from '../../src/base/ranges.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { leavesOf, nodesOf, tilingFault } from '../support/fieldTree.ts';
import { inspected, subjectsOf } from '../support/inspecting.ts';
import { sentMessages } from '../support/messages.ts';
import { captureTrace } from '../support/reading.ts';

/** The trace with some bytes of its datagrams changed, some datagrams cut, doubled or swapped. */
function damaged(trace: Trace, prng: Prng): Trace {
  let packet = 0;
  const events = trace.events.flatMap((event): TraceEvent[] => {
    if (event.kind !== 'datagram') return [event];
    const bytes = Uint8Array.from(event.bytes);
    for (let n = prng.int(4); n > 0; n--) bytes[prng.int(bytes.length)] = prng.int(256);
    // Headers are where damage shows most.
    if (prng.int(3) === 0) bytes[prng.int(Math.min(bytes.length, 25))] = prng.int(256);
    const end = prng.int(8) === 0 ? prng.int(bytes.length + 1) : bytes.length;
    const length = prng.int(8) === 0 ? bytes.length : end;
    const hurt = { ...event, packet: ++packet, bytes: bytes.subarray(0, end), length };
    return prng.int(10) === 0 ? [hurt, { ...event, packet: ++packet }] : [hurt];
  });
  return { ...trace, events };
}

/** Everything there is to look at, looked at; the first fault. */
function faultOf(trace: Trace): string | undefined {
  for (const { handshake, inspector } of inspected(trace)) {
    const seen = new Set<number>();
    for (const subject of subjectsOf(handshake)) {
      const inspection = inspector.inspect(subject);
      if (!inspection) return `nothing for ${JSON.stringify(subject)}`;
      for (const buffer of inspection.buffers) {
        if (seen.has(buffer.id)) continue;
        seen.add(buffer.id);
        const fault = tilingFault(buffer.tree, buffer.bytes.length);
        if (fault) return `${buffer.title}: ${fault}`;
      }
      for (const place of inspector.placesOf(inspection.focus)) {
        const there = inspector.buffer(place.buffer);
        if (!there || place.start >= place.end || place.end > there.bytes.length)
          return `${JSON.stringify(subject)} is linked to ${JSON.stringify(place)}`;
      }
    }
  }
  return undefined;
}

describe('damaged captures', () => {
  it.each([
    ['good_mutual_srtp', 40],
    ['loss-small', 10],
    ['dtls10_rsa_cbc', 40],
    ['dtls13_nss_mutual_pq', 40],
    ['trunc', 20],
  ] as const)('of %s are inspected to the last byte, %i times', (name, rounds) => {
    const trace = captureTrace(name, 'with keys');
    const prng = new Prng(name);
    for (let round = 0; round < rounds; round++) expect(faultOf(damaged(trace, prng))).toBeUndefined();
  });
});

describe('message bodies', () => {
  const messages = sentMessages().filter(({ body }) => body.length > 0);

  it('with any bytes changed are tiled, and say why they can’t be read', () => {
    const prng = new Prng('bodies');
    let malformed = 0;
    for (let round = 0; round < 1500; round++) {
      const { type, body, version, keyExchange } = messages[round % messages.length] ?? messages[0] ?? never();
      const bytes = Uint8Array.from(body);
      for (let n = 1 + prng.int(3); n > 0; n--) bytes[prng.int(bytes.length)] = prng.int(256);
      const cut = prng.int(3) === 0 ? prng.int(bytes.length + 1) : bytes.length;
      const tree = finish(bodyFields(type, { version, keyExchange }, bytes.subarray(0, cut), [0, cut]));
      expect(tilingFault(tree, cut)).toBeUndefined();
      const problems = leavesOf(tree).filter(({ kind }) => kind === 'unread');
      expect(problems.every(({ problem }) => problem !== undefined)).toBe(true);
      if (problems.length > 0) malformed++;
    }
    expect(malformed).toBeGreaterThan(200);
  });

  it('with any ranges missing claim nothing about them, and nothing that rests on them', () => {
    const prng = new Prng('holes');
    let trusted = 0;
    for (let round = 0; round < 800; round++) {
      const { type, body, version, keyExchange } = messages[round % messages.length] ?? messages[0] ?? never();
      const holes = new RangeSet();
      for (let n = 1 + prng.int(3); n > 0; n--) {
        const start = prng.int(body.length);
        holes.add(start, Math.min(body.length, start + 1 + prng.int(200)));
      }
      const bytes = Uint8Array.from(body);
      for (const [start, end] of holes.ranges) bytes.fill(0, start, end);
      const context = { version, keyExchange };
      const tree = finish(markMissing(bodyFields(type, context, bytes, [0, bytes.length]), holes.ranges));
      expect(tilingFault(tree, bytes.length)).toBeUndefined();
      const leaves = leavesOf(tree);
      const missing = new RangeSet();
      for (const { kind, start, end } of leaves) if (kind === 'missing') missing.add(start, end);
      expect(missing.ranges).toEqual(holes.ranges);
      // What is shown as read is what a reader of the whole message sees there.
      const whole = new Map(
        nodesOf(finish(bodyFields(type, context, body, [0, body.length]))).map((node) => [
          `${node.start} ${node.end} ${node.name}`,
          node,
        ]),
      );
      for (const leaf of leaves) {
        if (leaf.kind !== 'field' || leaf.name.startsWith('bytes [')) continue;
        const real = whole.get(`${leaf.start} ${leaf.end} ${leaf.name}`);
        expect(real && [real.value, real.label], leaf.id).toEqual([leaf.value, leaf.label]);
        trusted++;
      }
    }
    expect(trusted).toBeGreaterThan(5000);
  });
});

describe('bounds', () => {
  it('show a body of half a megabyte as bytes', () => {
    const body = new Uint8Array(2 ** 19);
    const tree = finish(bodyFields(11, { version: '1.2', keyExchange: 'ecdhe' }, body, [0, body.length]));
    expect(leavesOf(tree)).toMatchObject([
      { kind: 'unread', problem: '524288 bytes are more than dtlscope takes apart' },
    ]);
  });

  it('stop at the number of fields that a body of the largest size can have', () => {
    // Certificates of one byte: as many fields as bytes allow.
    const body = new Uint8Array(2 ** 16);
    const inner = body.length - 3;
    body.set([inner >> 16, (inner >> 8) & 255, inner & 255]);
    for (let at = 3; at + 4 <= body.length; at += 4) body.set([0, 0, 1, 0x30], at);
    const tree = finish(bodyFields(11, { version: '1.2', keyExchange: 'ecdhe' }, body, [0, body.length]));
    expect(tilingFault(tree, body.length)).toBeUndefined();
    expect(leavesOf(tree).length).toBeLessThan(body.length);
  });

  it('answer for buffers that the source does not know', () => {
    const [first] = inspected(captureTrace('good_ecdhe_rsa', 'with keys'));
    if (!first) throw new Error('no handshake');
    const inspector = new Inspector(first.handshake, { origins: new Map(), bytesOf: () => undefined });
    for (const subject of subjectsOf(first.handshake)) {
      const inspection = inspector.inspect(subject);
      for (const { tree, bytes } of inspection?.buffers ?? [])
        if (bytes.length > 0) expect(tilingFault(tree, bytes.length)).toBeUndefined();
      if (inspection) expect(inspector.placesOf(inspection.focus).every(({ how }) => how !== 'same')).toBe(true);
    }
  });
});

const never = (): never => {
  throw new Error('no messages');
};
