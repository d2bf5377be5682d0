/** coturn on loopback, in a folder of its own: a port that was free, one user, a short-lived nonce where a test wants one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeUdpPort } from './opensslServer.ts';

export const turnUser = 'tester';
export const turnPassword = 'let me through';

export interface Coturn {
  readonly port: number;
  /** "turn:USER:PASSWORD@127.0.0.1:PORT", the password as URLs have it. */
  readonly url: string;
  log(): string;
  stop(): Promise<void>;
}

/** Starts it; resolves once it answers on its port. Without `loopbackPeers` it forbids the only peers that tests have. */
export async function startCoturn(
  options: { readonly loopbackPeers?: boolean; readonly args?: readonly string[] } = {},
): Promise<Coturn> {
  const folder = mkdtempSync(join(tmpdir(), 'dtlscope-coturn-'));
  const port = await freeUdpPort();
  const log = join(folder, 'log');
  const address = '127.0.0.1';
  const child = spawn(
    'turnserver',
    [
      ...['-n', '--listening-ip', address, '--relay-ip', address, '--listening-port', String(port)],
      ...(options.loopbackPeers === false ? [] : ['--allow-loopback-peers']),
      ...['--no-cli', '--cli-password=x', '--no-tls', '--no-dtls', '--lt-cred-mech', '--fingerprint'],
      ...['--user', `${turnUser}:${turnPassword}`, '--realm', 'dtlscope.test'],
      ...['--pidfile', join(folder, 'pid'), '--log-file', log, '--simple-log', '--userdb', join(folder, 'db')],
      ...['--verbose', ...(options.args ?? [])],
    ],
    { stdio: 'ignore', cwd: folder },
  );
  const stop = (): Promise<void> => end(child).then(() => rmSync(folder, { recursive: true, force: true }));
  try {
    await answers(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    url: `turn:${turnUser}:${encodeURIComponent(turnPassword)}@${address}:${port}`,
    log: () => {
      try {
        return readFileSync(log, 'utf8');
      } catch {
        return '';
      }
    },
    stop,
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await gone;
}

/** Asks with STUN Binding requests until one is answered. */
async function answers(port: number, child: ChildProcess): Promise<void> {
  const socket = createSocket('udp4');
  const request = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
  await new Promise<void>((resolve, reject) => {
    const ask = (): void => socket.send(request, port, '127.0.0.1');
    const timer = setInterval(ask, 50);
    const died = (code: number | null): void => done(() => reject(new Error(`turnserver ended with code ${code}`)));
    const done = (then: () => void): void => {
      child.off('exit', died);
      clearInterval(timer);
      socket.close();
      then();
    };
    socket.once('message', () => done(resolve));
    // The port is closed until it listens.
    socket.on('error', () => {});
    child.once('exit', died);
    ask();
  });
}
