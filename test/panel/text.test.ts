import { describe, expect, it } from 'vitest';
import { contentsOf, fileName } from '../../panel/files.ts';
import { datagramDetails } from '../../panel/layout/details.ts';
import { runRow } from '../../panel/layout/runRows.ts';
import { bySeverity, clock, duration, ordinal, outcomeBadge } from '../../panel/layout/text.ts';
import type { RunSummary } from '../../src/bridge/panel.ts';
import { outcomes } from '../../src/diagnosis/model.ts';
import type { Trace } from '../../src/trace/model.ts';
import { headerOf } from '../support/fakeBackground.ts';
import { handshakeOf, recoveredLoss } from '../support/handshakes.ts';

describe('times', () => {
  it.each([
    [0, '0 ms'],
    [0.84, '0.8 ms'],
    [12.4, '12 ms'],
    [999.4, '999 ms'],
    [999.6, '1.000 s'],
    [1005, '1.005 s'],
    [65_123, '65.1 s'],
    [-5, '−5 ms'],
    [Number.NaN, '–'],
  ])('%f ms is written %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it('read down as a column', () => {
    expect([0, 9.44, 999.9, 1014.7].map(clock)).toEqual(['0.0 ms', '9.4 ms', '999.9 ms', '1.015 s']);
  });

  it('count as people do', () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal)).toEqual([
      '1st',
      '2nd',
      '3rd',
      '4th',
      '11th',
      '12th',
      '13th',
      '21st',
      '102nd',
      '111th',
    ]);
  });
});

describe('results', () => {
  it('are told by word and shape: no two outcomes share both word and tone', () => {
    const badges = outcomes.map(outcomeBadge);
    expect(new Set(badges.map((badge) => badge.text)).size).toBe(outcomes.length);
    expect(badges.filter((badge) => badge.tone === 'good').map((badge) => badge.text)).toEqual(['established']);
    for (const badge of badges) if (badge.tone === 'bad') expect(badge.shape).toBe('cross');
  });

  it('put errors before warnings before the rest, and leave the order within alone', () => {
    const findings = (['info', 'error', 'warning', 'error'] as const).map((severity, n) => ({ severity, n }));
    expect(bySeverity(findings).map(({ n }) => n)).toEqual([1, 3, 2, 0]);
  });
});

describe('details of a datagram', () => {
  const handshake = recoveredLoss();

  it('say where it went, what it held, and what the link did', () => {
    const details = datagramDetails(handshake, 5, [{ packet: 5, start: 25, end: 300 }]);
    const fact = (name: string) => details?.facts.find((one) => one.name === name)?.value;
    expect(details?.title).toBe('Datagram 5');
    expect(fact('Direction')).toBe('server → client');
    expect(fact('Flight')).toBe('4, first sending');
    expect(fact('Link')).toBe('lost: loss 10%');
    expect(fact('Evidence')).toBe('bytes 25–300');
    expect(details?.records.map((record) => record.title)).toEqual(['certificate 150–425 of 700']);
  });

  it('say that a repetition brought nothing new', () => {
    const details = datagramDetails(handshake, 10);
    expect(details?.facts.find((one) => one.name === 'New bytes')?.value).toBe('none: all was sent before');
    expect(details?.facts.find((one) => one.name === 'Flight')?.value).toBe('4, 1st retransmission');
  });

  it('say what was ignored and what could not be read', () => {
    const cut = handshakeOf(
      [
        {
          at: 0,
          from: 'server',
          size: 1200,
          holds: [],
          leftover: { start: 13, reason: 'the record ends behind the datagram', declared: 1400 },
        },
      ],
      { drops: [{ at: 0, actor: 'client', packet: 1, reason: 'truncated', offset: 13, detail: undefined }] },
    );
    expect(datagramDetails(cut, 1)?.remarks).toEqual([
      'From byte 13 on: the record ends behind the datagram; 1400 B declared, 1187 bytes there',
      'Ignored by the client at byte 13: truncated',
    ]);
  });

  it('are none for a datagram of another handshake', () => {
    expect(datagramDetails(handshake, 99)).toBeUndefined();
  });
});

describe('a row of the run list', () => {
  const run: RunSummary = {
    id: 'r',
    number: 3,
    startedAt: 0,
    request: { target: '127.0.0.1:4444', options: { mtu: '300' } },
    state: 'ended',
    events: 10,
  };

  it('shows what the background read, before the panel has the events', () => {
    const row = runRow({ ...run, outcome: 'stalled', durationMs: 2500, retransmissions: 2, version: '1.2' }, undefined);
    expect(row.label).toBe(
      `127.0.0.1:4444, stalled, #3 ${row.startedAt}, 2.500 s, 2 retransmissions, MTU 300, DTLS 1.2, run`,
    );
    expect(row.badge.tone).toBe('bad');
  });

  it('leaves out what is not known, and shows an outcome of another version by its name', () => {
    const row = runRow({ ...run, outcome: 'eaten-by-moths' }, undefined);
    expect(row.figures).toEqual(['MTU 300']);
    expect(row.badge).toEqual({ text: 'eaten-by-moths', tone: 'quiet', shape: 'ring' });
  });

  it('says that it is running for as long as it runs', () => {
    expect(runRow({ ...run, state: 'running', outcome: 'established' }, undefined).badge.text).toBe('running');
  });
});

describe('files', () => {
  const trace: Trace = {
    header: headerOf('x'),
    events: [
      {
        kind: 'datagram',
        at: 0,
        packet: 1,
        src: '127.0.0.1:1',
        dst: '127.0.0.1:2',
        from: 'client',
        bytes: Uint8Array.of(22, 254, 253),
        length: 3,
        contents: undefined,
      },
      {
        kind: 'secret',
        at: 1,
        label: 'CLIENT_RANDOM',
        clientRandom: new Uint8Array(32).fill(0xab),
        secret: new Uint8Array(48).fill(0xcd),
      },
    ],
  };
  const held = (contents: string | Uint8Array): boolean =>
    (typeof contents === 'string' ? contents : new TextDecoder('latin1').decode(contents)).includes('cdcdcdcdcd');

  it.each(['sqlog', 'qlog', 'pcapng', 'keys'] as const)('of kind %s hold secrets only when asked', (kind) => {
    expect(held(contentsOf(trace, [], kind, { withKeys: false }))).toBe(false);
    expect(held(contentsOf(trace, [], kind, { withKeys: true }))).toBe(true);
  });

  it('have names that any file system takes, and that say when keys are in them', () => {
    expect(fileName({ number: 3, target: '[2001:db8::1]:4433' }, 'pcapng', false)).toBe(
      'dtlscope-3-2001-db8-1-4433.pcapng',
    );
    expect(fileName({ number: 3, target: 'sim' }, 'sqlog', true)).toBe('dtlscope-3-sim-with-keys.sqlog');
    expect(fileName({ number: 1, target: '../../etc/passwd' }, 'sqlog', false)).toBe(
      'dtlscope-1-..-..-etc-passwd.sqlog',
    );
  });
});
