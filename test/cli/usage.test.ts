import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCli } from '../support/buildCli.ts';

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());

const wrong = (stderr: string) => ({ code: 2, stdout: '', stderr });

describe('--version and --help', () => {
  it('print the version alone', async () => {
    expect(await cli.run('--version')).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
  });

  it('list the commands on stdout', async () => {
    const { code, stdout, stderr } = await cli.run('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of ['probe', 'serve', 'read', 'cert', 'helper']) expect(stdout).toContain(`  ${command} `);
  });

  it('show a command’s options in groups, exit codes and examples', async () => {
    const { code, stdout } = await cli.run('probe', '--help');
    expect(code).toBe(0);
    for (const group of ['Role and trust:', 'Datagrams:', 'Timers:', 'Network:', 'Report:'])
      expect(stdout).toContain(`\n${group}\n`);
    expect(stdout).toContain('Exit code: 0 the expected outcome');
    expect(stdout).toContain('dtlscope probe sim');
  });

  it('give examples whose flags the command has and takes', async () => {
    for (const command of ['probe', 'serve']) {
      const { stdout } = await cli.run(command, '--help');
      const profiles = [...stdout.matchAll(/--as (\S+)/g)].flatMap(([, name = '']) =>
        name === '<name>' ? [] : [name],
      );
      for (const name of profiles) expect((await cli.run('probe', 'sim', '--as', name, '--quiet')).stderr).toBe('');
    }
  });

  it('show what serve has, without what only a probe has', async () => {
    const { stdout } = await cli.run('serve', '--help');
    expect(stdout).toContain('--port <n>');
    expect(stdout).not.toMatch(/^ +--role /m);
  });

  it('list the quirks that a command can have', async () => {
    const { code, stdout, stderr } = await cli.run('serve', '--quirk', 'list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('\n  cookie-once  ');
    // A client's.
    expect(stdout).not.toContain('strict-hello-verify');
    expect((await cli.run('probe', 'sim', '--quirk', 'list')).stdout).toContain('strict-hello-verify');
  });

  it('list the link rules and the networks that have names', async () => {
    const { code, stdout, stderr } = await cli.run('probe', 'sim', '--link', 'list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('\n  burst=5%,length=4  ');
    expect(stdout).toContain('\n  licode-uplink   225 kbit/s up');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('come for nothing at all, as a mistake', async () => {
    const { code, stdout, stderr } = await cli.run();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: dtlscope');
  });
});

describe('a mistake on the command line', () => {
  it('in an option’s name is met with a suggestion', async () => {
    expect(await cli.run('probe', 'sim', '--mtuu', '3')).toEqual(
      wrong("error: unknown option '--mtuu'\n(Did you mean --mtu?)\n"),
    );
  });

  it('in a command’s name is met with a suggestion', async () => {
    expect(await cli.run('prob', 'sim')).toEqual(wrong("error: unknown command 'prob'\n(Did you mean probe?)\n"));
  });

  it('in a quirk’s name is met with the nearest names', async () => {
    const { code, stderr } = await cli.run('serve', '--quirk', 'last-flight');
    expect(code).toBe(2);
    expect(stderr).toContain('--quirk: "last-flight" is not known (did you mean last-flight-once');
    expect(stderr).toContain('--quirk list');
  });

  it('in several values is reported for each of them', async () => {
    expect(await cli.run('probe', 'sim', '--mtu', '12', '--link', 'out:lost=3%', '--rto', '1x')).toEqual(
      wrong(
        [
          '--mtu: "12" is too small; allowed: 64 to 65507 bytes',
          '--rto: "1x" has a unit that is not known; allowed: 1 to 600000 ms; units: ms, s, min',
          '--link: this has no rule "lost"; allowed: loss, burst, rate, load, delay, reorder, duplicate, corrupt, mtu, truncate, drop',
          '  out:lost=3%',
          '      ^',
          '',
        ].join('\n'),
      ),
    );
  });

  it('in the target says what a target is', async () => {
    expect(await cli.run('probe', 'example.org')).toEqual(
      wrong(
        'TARGET: "example.org" has no port; allowed: HOST:PORT, [IPv6]:PORT, sim, sim:QUIRK, sdp:FILE, whip:URL, whep:URL or browser\n',
      ),
    );
  });

  it('in an order for a certificate points at the character', async () => {
    const { code, stderr } = await cli.run('probe', 'sim', '--cert-gen', 'rsa-4096,chian=3');
    expect(code).toBe(2);
    expect(stderr).toContain('--cert-gen: this is not right:');
    expect(stderr).toContain('\n  rsa-4096,chian=3\n           ^\n');
  });

  it('of suites that nobody can run says so', async () => {
    const { code, stderr } = await cli.run('probe', 'sim', '--suites', 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^These options can not work: cipherSuites/);
  });

  it('of nothing but weak suites names the flag that allows them', async () => {
    const { code, stderr } = await cli.run('probe', 'sim', '--suites', 'TLS_RSA_WITH_AES_128_CBC_SHA');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^These options can not work: .*--allow-weak/);
  });

  it('in an output’s ending names those that there are', async () => {
    expect(await cli.run('probe', 'sim', '-o', 'run.txt')).toEqual(
      wrong('-o run.txt: its ending says no format; possible: .sqlog .qlog .pcapng .html .svg .md .json .keys\n'),
    );
  });

  it('in an output’s folder is found before anything runs', async () => {
    expect(await cli.run('probe', 'sim', '-o', 'no/such/run.sqlog')).toEqual({
      code: 3,
      stdout: '',
      stderr: 'Can not write no/such/run.sqlog: there is no such file or folder.\n',
    });
  });
});

describe('bad certificates and keys', () => {
  it('that are not there are named', async () => {
    expect(await cli.run('probe', 'sim', '--cert', 'nope.pem')).toEqual(
      wrong('Can not read the certificate nope.pem: there is no such file or folder.\n'),
    );
  });

  it('that are garbage are named with what is wrong', async () => {
    writeFileSync(cli.path('garbage.pem'), '-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n');
    const { code, stderr, stdout } = await cli.run('probe', '127.0.0.1:9', '--cert', 'garbage.pem');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^garbage\.pem: the CERTIFICATE block on line 1 .+\nWhat to do: .+\n$/);
  });

  it('that do not belong together are said not to, with what to do', async () => {
    await cli.run('cert', 'ecdsa-p256', '--cert-out', 'a.pem', '--key-out', 'a.key');
    await cli.run('cert', 'ecdsa-p256', '--cert-out', 'b.pem', '--key-out', 'b.key');
    const { code, stderr } = await cli.run('probe', 'sim', '--cert', 'a.pem', '--key', 'b.key');
    expect(code).toBe(2);
    expect(stderr).toContain('a.pem and b.key: the key does not belong to this certificate');
    expect(stderr).toContain('What to do: ');
    expect((await cli.run('probe', 'sim', '--cert', 'a.pem', '--key', 'a.key')).code).toBe(0);
  });
});

it('a package that was never built says so, and how to get one that is', () => {
  const tools = cli.path('unbuilt/src/tools');
  mkdirSync(tools, { recursive: true });
  copyFileSync(new URL('../../src/tools/dtlscope.mjs', import.meta.url), `${tools}/dtlscope.mjs`);
  const { status, stderr } = spawnSync(process.execPath, [`${tools}/dtlscope.mjs`], { encoding: 'utf8' });
  expect(status).toBe(3);
  expect(stderr).toMatch(/^dtlscope is not built in .*unbuilt\/, .*\nWhat to do: clone its repository/);
});
