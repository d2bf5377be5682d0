import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aroundOf, bringsNews, keeper, matches, parseFilter } from '../../panel/layout/filter.ts';
import { chipsOf, toggled } from '../../panel/layout/filterChips.ts';
import { ladder } from '../../panel/layout/ladder.ts';
import { packing } from '../../panel/layout/packing.ts';
import { Analysis } from '../../src/analysis/analysis.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { openFile } from '../../src/capture/open.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { handshakeOf, recoveredLoss } from '../support/handshakes.ts';

function captured(name: string): Handshake {
  const file = join(import.meta.dirname, '..', 'fixtures', 'captures', `${name}.pcapng`);
  const opened = openFile(new Uint8Array(readFileSync(file)));
  if (!('trace' in opened) || !opened.trace) throw new Error(`${name} can't be read`);
  const analysis = new Analysis({ crypto: nobleProvider, header: opened.trace.header });
  for (const event of opened.trace.events) analysis.push(event);
  const [handshake] = analysis.snapshot().handshakes;
  if (!handshake) throw new Error(`${name} holds no handshake`);
  return handshake;
}

function filterOf(text: string) {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(parsed.why);
  return parsed.filter;
}
const kept = (handshake: Handshake, text: string): number[] =>
  handshake.datagrams.filter((one) => matches(filterOf(text), one)).map(({ packet }) => packet);

const lossy = captured('loss-small');
const good = captured('good_ecdhe_rsa');

describe('a filter over a capture with a loss', () => {
  it('keeps everything when nothing is asked', () => {
    expect(kept(lossy, '  ')).toEqual(lossy.datagrams.map(({ packet }) => packet));
    expect(keeper([], false)).toBeUndefined();
  });

  it.each([
    ['type:certificate', [4, 5, 6, 7, 8, 13, 14, 15, 17, 18, 19]],
    ['TYPE:Certificate size:<272', [19]],
    ['type:change_cipher_spec', [16, 24]],
    ['type:handshake side:client -dup:yes', [1, 3, 16]],
    ['flight:4 dup:yes', [12, 13, 17, 18, 19, 20, 21, 22, 23]],
    ['flight:5-6', [16, 24]],
    ['seq:1-9 side:client', [1, 3]],
    ['seq:7', [7]],
    ['size:>272', [24]],
    ['size:>=272 flight:4 seq:1-6', [4, 5, 6]],
    ['size:<=48', [2, 23]],
    ['size:25', [23]],
    ['frag:>247', []],
    ['frag:>246 seq:1-9', [5, 6, 7, 9]],
    ['hello_verify', [2]],
    ['Hello -type:client_hello', [2, 4, 10, 12, 23]],
    ['0x16FEFD000000000000000D', [13]],
    ['-0x16fefd -0x16feff', []],
    ['lost:yes', []],
    ['alert:*', []],
    ['type:hello_verify_request,server_hello', [2, 4, 12]],
    ['side:client -type:client_hello,finished', [16]],
    ['resent:yes side:client', [11]],
    ['dropped:yes', []],
  ])('%s', (text, packets) => {
    expect(kept(lossy, text)).toEqual(packets);
  });

  it('shows what it keeps in the ladder and the packing, with the messages of these datagrams alone', () => {
    const keep = keeper(filterOf('flight:4 type:server_key_exchange'), true);
    expect(ladder(lossy, { width: 900, axis: 'compressed', keep }).packets).toEqual([8, 9, 10]);
    const { rows } = packing(lossy, { width: 900, keep });
    expect(rows.flatMap((row) => (row.kind === 'datagram' ? [row.packet] : []))).toEqual([8, 9, 10]);
    expect(rows.flatMap((row) => (row.kind === 'message' ? [row.title.split(' ')[0]] : []))).toEqual([
      'certificate',
      'server_key_exchange',
      'server_hello_done',
    ]);
  });
});

