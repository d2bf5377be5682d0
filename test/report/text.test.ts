import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../src/analysis/model.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { Diagnosis } from '../../src/diagnosis/model.ts';
import { toAscii } from '../../src/report/plain.ts';
import { textLadder } from '../../src/report/text.ts';
import { resentAfterAck } from '../diagnosis/cases13.ts';
import { recordedTrace } from '../support/reading13.ts';
import { blank, captured, captureNames, handshakeOf, handshakesOf, simulated } from './handshakes.ts';

const plain80 = { width: 80, colour: false } as const;
const ladder = (handshake: Handshake, diagnosis: Diagnosis = blank): string =>
  textLadder(handshake, diagnosis, plain80);
/** Columns: every character that the ladder itself draws is one wide. */
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => [...line].length));

describe('the ladder of a real capture', () => {
  it.each([
    'loss-small',
    'trunc',
    'hole',
    'pmtu_blackhole',
    'chromium_janus_srtp',
    'good_mutual_srtp',
    'expired_client_cert',
    'dtls13_nss_mutual_pq',
  ] as const)('reads as it should: %s', async (name) => {
    await expect(ladder(handshakeOf(captured(name)))).toMatchFileSnapshot(`snapshots/${name}.txt`);
  });

  it.each(['dtls13_nss_mutual_pq', 'retry_aes256'] as const)(
    'says without keys what epochs, sizes and order tell: %s',
    async (name) => {
      const [handshake] = handshakesOf(recordedTrace(name, 'without keys'));
      if (!handshake) throw new Error('no handshake');
      await expect(ladder(handshake, diagnose(handshake))).toMatchFileSnapshot(`snapshots/${name}.closed.txt`);
    },
  );

  it('names what an ACK lists, and what was sent again because of it', async () => {
    const [handshake] = handshakesOf(resentAfterAck('with keys')());
    if (!handshake) throw new Error('no handshake');
    await expect(ladder(handshake, diagnose(handshake))).toMatchFileSnapshot('snapshots/resent_after_ack.txt');
  });

  it.each(captureNames)('fits the width it was given, wherever that is: %s', (name) => {
    for (const handshake of handshakesOf(captured(name))) {
      const diagnosis = diagnose(handshake);
      for (const width of [60, 80, 81, 100, 132, 200]) {
        expect(widest(textLadder(handshake, diagnosis, { width, colour: false }))).toBeLessThanOrEqual(width);
      }
      // "…" and "→" become longer; only text that wraps may do so, never the lanes.
      expect(widest(textLadder(handshake, diagnosis, { width: 80, colour: false, ascii: true }))).toBeLessThanOrEqual(
        96,
      );
    }
  });

  it.each(captureNames)(
    'says the verdict first, then shows every datagram in order, then every finding: %s',
    (name) => {
      for (const handshake of handshakesOf(captured(name))) {
        const diagnosis = diagnose(handshake);
        const text = ladder(handshake, diagnosis);
        const lines = text.split('\n');
        expect(lines[0]).toContain(diagnosis.outcome);
        expect(text.replace(/\s+/g, ' ')).toContain(diagnosis.verdict.slice(0, 40));
        const shown = lines.flatMap((line) => /^[ \d.]{9} +(\d+) [│├]/.exec(line)?.[1] ?? []).map(Number);
        const folded = [...text.matchAll(/… (\d+) times application data/g)].reduce((sum, [, n]) => sum + Number(n), 0);
        expect(shown.length + folded).toBe(handshake.datagrams.length);
        expect(shown).toEqual([...shown].sort((a, b) => a - b));
        const ids = diagnosis.findings.map(({ id }) => id);
        for (const id of ids) expect(text).toContain(`(${id})`);
        expect(text.indexOf('Findings') > text.lastIndexOf('▶')).toBe(ids.length > 0);
      }
    },
  );
});

