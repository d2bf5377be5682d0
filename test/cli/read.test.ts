import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toPcapng } from '../../src/capture/write.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { TestCli } from '../support/buildCli.ts';
import { captureHeader, simulated } from '../support/traces.ts';

const captures = new URL('../fixtures/captures/', import.meta.url).pathname;
const capture = (name: string): string => join(captures, name);
let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
  await cli.run(
    'probe',
    'sim',
    '--link',
    'loss=20%',
    '--seed',
    '5',
    '-o',
    'run.sqlog',
    '-o',
    'run.qlog',
    '-o',
    'run.pcapng',
    '-o',
    'run.keys',
  );
});
afterAll(() => cli.dispose());

interface Report {
  readonly dtlscope: string;
  readonly handshakes: readonly { readonly id: string; readonly outcome: string; readonly verdict: string }[];
}
const report = (stdout: string): Report => JSON.parse(stdout) as Report;

describe('read', () => {
  it('explains a capture: verdict first, then the ladder', async () => {
    const { code, stdout, stderr } = await cli.run('read', capture('good_ecdhe_rsa.pcapng'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [first, verdict] = stdout.split('\n');
    expect(first).toMatch(/^✔ established +h1 · DTLS 1\.2/);
    expect(verdict).toMatch(/^ {2}Established in /);
    expect(stdout).toContain('━━ flight 1 · client ━━ client_hello');
  });

  it('explains a run the same way whatever format it was written in', async () => {
    const [sqlog, qlog] = await Promise.all(['run.sqlog', 'run.qlog'].map((name) => cli.run('read', name, '--json')));
    expect(sqlog?.code).toBe(0);
    expect(sqlog?.stdout).toBe(qlog?.stdout);
    const pcapng = report((await cli.run('read', 'run.pcapng', '--json')).stdout);
    expect(pcapng.handshakes.map(({ outcome }) => outcome)).toEqual(['established']);
  });

  it('opens encrypted records with --keys, or with a key log among the files', async () => {
    const protection = async (...args: readonly string[]) => (await cli.run('read', 'run.pcapng', ...args)).stdout;
    expect(await protection()).not.toContain('records decrypted');
    expect(await protection('--keys', 'run.keys')).toContain('records decrypted');
    expect(await protection('run.keys')).toContain('records decrypted');
  });

  it('reads what is packed with gzip as if it were not, and says when it can not', async () => {
    const bytes = readFileSync(capture('loss-small.pcapng'));
    writeFileSync(cli.path('packed.pcapng.gz'), gzipSync(bytes));
    writeFileSync(cli.path('cut.gz'), gzipSync(bytes).subarray(0, 900));
    const keys = capture('loss-small.keylog');
    const [plain, packed] = await Promise.all(
      [capture('loss-small.pcapng'), 'packed.pcapng.gz'].map((name) => cli.run('read', name, '--keys', keys, '--json')),
    );
    expect(packed).toEqual(plain);
    const { code, stderr } = await cli.run('read', 'cut.gz');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^Can not unpack cut\.gz, which is a gzip file: .*Try gunzip\./),
    ]);
  });

  it('reads several files, each under its name', async () => {
    copyFileSync(capture('good_ecdhe_rsa.pcapng'), cli.path('good.pcapng'));
    const text = await cli.run('read', 'good.pcapng', 'run.sqlog');
    expect(text.stdout).toMatch(/^== good\.pcapng\n.*\n== run\.sqlog\n/s);
    const { handshakes } = report((await cli.run('read', 'good.pcapng', 'run.sqlog', '--json')).stdout);
    expect(handshakes.map(({ id }) => id)).toEqual(['good.pcapng#h1', 'run.sqlog#h1']);
  });

  it('exits with 0 whatever it found, unless there is an expectation', async () => {
    const failed = capture('trunc.pcapng');
    expect((await cli.run('read', failed)).code).toBe(0);
    expect((await cli.run('read', failed, '--expect', 'truncated')).code).toBe(0);
    const other = await cli.run('read', failed, '--expect', 'established');
    expect(other).toMatchObject({ code: 1, stderr: 'Expected established, got truncated.\n' });
    expect((await cli.run('read', failed, '--expect', 'fine')).code).toBe(2);
  });

  it('converts a capture, with its secrets only when asked', async () => {
    const { code } = await cli.run('read', 'run.pcapng', '--keys', 'run.keys', '-o', 'c.sqlog', '-o', 'c.pcapng');
    expect(code).toBe(0);
    expect(readFileSync(cli.path('c.sqlog'), 'utf8')).not.toContain('"secret"');
    const again = (await cli.run('read', 'c.sqlog', '--quiet')).stdout;
    expect(again).toBe((await cli.run('read', 'run.pcapng', '--quiet')).stdout);
    await cli.run('read', 'run.pcapng', '--keys', 'run.keys', '--with-keys', '-o', 'k.pcapng');
    expect((await cli.run('read', 'k.pcapng')).stdout).toContain('records decrypted');
  });

  it('says what else there was when no handshake is in a file', async () => {
    writeFileSync(cli.path('empty.sqlog'), readFileSync(cli.path('run.sqlog'), 'utf8').split('\n')[0] ?? '');
    const { code, stdout, stderr } = await cli.run('read', 'empty.sqlog');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('empty.sqlog: there is no DTLS handshake in it.');
  });
});

