/** The same bytes in other buffers: fields of messages in the datagrams that brought them, and back. */
import { describe, expect, it } from 'vitest';
import type { LinkedPlace } from '../../src/analysis/inspect/model.ts';
import { fieldAt, fieldsCovering } from '../../src/analysis/inspect/select.ts';
import { toHex } from '../../src/base/bytes.ts';
import { type Place, project } from '../../src/trace/buffers.ts';
import { leavesOf, nodesOf } from '../support/fieldTree.ts';
import {
  buffersOf,
  captures12,
  field,
  type Inspected,
  inspected,
  inspectedAs,
  inspectedCapture,
  messageOf,
  treeOf,
} from '../support/inspecting.ts';
import { captureTrace } from '../support/reading.ts';
import { simulated } from '../support/traces.ts';

const bytesAt = ({ inspector }: Inspected, { buffer, start, end }: Place): string =>
  toHex(inspector.buffer(buffer)?.bytes.slice(start, end) ?? Uint8Array.of());

const kindOf = ({ inspector }: Inspected, { buffer }: Place) => inspector.buffer(buffer)?.kind;

const brief = (places: readonly LinkedPlace[]): string[] =>
  places.map(({ packet, start, end, how }) => `${packet ?? '-'} [${start},${end}) ${how}`);