describe('the ladder of a simulated run', () => {
  it('marks what the link lost and doubled, and what brought it back', () => {
    const trace = simulated([
      { kind: 'delay', ms: 20, jitterMs: 0, direction: undefined },
      {
        kind: 'script',
        direction: 'in',
        action: { kind: 'drop' },
        match: { nth: [1], message: 'certificate', byte: 100 },
      },
      {
        kind: 'script',
        direction: 'out',
        action: { kind: 'duplicate' },
        match: { nth: [1], message: undefined, byte: undefined },
      },
    ]);
    const text = ladder(handshakeOf(trace));
    expect(text).toMatch(/✕ lost \(/);
    expect(text).toMatch(/brings what was lost: certificate \[\d+,\d+\)/);
    expect(text).toContain('duplicated on the way');
    expect(text).toContain('client is connected');
    expect(text).toContain('server is connected');
    expect(text).toMatch(/again · (client|server) · retransmission 1 · timer of 1\.000 s ran out/);
    expect(text).toContain('server had client_hello already');
  });

  it('says how long a datagram waited in the queue, behind whose bytes, and what the sender was told', () => {
    const slow = simulated([
      { kind: 'rate', kbps: 225, queueBytes: 20_000, direction: 'out' },
      { kind: 'load', kbps: 215, streams: 2, bytes: 1000, direction: 'out' },
    ]);
    const text = ladder(handshakeOf(slow)).replace(/\s+│\s+│\s+/g, ' ');
    expect(text).toMatch(
      /waited \d+ ms in a queue of \d+ bytes, (all|\d+) of them other traffic \(out:rate=225kbit\/s,queue=20KB\)/,
    );
    const narrow = simulated([{ kind: 'mtu', notice: true, bytes: 280, direction: undefined }]);
    expect(ladder(handshakeOf(narrow)).replace(/\s+│\s+│\s+/g, ' ')).toContain(
      "lost: larger than the path's 280 bytes, and the sender is told",
    );
  });

  it('says that the time was up', () => {
    const text = ladder(handshakeOf(simulated([{ kind: 'loss', probability: 1, direction: undefined }])));
    expect(text).toContain('· the run ended: the time of 200000 ms was up');
  });

  it('says that an end gave up, and why', () => {
    const text = ladder(
      handshakeOf(simulated([{ kind: 'mtu', notice: false, bytes: 100, direction: 'in' }], { attempts: 2 })),
    );
    expect(text).toContain("✕ lost: larger than the path's 100 bytes");
    expect(text).toMatch(/✕ (client|server) gives up: timed-out \(flight \d+, attempts \d+\)/);
  });
});

describe('text from the peer', () => {
  const hostile = '\u001b[2Jevil\u202eABC\u200b\u0007\r\nnext\ud800\u{e0041}';
  const base = handshakeOf(captured('good_mutual_srtp'));
  const [certificate] = base.certificates.server;
  if (!certificate) throw new Error('the fixture has a server certificate');
  const poisoned: Handshake = {
    ...base,
    client: hostile,
    certificates: { client: [], server: [{ ...certificate, subject: hostile }] },
    parameters: { ...base.parameters, alpn: hostile },
    refused: [{ at: 1, by: hostile, why: hostile }],
    failures: [{ at: 1, actor: 'client', failure: { fault: 'peer', code: hostile, what: hostile } }],
    drops: [
      { at: 1, actor: 'client', packet: 1, reason: hostile, offset: 0, detail: hostile },
      { at: 1, actor: 'client', packet: undefined, reason: 'x', offset: 0, detail: hostile },
    ],
    end: { at: 2, how: 'interrupted', why: hostile },
  };
  const diagnosis: Diagnosis = {
    ...blank,
    verdict: hostile,
    findings: [
      {
        id: 'fragment-lost',
        severity: 'error',
        title: hostile,
        why: hostile,
        fix: hostile,
        see: hostile,
        evidence: [],
      },
    ],
  };

  it('cannot move the cursor, turn the text around or hide in it', () => {
    const text = textLadder(poisoned, diagnosis, plain80);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(text).not.toMatch(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]|\p{Cs}/u);
    expect(text).toContain('[2JevilABC next');
    const coloured = textLadder(poisoned, diagnosis, { width: 80, colour: true, ascii: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours are the only escapes.
    expect(coloured.replace(/\u001b\[\d+m/g, '')).not.toMatch(/[^ -~\n]/);
  });

  it('is counted in columns, so that wide characters do not break the lanes', () => {
    const wide = textLadder({ ...base, client: '漢字'.repeat(40) }, blank, plain80);
    const [, , , head = ''] = wide.split('\n');
    expect(head).toBeTypeOf('string');
    const addresses = wide.split('\n')[4] ?? '';
    const columns = [...addresses].reduce((sum, char) => sum + (/[漢字]/u.test(char) ? 2 : 1), 0);
    expect(columns).toBeLessThanOrEqual(72);
    expect(addresses).toContain('…');
  });
});

describe('options', () => {
  const handshake = handshakeOf(captured('loss-small'));
  const diagnosis = diagnose(handshake);

  it('colour adds escapes and nothing else', () => {
    const bare = textLadder(handshake, diagnosis, plain80);
    const coloured = textLadder(handshake, diagnosis, { width: 80, colour: true });
    expect(coloured).toContain('\u001b[32m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken out.
    const stripped = coloured.replace(/\u001b\[\d+m/g, '');
    expect(stripped.split('\n').map((line) => line.trimEnd())).toEqual(bare.split('\n'));
  });

  it('red is only for what stopped the handshake', () => {
    const red = '\u001b[31m';
    expect(textLadder(handshake, diagnosis, { width: 80, colour: true })).not.toContain(red);
    const stuck = handshakeOf(captured('trunc'));
    expect(textLadder(stuck, diagnose(stuck), { width: 80, colour: true })).toContain(red);
  });

  it('ASCII means ASCII, and keeps every shape apart', async () => {
    const text = textLadder(handshake, diagnosis, { width: 80, colour: false, ascii: true });
    expect(text).toMatch(/^[ -~\n]*$/);
    const drawn = textLadder(handshake, blank, { width: 80, colour: false, ascii: true });
    await expect(drawn).toMatchFileSnapshot('snapshots/loss-small-ascii.txt');
  });

  it('a width too small for any ladder is taken as 60', () => {
    expect(textLadder(handshake, blank, { width: 1, colour: false })).toBe(
      textLadder(handshake, blank, { width: 60, colour: false }),
    );
  });

  it('says known signs in ASCII, letters without accents, and the rest as a question mark', () => {
    expect(toAscii('RFC 6347 §4.2 – “é” → ≥ 3 × … 漢')).toBe('RFC 6347 section 4.2 - "e" -> >= 3 x ... ?');
  });
});

it('stays a page or two when a peer makes a hundred thousand datagrams', () => {
  const base = handshakeOf(captured('loss-small'));
  const [first] = base.datagrams;
  if (!first) throw new Error('the fixture has datagrams');
  const datagrams = Array.from({ length: 100_000 }, (_, i) => ({ ...first, packet: i + 1, at: i, flight: undefined }));
  const text = ladder({ ...base, datagrams });
  expect(text.split('\n').length).toBeLessThan(1000);
  expect(text).toContain('… 99600 more datagrams …');
  const lost = Array.from({ length: 5000 }, (_, i) => {
    const evidence = 'hole' as const;
    return {
      from: 'server' as const,
      message: 11,
      messageKey: 'server/2',
      bytes: [i, i + 1] as const,
      evidence,
      packets: [],
      recoveredAt: undefined,
    };
  });
  const holes = ladder({ ...base, lost });
  expect(holes.split('\n').length).toBeLessThan(300);
  expect(holes).toContain('and 4980 more losses');
});