describe('a capture without DTLS', () => {
  it('is told by what is in it, where that is no UDP', async () => {
    // Ethernet, IPv4, TCP: 54 bytes.
    const frame = Buffer.from(
      `${'00'.repeat(12)}0800${'450000280000000040060000'}7f0000017f000001${'00'.repeat(20)}`,
      'hex',
    );
    const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
    const record = Buffer.from('00000000000000003600000036000000', 'hex');
    writeFileSync(cli.path('tcp.pcap'), Buffer.concat([header, record, frame, record, frame]));
    const { code, stderr } = await cli.run('read', 'tcp.pcap');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'tcp.pcap: there is no DTLS handshake in it. None of its 2 frames holds UDP: 2 TCP.\n',
    });
  });
});

describe('a capture of many handshakes', () => {
  const full = /^[✔✕?] \w/;
  const drawn = (stdout: string): readonly string[] => stdout.split('\n').filter((line) => / {2}h\d+ · /.test(line));
  beforeAll(() => {
    const quick = simulated({ seed: 3 });
    const stuck = simulated({ seed: 3, rules: ['drop=client_key_exchange'], timeoutMs: 5000 });
    const events = Array.from({ length: 22 }, (_, call) =>
      (call === 20 ? stuck : quick).events.flatMap((event): readonly TraceEvent[] => {
        if (event.kind !== 'datagram') return [];
        const [client, server] = [`10.0.0.${call}:4000`, '198.51.100.1:4433'];
        const ends = event.from === 'client' ? { src: client, dst: server } : { src: server, dst: client };
        return [{ ...event, ...ends, from: undefined, at: call * 10_000 + event.at }];
      }),
    ).flat();
    writeFileSync(cli.path('many.pcapng'), toPcapng({ header: captureHeader, events }, { withKeys: false }));
  });

  it('is a list, and below it the one in trouble; --all draws them all', async () => {
    const { code, stdout } = await cli.run('read', 'many.pcapng');
    expect(code).toBe(0);
    const [first, , second] = stdout.split('\n');
    expect(first).toBe('22 handshakes: 21 established, 1 stalled');
    expect(second).toBe('✔ h1    0.000 s  10.0.0.0:4000 → 198.51.100.1:4433');
    expect(stdout.split('\n').filter((line) => full.test(line))).toHaveLength(23);
    expect(stdout).toContain('\nDrawn below: the one in trouble. --handshake N draws any other, --all draws all.\n');
    expect(drawn(stdout)).toEqual([expect.stringMatching(/^✕ stalled {2}h21 · /)]);
    expect(drawn((await cli.run('read', 'many.pcapng', '--all')).stdout)).toHaveLength(22);
  });

  it('shows those alone that --handshake names, in files too', async () => {
    const { stdout } = await cli.run('read', 'many.pcapng', '--handshake', '3,h22', '-o', 'two.json');
    expect(drawn(stdout)).toEqual([expect.stringContaining('h3 · '), expect.stringContaining('h22 · ')]);
    const { handshakes } = report(readFileSync(cli.path('two.json'), 'utf8'));
    expect(handshakes.map(({ id }) => id)).toEqual(['h3', 'h22']);
    expect((await cli.run('read', 'many.pcapng', '--handshake', '21', '--quiet')).stdout).toMatch(/^Stalled .*\n$/);
  });

  it.each([
    ['23', '--handshake 23: there are 22 handshakes.\n'],
    ['first', '--handshake first: a number, as in h12; several with commas.\n'],
  ])('has no handshake %s, and says so', async (text, said) => {
    const { code, stderr } = await cli.run('read', 'many.pcapng', '--handshake', text);
    expect({ code, stderr }).toEqual({ code: 2, stderr: said });
  });
});

