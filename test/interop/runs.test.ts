/** `dtlscope run` over a network: several at once, with peers that are not ours, and interrupted. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DOMParser } from '@xmldom/xmldom';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openFile } from '../../src/capture/open.ts';
import { type Running, TestCli } from '../support/buildCli.ts';
import { credential } from '../support/credentials.ts';
import { opensslServer } from '../support/opensslPeer.ts';

let cli: TestCli;
const cleanups: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const file = (name: string, ...lines: readonly string[]): string => {
  writeFileSync(cli.path(name), ['version: 1', 'linger: 0', 'timeout: 20s', ...lines, ''].join('\n'));
  return name;
};
async function serving(): Promise<{ readonly server: Running; readonly target: string }> {
  const server = cli.start('serve', '--port', '0', '--echo', '--quiet');
  cleanups.push(async () => {
    server.child.kill('SIGINT');
    await server.ended;
  });
  const [, port = ''] = await server.waitFor(/Listening on 127\.0\.0\.1:(\d+)\n/);
  return { server, target: `127.0.0.1:${port}` };
}
async function openssl(): Promise<string> {
  const { peer, port } = await opensslServer(await credential('ecdsa-p256'));
  cleanups.push(() => peer.stop());
  return `127.0.0.1:${port}`;
}
/** The results of a JUnit file: name, and the message of what failed. */
const results = (name: string): readonly (readonly [string | null, string | null])[] => {
  const document = new DOMParser().parseFromString(readFileSync(cli.path(name), 'utf8'), 'text/xml');
  return [...document.getElementsByTagName('testcase')].map((one) => [
    one.getAttribute('name'),
    [...one.getElementsByTagName('failure'), ...one.getElementsByTagName('error')][0]?.getAttribute('message') ?? null,
  ]);
};

describe('several runs at once over a network', () => {
  it('keep their traces apart, and use no port twice', async () => {
    const { target } = await serving();
    const theirs = [await openssl(), await openssl()];
    // What is not as expected has its trace kept.
    const wrong = 'expect: stalled';
    const files = [
      file('a.yaml', `target: ${target}`, wrong),
      file('b.yaml', `target: ${theirs[0]}`, 'versions: ["1.2"]', wrong),
      file('c.yaml', `target: ${theirs[1]}`, 'versions: ["1.2"]', wrong),
      file('d.yaml', `target: ${target}`, 'steps: ["send=100,echo=5s"]', wrong),
      file('e.yaml', 'target: sim', wrong),
    ];
    const { code } = await cli.run('run', ...files, '--jobs', '4', '--traces', 'kept', '--junit', 'several.xml');
    expect(code).toBe(1);
    expect(results('several.xml').map(([name]) => name)).toEqual(files);
    const kept = readdirSync(cli.path('kept')).sort();
    expect(kept).toEqual(['001-a.sqlog', '002-b.sqlog', '003-c.sqlog', '004-d.sqlog', '005-e.sqlog']);
    const peers = [target, ...theirs, target];
    const ports = kept.slice(0, 4).map((name, index) => {
      const opened = openFile(readFileSync(cli.path(`kept/${name}`)));
      if (!('trace' in opened) || !opened.trace) throw new Error(`${name} can not be read`);
      const { events } = opened.trace;
      const datagrams = events.flatMap((event) => (event.kind === 'datagram' ? [event] : []));
      const [first] = datagrams;
      // Nothing of another run is in it, and it is whole.
      for (const { src, dst } of datagrams) expect([src, dst].sort()).toEqual([first?.src, peers[index]].sort());
      expect(events.filter(({ kind }) => kind === 'connected')).toHaveLength(1);
      expect(events.at(-1)?.kind).toBe('end');
      return first?.src;
    });
    expect(new Set(ports).size).toBe(4);
  });

  it('of one scenario are counted together, each from a port of its own', async () => {
    const { target } = await serving();
    const name = file('f.yaml', `target: ${target}`, 'parallel: 6', 'repeat: 2', 'steps: ["send=10,echo=5s"]');
    const { code, stdout } = await cli.run('run', name, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      cases: [{ result: 'held', repeat: { made: 12, outcomes: { established: 12 } } }],
    });
  });
});

describe('a run that is interrupted', () => {
  it('writes what it has: results, JUnit, page and traces, and says what was not begun', async () => {
    const silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanups.push(async () => silent.close());
    const files = [
      file('1.yaml', 'target: sim'),
      file('2.yaml', `target: 127.0.0.1:${silent.address().port}`),
      file('3.yaml', `target: 127.0.0.1:${silent.address().port}`),
    ];
    const asked = once(silent, 'message');
    const outputs = ['--junit', 'cut.xml', '-o', 'cut.html', '--traces', 'cut', '--blob', 'cut.blob'];
    const running = cli.start('run', ...files, ...outputs);
    await asked;
    running.child.kill('SIGINT');
    const { code, stdout } = await running.ended;
    expect(code).toBe(3);
    expect(stdout).toMatch(/\n1 of 3 as expected, 1 not, 1 could not be made\.\n$/);
    expect(results('cut.xml')).toEqual([
      ['1.yaml', null],
      ['2.yaml', 'the outcome should be established, and is cancelled'],
      ['3.yaml', 'it was not begun: the run was interrupted'],
    ]);
    expect(readFileSync(cli.path('cut.html'), 'utf8')).toContain('1 of 3 as expected');
    expect(readdirSync(cli.path('cut'))).toEqual(['002-2.sqlog']);
    // A part that was cut is a part all the same.
    expect((await cli.run('merge', 'cut.blob', '--quiet')).code).toBe(3);
  });
});
