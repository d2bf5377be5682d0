import { describe, expect, it } from 'vitest';
import { crumbsOf } from '../../panel/layout/crumbs.ts';
import { fieldRows, openAtFirst, openTo, toggled, treeKey } from '../../panel/layout/fieldRows.ts';
import { columnsFor, hexRowCount, hexRows, moveByte } from '../../panel/layout/hexRows.ts';
import { lightOf, litAt } from '../../panel/layout/light.ts';
import { firstSendings } from '../../panel/layout/sendings.ts';
import { nothing, sameTarget, selectField, selectTarget, showTab, subjectOf } from '../../panel/state/selection.ts';
import { nodesOf } from '../support/fieldTree.ts';
import { handshakeOf, lostTo, recoveredLoss } from '../support/handshakes.ts';
import { inspectedAs, inspectedCapture, messageOf } from '../support/inspecting.ts';

const big = inspectedCapture('bigchain_mtu300');
const certificate = messageOf(big.handshake, 11);

describe('light', () => {
  it('falls on both datagrams of bytes that a fragment border cuts, and says so', () => {
    const light = lightOf(big.inspector, { buffer: certificate.buffer, start: 145, end: 178 });
    expect([...light.packets.keys()].sort()).toEqual([4, 5]);
    expect(light.packets.get(5)).toEqual([{ start: 25, end: 42, how: 'same' }]);
    expect(light.lines.map(({ text, places }) => [text, places.map(({ packet }) => packet)])).toEqual([
      ['In datagrams', [4, 5]],
    ]);
    expect(light.buffers.get(certificate.buffer)).toEqual([{ start: 145, end: 178, how: 'own' }]);
  });

  it('from a datagram falls on the message, and needs no words when nothing else has the bytes', () => {
    const datagram = big.handshake.datagrams.find(({ packet }) => packet === 5);
    if (!datagram) throw new Error('no datagram 5');
    const light = lightOf(big.inspector, { buffer: datagram.buffer, start: 25, end: 30 });
    expect(light.buffers.get(certificate.buffer)).toEqual([{ start: 161, end: 166, how: 'same' }]);
    expect([...light.packets.keys()]).toEqual([5]);
    expect(light.lines).toEqual([]);
  });

  it('names the datagrams that repeat the bytes', () => {
    const { inspector, handshake } = inspectedCapture('lossy_retransmit');
    const repeated = handshake.messages.find(({ duplicateBytes, total }) => duplicateBytes >= total && total > 0);
    if (!repeated) throw new Error('nothing repeated');
    const light = lightOf(inspector, { buffer: repeated.buffer, start: 0, end: 1 });
    const again = light.lines.find(({ how }) => how === 'again' || how === 'sealed');
    expect(again?.places.length).toBeGreaterThan(0);
  });

  it('is found byte by byte', () => {
    const ranges = [{ start: 2, end: 4, how: 'own' as const }];
    expect([1, 2, 3, 4].map((at) => litAt(ranges, at))).toEqual([undefined, 'own', 'own', undefined]);
    expect(litAt(undefined, 0)).toBeUndefined();
  });
});

describe('the rows of a field tree', () => {
  const [buffer] = inspectedAs(big.inspector, { kind: 'message', key: certificate.key }).buffers;
  if (!buffer) throw new Error('no buffer');
  const { tree } = buffer;
  const all = new Set(nodesOf(tree).map(({ id }) => id));

  it('are those of open fields, with level and place among siblings', () => {
    expect(fieldRows(tree, new Set()).map(({ field, open }) => [field.id, open])).toEqual([[tree.id, false]]);
    const rows = fieldRows(tree, all);
    expect(rows).toHaveLength(all.size);
    for (const [i, row] of rows.entries()) expect(row.level).toBeLessThanOrEqual((rows[i - 1]?.level ?? 0) + 1);
    const first = fieldRows(tree, openAtFirst(tree));
    expect(first.length).toBeGreaterThan(tree.children.length);
    expect(first.filter(({ level }) => level === 2).map(({ place, siblings }) => [place, siblings])).toEqual(
      tree.children.map((_, i) => [i + 1, tree.children.length]),
    );
  });

  it('open as far as a field that is to be seen, and no further', () => {
    const deep = nodesOf(tree).find(({ name, label }) => name.startsWith('Relative') && label?.startsWith('CN='));
    if (!deep) throw new Error('no name');
    const open = openTo(tree, deep.id, new Set());
    expect(fieldRows(tree, open).some(({ field }) => field.id === deep.id)).toBe(true);
    expect(open.has(deep.id)).toBe(false);
    expect(openTo(tree, deep.id, open)).toBe(open);
  });

  it('are walked as WAI-ARIA says: right opens and goes in, left closes and goes out', () => {
    const closed = fieldRows(tree, new Set());
    expect(treeKey(closed, tree.id, 'ArrowRight')).toEqual({ kind: 'open', id: tree.id });
    const rows = fieldRows(tree, new Set([tree.id]));
    const child = rows[1]?.field.id;
    expect(treeKey(rows, tree.id, 'ArrowRight')).toEqual({ kind: 'go', id: child });
    expect(treeKey(rows, child, 'ArrowLeft')).toEqual({ kind: 'go', id: tree.id });
    expect(treeKey(rows, tree.id, 'ArrowLeft')).toEqual({ kind: 'close', id: tree.id });
    expect(treeKey(rows, tree.id, 'End')).toEqual({ kind: 'go', id: rows.at(-1)?.field.id });
    expect(treeKey(rows, child, 'Home')).toEqual({ kind: 'go', id: tree.id });
    expect(treeKey(rows, undefined, 'ArrowDown')).toEqual({ kind: 'go', id: tree.id });
    expect(treeKey(rows, tree.id, rows.at(-1)?.field.name[0] ?? '')?.kind).toBe('go');
    expect(treeKey(rows, tree.id, 'Enter')).toBeUndefined();
    expect(toggled(new Set(['a']), 'a').size).toBe(0);
  });
});