describe('every leaf of every message', () => {
  it.each(captures12)('of %s is found where its bytes came from, and found again from there', (name) => {
    const all = inspectedCapture(name);
    const { handshake, inspector, analysis } = all;
    let leaves = 0;
    for (const message of handshake.messages) {
      const tree = treeOf(all, message);
      for (const leaf of leavesOf(tree).filter(({ start, end }) => start < end)) {
        const place = { buffer: message.buffer, start: leaf.start, end: leaf.end };
        const places = inspector.placesOf(place);
        const same = places.filter(({ how }) => how === 'same');
        if (leaf.kind === 'missing') {
          expect(places).toEqual([]);
          continue;
        }
        leaves++;
        // Every byte was taken from somewhere, once.
        expect(same.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(leaf.end - leaf.start);
        const encrypted = same.some((one) => kindOf(all, one) === 'decrypted');
        expect(places.some(({ how }) => how === 'sealed')).toBe(encrypted);
        // The one that lights up datagrams says the same.
        const lit = project(analysis.origins, message.buffer, leaf.start, leaf.end).map(({ packet }) => packet);
        const own = places.filter(({ how, packet }) => packet !== undefined && how === (encrypted ? 'sealed' : 'same'));
        expect(new Set(own.map(({ packet }) => packet))).toEqual(new Set(lit));
        for (const there of same) {
          const back = inspector
            .placesOf(there)
            .filter(({ buffer, how }) => buffer === message.buffer && how === 'same');
          const [only, ...more] = back;
          if (!only || more.length > 0) throw new Error(`${leaf.id} came back as ${back.length} places`);
          expect(bytesAt(all, there)).toBe(toHex(message.body.slice(only.start, only.end)));
          expect(only.start).toBeGreaterThanOrEqual(leaf.start);
          expect(only.end).toBeLessThanOrEqual(leaf.end);
          expect(fieldAt(tree, only.start)).toBe(leaf);
        }
        for (const there of places.filter(({ how }) => how === 'again')) {
          const [back] = inspector.placesOf(there).filter(({ buffer }) => buffer === message.buffer);
          expect(bytesAt(all, there)).toBe(back && toHex(message.body.slice(back.start, back.end)));
        }
      }
    }
    expect(leaves).toBeGreaterThan(100);
  });
});

describe('every field of a datagram that is part of a message', () => {
  it.each(['good_mutual_srtp', 'bigchain_unsplit', 'dtls10_rsa_cbc'])(
    'of %s is the same field of the message',
    (name) => {
      const all = inspectedCapture(name);
      let found = 0;
      for (const datagram of buffersOf(all).filter(({ kind }) => kind === 'datagram')) {
        for (const body of nodesOf(datagram.tree).filter(({ leadsTo, kind }) => leadsTo && kind === 'field')) {
          if (/^handshake\[|^fragment$/.test(body.name)) continue;
          for (const leaf of leavesOf(body).filter(({ start, end }) => start < end)) {
            const places = all.inspector.placesOf({ buffer: datagram.id, start: leaf.start, end: leaf.end });
            const there = places.find((place) => kindOf(all, place) === 'message');
            const tree = there && all.inspector.buffer(there.buffer)?.tree;
            const same = there && tree && fieldAt(tree, there.start);
            expect(same).toMatchObject({ name: leaf.name, value: leaf.value, label: leaf.label, see: leaf.see });
            expect([there?.start, there?.end]).toEqual([same?.start, same?.end]);
            found++;
          }
        }
      }
      expect(found).toBeGreaterThan(100);
    },
  );
});

describe('a field that a fragment border cuts', () => {
  it('lights up in both datagrams', () => {
    for (const [name, count] of [
      ['bigchain_mtu300', 10],
      ['loss-small', 2],
      ['lossy_retransmit', 2],
    ] as const) {
      const all = inspectedCapture(name);
      const message = messageOf(all.handshake, 11, 'server');
      const tree = treeOf(all, message);
      const cut = leavesOf(tree).flatMap((leaf) => {
        const places = all.inspector.placesOf({ buffer: message.buffer, start: leaf.start, end: leaf.end });
        const packets = new Set(places.filter(({ how }) => how === 'same').map(({ packet }) => packet));
        return packets.size > 1 ? [{ leaf, packets }] : [];
      });
      expect(cut.length).toBeGreaterThanOrEqual(count);
      for (const { leaf, packets } of cut) {
        // A click into either datagram selects it.
        for (const packet of packets) {
          const [datagram] = inspectedAs(all.inspector, { kind: 'datagram', packet: packet ?? 0 }).buffers;
          const parts = all.inspector
            .placesOf({ buffer: message.buffer, start: leaf.start, end: leaf.end })
            .filter(({ buffer }) => buffer === datagram?.id);
          for (const part of parts) {
            expect(datagram && fieldAt(datagram.tree, part.start)?.kind).toBe('fragment');
            const [back] = all.inspector.placesOf({ ...part, end: part.start + 1 });
            expect(back && fieldAt(tree, back.start)).toBe(leaf);
          }
        }
      }
    }
  });

  it('is where the sender’s borders were, first and when it sent again with others', () => {
    const all = inspectedCapture('loss-small');
    const message = messageOf(all.handshake, 11, 'server');
    // Bytes [408, 655) were lost; byte 408 came first with the retransmission, in datagram 14.
    const places = all.inspector.placesOf({ buffer: message.buffer, start: 400, end: 420 });
    expect(brief(places)).toEqual([
      `5 [${25 + 400 - 161},${25 + 408 - 161}) same`,
      `14 [${25 + 400 - 247},${25 + 408 - 247}) again`,
      `14 [${25 + 408 - 247},${25 + 420 - 247}) same`,
    ]);
  });
});

describe('bytes that came more than once', () => {
  it('are linked from every sending to every other', () => {
    const all = inspectedCapture('loss-small');
    const hello = all.handshake.datagrams.filter(({ from, records }) =>
      records.some(
        (record) => from === 'client' && record.fragments.some(({ messageKey }) => messageKey === 'client/1'),
      ),
    );
    expect(hello.length).toBe(2);
    for (const { buffer, packet } of hello) {
      const places = all.inspector.placesOf({ buffer, start: 30, end: 40 });
      expect(places.map((place) => kindOf(all, place))).toContain('message');
      const other = hello.find((one) => one.packet !== packet);
      expect(brief(places)).toContain(`${other?.packet} [30,40) again`);
      // Never the place itself.
      expect(places.some((place) => place.buffer === buffer && place.start < 40 && place.end > 30)).toBe(false);
    }
  });

  it('are told apart when they differ', () => {
    const trace = captureTrace('loss-small', 'with keys');
    const hellos = trace.events.filter((event) => event.kind === 'datagram' && event.bytes[13] === 1);
    // The first hello, the one with the cookie, and that one again.
    const [, , copy] = hellos;
    if (copy?.kind !== 'datagram' || hellos.length !== 3) throw new Error('no second sending');
    const bytes = Uint8Array.from(copy.bytes);
    bytes[90] = (bytes[90] ?? 0) ^ 0xff;
    const events = trace.events.map((event) => (event === copy ? { ...copy, bytes } : event));
    const [all] = inspected({ ...trace, events });
    if (!all) throw new Error('no handshake');
    const datagram = all.handshake.datagrams.find(({ packet }) => packet === copy.packet);
    const there = all.inspector.placesOf({ buffer: datagram?.buffer ?? (0 as never), start: 80, end: 100 });
    expect(brief(there)).toEqual([
      '3 [80,90) again',
      '3 [90,91) conflict',
      '3 [91,100) again',
      '- [55,65) again',
      '- [65,66) conflict',
      '- [66,75) again',
    ]);
  });
});

describe('bytes that never arrived', () => {
  it('are where they were lost, as far as the trace knows', () => {
    const trace = simulated({ rules: ['in:drop=certificate'], timeoutMs: 3000 });
    const [all] = inspected(trace);
    if (!all) throw new Error('no handshake');
    const message = messageOf(all.handshake, 11, 'server');
    expect(message.present).toEqual([]);
    const places = all.inspector.placesOf({ buffer: message.buffer, start: 0, end: message.total });
    expect(places.length).toBeGreaterThan(0);
    expect(places.every(({ how, packet }) => how === 'lost' && packet !== undefined)).toBe(true);
    const [first] = places;
    const back = first && all.inspector.placesOf(first);
    expect(back?.find(({ buffer }) => buffer === message.buffer)).toMatchObject({ how: 'lost' });
  });
});

describe('encrypted bytes', () => {
  it('are linked as a whole, down to the ciphertext and up to the message', () => {
    const all = inspectedCapture('good_ecdhe_rsa');
    const finished = messageOf(all.handshake, 20);
    const datagram = all.handshake.datagrams.find(({ records }) =>
      records.some(({ fragments }) => fragments.some(({ messageKey }) => messageKey === finished.key)),
    );
    const record = datagram?.records.find(({ protection }) => protection === 'decrypted');
    if (!datagram || !record) throw new Error('no Finished');
    const down = all.inspector.placesOf({ buffer: finished.buffer, start: 3, end: 5 });
    expect(brief(down)).toEqual([
      `${datagram.packet} [${record.end - record.length},${record.end}) sealed`,
      '- [15,17) same',
    ]);
    const up = all.inspector.placesOf({ buffer: datagram.buffer, start: record.end - 20, end: record.end - 19 });
    expect(up.map((place) => [kindOf(all, place), place.start, place.end, place.how])).toEqual([
      ['decrypted', 0, 24, 'sealed'],
      ['message', 0, 12, 'sealed'],
    ]);
    const across = all.inspector.placesOf({ buffer: record.content?.buffer ?? finished.buffer, start: 12, end: 24 });
    expect(across.map((place) => [kindOf(all, place), place.how])).toEqual([
      ['datagram', 'sealed'],
      ['message', 'same'],
    ]);
  });

  it('without keys lead nowhere', () => {
    const all = inspectedCapture('good_ecdhe_rsa', 'without keys');
    const datagram = all.handshake.datagrams.find(({ records }) => records.some(({ epoch }) => epoch === 1));
    const record = datagram?.records.find(({ epoch }) => epoch === 1);
    if (!datagram || !record) throw new Error('no Finished');
    expect(all.inspector.placesOf({ buffer: datagram.buffer, start: record.start, end: record.end })).toEqual([]);
  });
});

describe('headers and strangers', () => {
  it('are nowhere else', () => {
    const all = inspectedCapture('good_mutual_srtp');
    const [first] = all.handshake.datagrams;
    if (!first) throw new Error('no datagram');
    expect(all.inspector.placesOf({ buffer: first.buffer, start: 0, end: 25 })).toEqual([]);
    expect(all.inspector.placesOf({ buffer: 999_999_999 as never, start: 0, end: 25 })).toEqual([]);
  });

  it('leave a field that reaches into a message to the part that is in it', () => {
    const all = inspectedCapture('good_mutual_srtp');
    const [first] = all.handshake.datagrams;
    if (!first) throw new Error('no datagram');
    const [place] = all.inspector.placesOf({ buffer: first.buffer, start: 0, end: 27 });
    expect(place).toMatchObject({ start: 0, end: 2, how: 'same' });
    const tree = treeOf(all, messageOf(all.handshake, 1));
    expect(fieldsCovering(tree, 0, 2)).toEqual([field(tree, 'client_version')]);
  });
});