describe('a file that is broken', () => {
  it.each(['good_ecdhe_rsa.pcapng', 'chromium_janus_srtp.pcapng'])(
    'as a cut %s is read as far as it goes, with the place of the cut',
    async (name) => {
      const whole = readFileSync(capture(name));
      writeFileSync(cli.path('cut.pcapng'), whole.subarray(0, whole.length - 10));
      const { code, stdout, stderr } = await cli.run('read', 'cut.pcapng');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^✔ established/);
      expect(stderr).toMatch(/^cut\.pcapng: at byte \d+: /);
    },
  );

  it('as a cut trace is read as far as it goes', async () => {
    const whole = readFileSync(cli.path('run.sqlog'));
    writeFileSync(cli.path('cut.sqlog'), whole.subarray(0, whole.length - 100));
    const { code, stdout, stderr } = await cli.run('read', 'cut.sqlog');
    expect(code).toBe(0);
    expect(stdout).toContain('client_hello');
    expect(stderr).toMatch(/^cut\.sqlog: at byte \d+: /);
  });

  it('so that nothing can be read is an error that says what was found and what is wanted', async () => {
    writeFileSync(cli.path('photo.pcap'), Buffer.from('89504e470d0a1a0a0000000d', 'hex'));
    const { code, stdout, stderr } = await cli.run('read', 'photo.pcap');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^photo\.pcap: at byte 0: /);
  });

  it('does not keep the others from being read', async () => {
    writeFileSync(cli.path('noise.bin'), 'noise');
    const { code, stdout, stderr } = await cli.run('read', 'noise.bin', 'missing.pcap', 'run.sqlog');
    expect(code).toBe(2);
    expect(stderr).toContain('noise.bin: ');
    expect(stderr).toContain('Can not read the file missing.pcap: there is no such file or folder.');
    expect(stdout).toContain('established');
  });

  it('with --json still prints a document', async () => {
    const { code, stdout } = await cli.run('read', 'noise.bin', '--json');
    expect(code).toBe(2);
    expect(report(stdout)).toEqual({ dtlscope: '1.2.3', handshakes: [] });
  });

  it('because it is newer says which version to get', async () => {
    const text = readFileSync(cli.path('run.qlog'), 'utf8');
    const ours = /"format":\[1,\d+\]/;
    expect(text).toMatch(ours);
    writeFileSync(cli.path('newer.qlog'), text.replace(ours, '"format":[99,0]'));
    const { code, stdout, stderr } = await cli.run('read', 'newer.qlog');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('format version 99, newer than version 1 that this dtlscope reads; update dtlscope');
  });

  it('as a key log is said, and the capture is read without', async () => {
    writeFileSync(cli.path('bad.keys'), 'not a key log\n');
    const { code, stdout, stderr } = await cli.run('read', 'run.pcapng', '--keys', 'bad.keys');
    expect(code).toBe(2);
    expect(stdout).toContain('established');
    expect(stderr).toMatch(/^bad\.keys: line 1: .*A key log has lines such as/s);
  });

  it('an empty key log is no mistake', async () => {
    writeFileSync(cli.path('empty.keys'), '# nothing\n');
    const { code, stderr } = await cli.run('read', 'run.pcapng', '--keys', 'empty.keys');
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'empty.keys: there are no secrets in it.\n' });
  });

  it('the key log of a handshake that failed before there were keys may stand among the files', async () => {
    const { code, stderr } = await cli.run('read', capture('hole.pcapng'), capture('hole.keylog'), '--quiet');
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${capture('hole.keylog')}: there are no secrets in it.\n` });
  });

  it('a key log alone is answered with what is missing', async () => {
    const { code, stdout, stderr } = await cli.run('read', capture('loss-small.keylog'));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe('A key log holds no datagrams: name the capture that it belongs to beside it.\n');
  });

  it('of a text that is no key log one line is enough', async () => {
    writeFileSync(cli.path('letter.keys'), 'Dear Sir or Madam\n'.repeat(500));
    const { code, stderr } = await cli.run('read', 'run.pcapng', '--keys', 'letter.keys', '--quiet');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^letter\.keys: line 1: .*\nA key log has lines such as .*\n$/);
  });
});

describe('read from a pipe', () => {
  it('takes a capture from standard input', async () => {
    const { child, ended } = cli.start('read', '-', '--quiet');
    child.stdin?.end(readFileSync(capture('hole.pcapng')));
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Stalled after the client's ClientHello/);
  });

  it('takes captures from the pipes of a shell, which can be read once', async () => {
    const [node, bundle] = cli.command;
    const line = `"${node}" "${bundle}" read <(cat "${capture('hole.pcapng')}") "${capture('good_ecdhe_rsa.pcapng')}" --quiet`;
    const stdout = execFileSync('bash', ['-c', line], { encoding: 'utf8' });
    expect(stdout).toMatch(/^Stalled after.*\nEstablished in/);
  });
});