describe('a filter', () => {
  it.each([
    ['alert:*', [8, 9]],
    ['type:alert side:server', [9]],
    ['alert:close_notify', [8, 9]],
    ['alert:handshake_failure', []],
    ['type:data', [7]],
    ['type:finished', [5, 6]],
    ['close', [8, 9]],
  ])('reads what keys opened: %s', (text, packets) => {
    expect(kept(good, text)).toEqual(packets);
  });

  it('knows what the link lost', () => {
    expect(kept(recoveredLoss(), 'lost:yes')).toEqual([5]);
    expect(kept(recoveredLoss(), 'lost:no')).toHaveLength(12);
  });

  it('knows what was sent again, and what its receiver ignored', () => {
    const handshake = handshakeOf(
      [
        { at: 0, from: 'client', flight: 1, holds: ['client_hello'] },
        { at: 1, from: 'client', flight: 1, attempt: 1, holds: ['client_hello'] },
      ],
      { drops: [{ at: 1, actor: 'server', packet: 2, reason: 'replayed', offset: 0, detail: undefined }] },
    );
    expect(kept(handshake, 'resent:yes')).toEqual([2]);
    const keep = keeper(filterOf('dropped:yes'), false, aroundOf(handshake));
    expect(handshake.datagrams.filter((one) => keep?.(one)).map(({ packet }) => packet)).toEqual([2]);
  });

  it('takes a first message without a body for news, and its repetition not', () => {
    const handshake = captured('lossy_retransmit');
    const done = handshake.datagrams.filter(({ records }) =>
      records.every(({ fragments }) => fragments.length > 0 && fragments.every(({ total }) => total === 0)),
    );
    expect(done.length).toBeGreaterThan(0);
    expect(done.map(bringsNews)).toEqual(done.map(({ attempt }) => attempt === 0));
  });

  it.each([
    ['type:certifcate', 0, 'a type is a message as RFCs name it'],
    ['flight:4 type:', 9, 'a type is'],
    ['flight:x', 0, 'flight is a number or a range'],
    ['seq:9-1', 0, 'ends before it begins'],
    ['side:left', 0, 'client or server'],
    ['size:>', 0, 'compared with a number of bytes'],
    ['frag:=>3', 0, 'compared with a number of bytes'],
    ['  dup:maybe', 2, 'dup is yes or no'],
    ['lost:', 0, 'lost is yes or no'],
    ['dropped:all', 0, 'dropped is yes or no'],
    ['type:certificate,', 0, 'a type is a message'],
    ['alert:oops', 0, 'an alert is * for any'],
    ['colour:red', 0, 'filters are type, flight'],
    ['0x1', 0, 'two hexadecimal digits'],
    ['0xzz', 0, 'two hexadecimal digits'],
    ['hello -', 6, 'a minus stands before'],
  ])('says where and why it refuses “%s”', (text, at, why) => {
    expect(parseFilter(text)).toEqual({ ok: false, at, why: expect.stringContaining(why) });
  });
});

describe('the chips of a filter', () => {
  const texts = (filter: string, handshake = recoveredLoss()): string[] =>
    chipsOf(handshake, filter).map(
      ({ text, count, on }) => `${on ? '+' : ''}${text}${count === undefined ? '' : ` ${count}`}`,
    );
  const press = (filter: string, text: string): string => {
    const chip = chipsOf(recoveredLoss(), filter).find((one) => one.text === text);
    if (!chip) throw new Error(`no chip ${text}`);
    return toggled(filter, chip);
  };

  it('are what this handshake has of the common things, with how many datagrams each leaves', () => {
    expect(texts('')).toEqual([
      'from client 3',
      'from server 10',
      'lost 1',
      'retransmission 4',
      'client_hello 2',
      'hello_verify_request 1',
      'server_hello 2',
      'certificate 6',
      'server_key_exchange 2',
      'server_hello_done 2',
      'client_key_exchange 1',
    ]);
    for (const { word, count } of chipsOf(recoveredLoss(), ''))
      expect(kept(recoveredLoss(), word), word).toHaveLength(count ?? -1);
  });

  it('write the filter, take themselves out again, and leave the rest of it alone', () => {
    expect(press('frag:>100', 'certificate')).toBe('type:certificate frag:>100');
    expect(press('type:certificate frag:>100', 'client_hello')).toBe('type:certificate,client_hello frag:>100');
    expect(press('type:certificate,client_hello frag:>100', 'certificate')).toBe('type:client_hello frag:>100');
    expect(press('type:client_hello', 'client_hello')).toBe('');
    expect(press('lost:yes', 'lost')).toBe('');
    expect(press('side:client lost:yes', 'from server')).toBe('lost:yes side:server');
  });

  it('show every other word, to be taken out', () => {
    const filter = 'type:certificate,alert -dup:yes type:finished lost:no';
    expect(texts(filter)).toEqual(
      expect.arrayContaining(['+certificate 6', '+alert', '+-dup:yes', '+type:finished', '+lost:no', 'lost 1']),
    );
    expect(press(filter, '-dup:yes')).toBe('type:certificate,alert type:finished lost:no');
    expect(press(filter, 'type:finished')).toBe('type:certificate,alert -dup:yes lost:no');
    expect(press(filter, 'certificate')).toBe('type:alert -dup:yes type:finished lost:no');
  });
});
