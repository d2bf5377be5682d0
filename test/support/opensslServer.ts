/** `openssl s_server -dtls1_2` on a loopback port of its own, with a certificate made for it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';

export interface OpensslServer {
  readonly address: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** A UDP port of 127.0.0.1 that was free a moment ago. */
export function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** Starts the server; `dir` takes key and certificate. `keyBits` is the size of its RSA key. */
export async function startOpenssl(dir: string, keyBits: number, more: readonly string[] = []): Promise<OpensslServer> {
  const key = join(dir, 'server-key.pem');
  const certificate = join(dir, 'server-cert.pem');
  const subject = ['-subj', '/CN=dtlscope test', '-days', '30', '-nodes'];
  const made = ['-newkey', `rsa:${keyBits}`, '-keyout', key, '-out', certificate];
  execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' });
  const port = await freeUdpPort();
  const child = spawn(
    'openssl',
    ['s_server', '-dtls1_2', '-accept', `127.0.0.1:${port}`, '-key', key, '-cert', certificate, ...more],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  await new Promise<void>((resolve, reject) => {
    let said = '';
    const hear = (text: string): void => {
      said += text;
      if (said.includes('ACCEPT')) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('exit', (code) => reject(new Error(`openssl s_server ended (code ${code}):\n${said}`)));
  });
  return {
    address: `127.0.0.1:${port}`,
    process: child,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGKILL');
      await gone;
    },
  };
}