describe('hexadecimal rows', () => {
  const bytes = Uint8Array.from({ length: 35 }, (_, i) => i + 0x30);

  it('show every byte once, the last row short', () => {
    const rows = hexRows(bytes, 16, 0, 99);
    expect(rows.map(({ offset, bytes: held }) => [offset, held.length])).toEqual([
      ['0000', 16],
      ['0010', 16],
      ['0020', 3],
    ]);
    expect(rows[1]?.bytes[0]).toEqual({ at: 16, hex: '40', text: '@' });
    expect(hexRows(bytes, 16, 1, 2)).toEqual([rows[1]]);
    expect(hexRowCount(0, 16)).toBe(0);
  });

  it('have as many bytes as fit', () => {
    expect([600, 300, 100].map((width) => columnsFor(width, 6.7, 300))).toEqual([16, 8, 4]);
  });

  it('are walked by arrows that stay inside', () => {
    const size = { columns: 16, length: 35 };
    const keys = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'];
    expect(keys.map((key) => moveByte(17, key, false, size))).toEqual([16, 18, 1, 33, 16, 31]);
    expect(moveByte(20, 'ArrowDown', false, size)).toBe(20);
    expect(moveByte(0, 'ArrowLeft', false, size)).toBe(0);
    expect(moveByte(34, 'ArrowRight', false, size)).toBe(34);
    expect(moveByte(17, 'End', true, size)).toBe(34);
    expect(moveByte(17, 'x', false, size)).toBeUndefined();
  });
});

describe('first sendings', () => {
  it('are found for every repeated datagram by what it holds', () => {
    // Both hellos of the handshake made by hand have one number.
    const found = [...firstSendings(recoveredLoss())].filter(([packet]) => packet > 3);
    expect(found.map(([packet, first]) => [packet, ...first])).toEqual([
      [8, 4],
      [9, 5],
      [10, 6],
      [11, 7],
    ]);
  });

  it('are all of them when the retransmission is cut otherwise', () => {
    const found = firstSendings(
      handshakeOf([
        { at: 0, from: 'server', flight: 4, holds: ['certificate 0-100/200'], ...lostTo('loss') },
        { at: 1, from: 'server', flight: 4, holds: ['certificate 100-200/200'] },
        { at: 2, from: 'server', flight: 4, attempt: 1, holds: ['certificate 0-200/200'] },
      ]),
    );
    expect([...found]).toEqual([[3, [1, 2]]]);
  });

  it('of records that can’t be read go by flight and size', () => {
    const found = firstSendings(
      handshakeOf([
        { at: 0, from: 'client', flight: 5, holds: ['ccs', 'sealed'] },
        { at: 1, from: 'client', flight: 5, attempt: 1, holds: ['ccs', 'sealed'] },
      ]),
    );
    expect([...found]).toEqual([[2, [1]]]);
  });
});

describe('the selection', () => {
  const fragment = { kind: 'fragment', packet: 5, record: 0, fragment: 0 } as const;
  const place = { buffer: certificate.buffer, start: 145, end: 178, field: 'x' };

  it('of bytes brings their buffer to the front, and stays when another comes there', () => {
    const chosen = selectField(selectTarget(nothing, fragment, true), place);
    expect(chosen).toMatchObject({ target: fragment, field: place, tab: place.buffer });
    const other = big.handshake.datagrams[0]?.buffer ?? place.buffer;
    expect(showTab(chosen, other)).toMatchObject({ target: fragment, field: place, tab: other });
  });

  it('of another target lets go of bytes, unless they are what led there', () => {
    const chosen = selectField(selectTarget(nothing, fragment), place);
    expect(selectTarget(chosen, { kind: 'datagram', packet: 6 })).toMatchObject({ field: undefined, tab: undefined });
    expect(selectTarget(chosen, { kind: 'datagram', packet: 6 }, true, place).field).toEqual(place);
  });

  it('knows a target again, and what to ask about it', () => {
    expect(sameTarget(fragment, { ...fragment })).toBe(true);
    expect(sameTarget(fragment, { kind: 'record', packet: 5, record: 0 })).toBe(false);
    expect(subjectOf({ kind: 'flight', flight: 4, packet: 4 })).toEqual({ kind: 'datagram', packet: 4 });
  });

  it('has a way from the flight down to the message', () => {
    expect(crumbsOf(big.handshake, fragment).map(({ text, current }) => (current ? `[${text}]` : text))).toEqual([
      'Flight 4',
      'Datagram 5',
      'Record 5.1',
      '[certificate 161–408 of 3746]',
      'certificate message',
    ]);
  });
});
