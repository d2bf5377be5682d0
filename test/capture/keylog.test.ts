import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { formatKeyLog, keyLogLabels, parseKeyLog, secretEvents, secretsOf } from '../../src/capture/keylog.ts';

const folder = new URL('../fixtures/captures/', import.meta.url);
const random = 'ab'.repeat(32);
const master = 'cd'.repeat(48);
const good = `CLIENT_RANDOM ${random} ${master}`;

describe('a key log', () => {
  it.each(readdirSync(folder).filter((name) => name.endsWith('.keylog')))(
    'written by a real stack is read whole: %s',
    (name) => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      const { secrets, problems } = parseKeyLog(text);
      expect(problems).toEqual([]);
      const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
      expect(formatKeyLog(secrets).toLowerCase()).toBe(
        lines
          .map((line) => `${line}\n`)
          .join('')
          .toLowerCase(),
      );
    },
  );

  it('may have comments, blank lines, CRLF, capitals, a byte-order mark and no last line end', () => {
    const text = `\ufeff# made by hand\r\n\r\n  ${good.toUpperCase()}  \r\n\tRSA ${'01'.repeat(8)} ${master}\n${good}`;
    const { secrets, problems } = parseKeyLog(new TextEncoder().encode(text));
    expect(problems).toEqual([]);
    expect(secrets.map((secret) => secret.label)).toEqual(['CLIENT_RANDOM', 'RSA', 'CLIENT_RANDOM']);
    expect(secrets[0]).toEqual(secrets[2]);
  });

  it('keeps every label, known or new', () => {
    const lines = [...keyLogLabels, 'CLIENT_TRAFFIC_SECRET_17', 'SOME_LATER_SECRET_1'].map((label) =>
      label === 'RSA' ? `RSA 0102030405060708 ${master}` : `${label} ${random} ${master}`,
    );
    const { secrets, problems } = parseKeyLog(lines.join('\n'));
    expect(problems).toEqual([]);
    expect(formatKeyLog(secrets)).toBe(`${lines.join('\n')}\n`);
  });

  it.each([
    ['hello', 'does not begin with a label such as CLIENT_RANDOM'],
    ['CLIENT_RANDOM', 'CLIENT_RANDOM needs a client random and a secret after it'],
    [`CLIENT_RANDOM ${random}`, 'CLIENT_RANDOM needs a client random and a secret after it'],
    [`${good} more`, 'CLIENT_RANDOM has more than two values after it'],
    [`CLIENT_RANDOM ${random.slice(2)} ${master}`, 'the client random of CLIENT_RANDOM has 31 bytes instead of 32'],
    [`CLIENT_RANDOM ${random.slice(1)}x ${master}`, 'the client random of CLIENT_RANDOM is not hexadecimal'],
    [`CLIENT_RANDOM ${random} ${master.slice(1)}`, 'the secret of CLIENT_RANDOM is not hexadecimal'],
    [`CLIENT_RANDOM ${random} ${master.slice(2)}`, 'the master secret after CLIENT_RANDOM has 47 bytes instead of 48'],
    [`CLIENT_RANDOM ${random} ${'0'.repeat(20_000)}`, 'longer than any key log line'],
    [
      `SERVER_TRAFFIC_SECRET_2 ${random} ${master.slice(4)}`,
      'the secret of SERVER_TRAFFIC_SECRET_2 has 46 bytes instead of 32 or 48',
    ],
  ])('reports a bad line by its number and goes on: %s', (line, why) => {
    const { secrets, problems } = parseKeyLog(`# one\n${line}\n${good}\n`);
    expect(problems).toEqual([{ line: 2, why }]);
    expect(secrets).toHaveLength(1);
  });

  it('never repeats what a bad line holds: it may be half a secret', () => {
    const { problems } = parseKeyLog(`CLIENT_RANDOM ${random} ${'77'.repeat(40)}\n${'77'.repeat(40)}`);
    expect(JSON.stringify(problems)).not.toContain('7777');
    expect(problems).toHaveLength(2);
  });

  it('lists a bounded number of bad lines', () => {
    const { problems } = parseKeyLog('nonsense\n'.repeat(10_000));
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)?.why).toBe('9900 more lines are not key log lines');
  });

  it('never throws at noise', () => {
    const noise = new Prng(1);
    for (let i = 0; i < 2000; i++) expect(parseKeyLog(noise.bytes(noise.int(300))).secrets).toEqual([]);
  });

  it('goes into a trace and out of it, each secret once', () => {
    const { secrets } = parseKeyLog(`${good}\n${good}\n`);
    const events = secretEvents(secrets, 5);
    expect(events.map((event) => event.at)).toEqual([5, 5]);
    expect(secretsOf(events)).toEqual([secrets[0]]);
  });
});
