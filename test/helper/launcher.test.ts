import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exitText, readExit, telling } from '../../src/bridge/exit.ts';
import type { FromHelper } from '../../src/bridge/messages.ts';
import type { HelperExit } from '../../src/bridge/panel.ts';
import { exitedMessageBytes, type LauncherOptions, launcherScript, readLauncher } from '../../src/helper/launcher.ts';
import { buildHelper, HelperProcess, littleEndian, pidsWith, runs } from './process.ts';

/** Debian's sh is dash; macOS and others have bash by that name. */
const shells = ['/bin/dash', '/bin/bash'].filter((shell) => existsSync(shell));

/** For a busy machine. */
const patience = { timeout: 20_000 };

let built: Awaited<ReturnType<typeof buildHelper>>;
let dir: string;
let helper: string;
let temporary: string;
const started: HelperProcess[] = [];

beforeAll(async () => {
  built = await buildHelper();
});
afterAll(() => built.dispose());
beforeEach(() => {
  // What is special to a shell is in people's paths.
  dir = mkdtempSync(join(tmpdir(), "dtlscope it's $HOME `date` % "));
  helper = join(dir, 'helper.mjs');
  temporary = join(dir, 'tmp');
  mkdirSync(temporary);
  copyFileSync(built.file, helper);
});
afterEach(() => {
  for (const one of started.splice(0)) one.child.kill('SIGKILL');
  for (const pid of pidsWith(helper)) process.kill(pid, 'SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

function launch(shell: string, more: Partial<LauncherOptions> = {}, env: NodeJS.ProcessEnv = {}): HelperProcess {
  const script = join(dir, 'launcher');
  writeFileSync(script, launcherScript({ node: process.execPath, helper, extensionIds: [], littleEndian, ...more }));
  const launched = new HelperProcess(script, undefined, shell, { TMPDIR: temporary, ...env });
  started.push(launched);
  return launched;
}

/** The launcher's last message, which is the last of all. */
async function lastWords(launched: HelperProcess): Promise<HelperExit> {
  await launched.exited;
  expect(launched.strays).toEqual([]);
  const last = launched.messages.at(-1);
  if (last?.kind !== 'exited') throw new Error(`no last words: ${JSON.stringify(last)} ${launched.stderr}`);
  expect(pidsWith(helper).filter(runs)).toEqual([]);
  return readExit(last);
}

describe.each(shells)('the launcher in %s', (shell) => {
  it('passes everything on, in both directions', async () => {
    const peer = createSocket('udp4');
    peer.on('message', (data, { port, address }) => peer.send(data, port, address));
    peer.bind(0, '127.0.0.1');
    await once(peer, 'listening');
    const launched = launch(shell);
    expect(await launched.greet()).toMatchObject({ helper: '9.9.9' });
    await launched.open(1);
    const { port } = peer.address();
    const payload = Buffer.from([...Array(1200).keys()].map((i) => i & 255)).toString('base64');
    const datagrams = [...Array(200).keys()].map((packet) => ({ packet, address: '127.0.0.1', port, data: payload }));
    for (let i = 0; i < datagrams.length; i += 40) {
      launched.send({ kind: 'send', socket: 1, datagrams: datagrams.slice(i, i + 40) });
      await expect.poll(() => launched.events.filter(({ kind }) => kind === 'received').length, patience).toBe(i + 40);
    }
    expect(launched.strays).toEqual([]);
    expect(await launched.stop()).toEqual({ code: 0, signal: null });
    expect(launched.messages.map(({ kind }) => kind)).not.toContain('exited');
    peer.close();
  });

  it('ends with its input, says nothing, and leaves no process and no file', async () => {
    const launched = launch(shell);
    await launched.greet();
    expect(pidsWith(helper)).toHaveLength(1);
    expect(readdirSync(temporary)).toEqual([]);
    expect(await launched.stop()).toEqual({ code: 0, signal: null });
    expect(launched.messages.map(({ kind }) => kind)).toEqual(['hello']);
    expect(launched.strays).toEqual([]);
    expect(pidsWith(helper).filter(runs)).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('ends the helper at %s, and with it', async (signal) => {
    const launched = launch(shell);
    await launched.greet();
    launched.child.kill(signal);
    expect(await lastWords(launched)).toEqual({ reason: 'ended', signal, stderr: '' });
  });

  it('can still be written to when its last words are heard, or a browser would drop them for the error', async () => {
    writeFileSync(helper, 'process.exit(7);');
    const [missing, gone] = [join(dir, 'gone.mjs'), join(dir, 'gone', 'node')];
    for (const more of [{}, { helper: missing }, { node: gone }]) {
      const launched = launch(shell, more);
      await expect.poll(() => launched.messages.map(({ kind }) => kind), patience).toEqual(['exited']);
      // Who is not there for a message that is on its way may still be taken for somebody who is.
      await new Promise((resolve) => setTimeout(resolve, 200));
      const error = await new Promise((resolve) => launched.child.stdin.write(new Uint8Array(100), resolve));
      expect(error ?? undefined, JSON.stringify(more)).toBeUndefined();
    }
  });

  it('leaves no process behind, whenever the signal comes', async () => {
    for (let ms = 0; ms < 60; ms += 5) {
      const launched = launch(shell);
      await new Promise((resolve) => setTimeout(resolve, ms));
      launched.child.kill('SIGTERM');
      await launched.exited;
      expect(pidsWith(helper).filter(runs), `after ${ms} ms`).toEqual([]);
      expect(launched.strays).toEqual([]);
    }
  });

  it('killed itself, leaves a helper that ends with its input', async () => {
    const launched = launch(shell);
    await launched.greet();
    launched.child.kill('SIGKILL');
    launched.child.stdin.end();
    await expect.poll(() => pidsWith(helper).filter(runs), patience).toEqual([]);
  });

  it('says that Node is gone', async () => {
    const node = join(dir, 'gone', 'node');
    const launched = launch(shell, { node });
    expect(await lastWords(launched)).toEqual({
      reason: 'node-missing',
      stderr: `${node} is not there any more, or may not be executed\n`,
    });
  });

  it('says that the helper’s file is gone', async () => {
    rmSync(helper);
    const launched = launch(shell);
    expect(await lastWords(launched)).toEqual({
      reason: 'helper-missing',
      stderr: `${helper} is not there any more, or may not be read\n`,
    });
  });

  it('tells of a Node that does not run', async () => {
    const node = join(dir, 'node');
    writeFileSync(node, '#!/nowhere/interpreter\n');
    chmodSync(node, 0o755);
    const exit = await lastWords(launch(shell, { node }));
    expect(exit).toMatchObject({ reason: 'ended', code: expect.any(Number) });
    expect(exit.stderr).toMatch(/not found|no such file|bad interpreter/i);
  });

  it('tells of a syntax error', async () => {
    appendFileSync(helper, '\nconst const;\n');
    const exit = await lastWords(launch(shell));
    expect(exit).toMatchObject({ reason: 'ended', code: 1 });
    expect(telling(exit.stderr)).toMatch(/^SyntaxError: Unexpected token 'const'$/);
  });

  it('tells of an exception in the middle of the work, behind all that was said before', async () => {
    appendFileSync(helper, "\nprocess.on('SIGUSR2', () => { throw new RangeError('“quoted” \"and\" so on'); });\n");
    const launched = launch(shell);
    await launched.greet();
    for (const pid of pidsWith(helper)) process.kill(pid, 'SIGUSR2');
    const exit = await lastWords(launched);
    expect(exit).toMatchObject({ reason: 'ended', code: 1 });
    expect(telling(exit.stderr)).toBe('RangeError: “quoted” "and" so on');
    expect(launched.messages.map(({ kind }) => kind)).toEqual(['hello', 'exited']);
  });

  it('tells of a kill', async () => {
    const launched = launch(shell);
    await launched.greet();
    for (const pid of pidsWith(helper)) process.kill(pid, 'SIGKILL');
    expect(await lastWords(launched)).toEqual({ reason: 'ended', signal: 'SIGKILL', stderr: '' });
  });

  it('tells the end of what was printed, whatever it is', async () => {
    const bytes =
      'Buffer.concat([Buffer.from("ü".repeat(5000) + "\\u001b[31mred\\u001b[0m \\\\ \\" %s\\n\\0"), Buffer.of(255)])';
    writeFileSync(helper, `import { writeSync } from 'node:fs'; writeSync(2, ${bytes}); process.exit(7);`);
    const exit = await lastWords(launch(shell));
    expect(exit).toMatchObject({ reason: 'ended', code: 7 });
    expect(exit.stderr).toMatch(/^ü+red \\ " %s\n�$/);
    expect(exit.stderr.length).toBeGreaterThan(1900);
    expect(exit.stderr.length).toBeLessThan(2010);
  });

  it('keeps standard output to messages, however much is printed on standard error', async () => {
    writeFileSync(helper, "console.error('x'.repeat(5_000_000)); process.exitCode = 3;");
    const exit = await lastWords(launch(shell));
    expect(exit).toEqual({ reason: 'ended', code: 3, stderr: `${'x'.repeat(3999)}\n` });
  });

  it('works without a folder for temporary files, and tells less then', async () => {
    writeFileSync(helper, "console.error('why'); process.exitCode = 3;");
    const launched = launch(shell, {}, { TMPDIR: '/nonexistent' });
    expect(await lastWords(launched)).toEqual({ reason: 'ended', code: 3, stderr: '' });
    expect(launched.stderr).toContain('why');
  });

  it('tells nothing of a helper that ended well', async () => {
    writeFileSync(helper, "console.error('bye');");
    const launched = launch(shell);
    expect(await launched.exited).toEqual({ code: 0, signal: null });
    expect(launched.messages).toEqual([]);
    expect(launched.strays).toEqual([]);
  });

  it('refuses callers as the helper does', async () => {
    const script = join(dir, 'launcher');
    writeFileSync(script, launcherScript({ node: process.execPath, helper, extensionIds: [], littleEndian }));
    const launched = new HelperProcess(script, ['chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/'], shell);
    expect((await launched.exited).code).toBe(2);
    expect(launched.messages[0]).toMatchObject({ kind: 'error', code: 103 });
    expect(launched.strays).toEqual([]);
  });
});

describe('the launcher’s text', () => {
  const options = { node: "/opt/it's/node", helper: '/x/h $(touch /tmp/x).mjs', extensionIds: [], littleEndian: true };

  it('gives its paths back, whatever is in them', () => {
    expect(readLauncher(launcherScript(options))).toEqual({ node: options.node, helper: options.helper });
  });

  it('is told from other people’s', () => {
    expect(readLauncher('#!/bin/sh\nexec node helper.mjs "$@"\n')).toBeUndefined();
  });

  it('has the length of its message in the machine’s own byte order', () => {
    expect(exitedMessageBytes).toBe(0x2100);
    expect(launcherScript(options)).toContain("printf '\\000\\041\\000\\000%-8448s'");
    expect(launcherScript({ ...options, littleEndian: false })).toContain("printf '\\000\\000\\041\\000%-8448s'");
  });
});

describe('how a helper ended, in words', () => {
  const message = (more: Partial<Extract<FromHelper, { kind: 'exited' }>>) =>
    exitText(readExit({ kind: 'exited', reason: 'ended', code: null, signal: null, stderr: '', ...more }));

  it('is an exit code, a signal, or what is missing', () => {
    expect(message({ code: 3 })).toBe('exit code 3');
    expect(message({ signal: 'SIGKILL' })).toBe('SIGKILL');
    expect(message({ reason: 'node-missing' })).toMatch(/Node/);
    expect(message({ reason: 'helper-missing' })).toMatch(/file/);
  });

  it('quotes the line that names the error, or else the last one', () => {
    expect(telling('file:///x.mjs:1\n  boom\n\nTypeError: x is not a function\n    at y\n\nNode.js v20\n')).toBe(
      'TypeError: x is not a function',
    );
    expect(telling('one\ntwo\n\n')).toBe('two');
    expect(telling(' \n')).toBeUndefined();
  });
});
