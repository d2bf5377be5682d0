import { describe, expect, it } from 'vitest';
import { evidenceChoice, evidenceLinks } from '../../panel/layout/evidence.ts';
import { fieldAround } from '../../src/analysis/inspect/select.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { captureNames } from '../support/fixtures.ts';
import { inspected } from '../support/inspecting.ts';
import { captureTrace } from '../support/reading.ts';

describe('evidence', () => {
  it('links each range once, and names the bytes where a datagram has several', () => {
    const links = evidenceLinks([
      { packet: 5, start: 0, end: 10 },
      { packet: 7, start: 3, end: 6 },
      { packet: 7, start: 8, end: 9 },
      { packet: 7, start: 3, end: 6 },
    ]);
    expect(links.map(({ text, name }) => [text, name])).toEqual([
      ['5', 'Show datagram 5'],
      ['7: 3–6', 'Show datagram 7: 3–6'],
      ['7: 8–9', 'Show datagram 7: 8–9'],
    ]);
  });

  it('of an alert selects the record of the alert', () => {
    const [one] = inspected(captureTrace('expired_client_cert', 'with keys'));
    if (!one) throw new Error('no handshake');
    const finding = diagnose(one.handshake).findings.find(({ id }) => id === 'alert-explained');
    const [range] = finding?.evidence ?? [];
    if (!range) throw new Error('no evidence');
    const { target, field } = evidenceChoice(one.handshake, range);
    expect(field).toBeUndefined();
    if (target.kind !== 'record') throw new Error(target.kind);
    const datagram = one.handshake.datagrams.find(({ packet }) => packet === target.packet);
    expect(datagram?.records[target.record]?.alert).toMatchObject({ level: 2 });
  });

  it('of a part of a datagram selects those bytes, in the innermost field that holds them', () => {
    const [one] = inspected(captureTrace('bigchain_mtu300', 'with keys'));
    const datagram = one?.handshake.datagrams.find(({ packet }) => packet === 5);
    if (!one || !datagram) throw new Error('no datagram');
    // The epoch of the first record (RFC 6347 §4.1), and the bytes around its border to the sequence number.
    const choice = evidenceChoice(one.handshake, { packet: 5, start: 3, end: 5 });
    expect(choice).toEqual({
      target: { kind: 'datagram', packet: 5 },
      field: { buffer: datagram.buffer, start: 3, end: 5, field: undefined },
    });
    const tree = one.inspector.buffer(datagram.buffer)?.tree;
    if (!tree) throw new Error('no tree');
    expect(fieldAround(tree, 3, 5)?.name).toBe('epoch');
    expect(fieldAround(tree, 4, 6)?.name).toMatch(/^record/);
    expect(evidenceChoice(one.handshake, { packet: 5, start: 0, end: datagram.size }).field).toBeUndefined();
    expect(evidenceChoice(one.handshake, { packet: 5, start: 900, end: 901 }).field).toBeUndefined();
    expect(evidenceChoice(one.handshake, { packet: 999, start: 0, end: 1 }).target).toMatchObject({ packet: 999 });
  });

  it.each(captureNames)('of every finding can be selected: %s', (name) => {
    for (const { handshake, inspector } of inspected(captureTrace(name, 'with keys')))
      for (const { evidence } of diagnose(handshake).findings)
        for (const range of evidence) {
          const { target, field } = evidenceChoice(handshake, range);
          expect(target.packet).toBe(range.packet);
          if (field) expect(inspector.buffer(field.buffer)?.bytes.length).toBeGreaterThanOrEqual(field.end);
        }
  });
});
