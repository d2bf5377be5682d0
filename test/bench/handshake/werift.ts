/**
 * werift's DTLS in the handshake benchmark: the other implementation in JavaScript. It is no dependency (it brings 28 MB, and
 * asks for a newer Node than ours), so it takes part when somebody has put it beside the benchmark. Its client always goes
 * through a cookie exchange, its ends check no signature, and its handshake is asynchronous.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundledTestCredential } from '../../../src/x509/bundled.ts';
import { pem } from '../../../src/x509/pem.ts';
import { privateKeyDer } from '../../../src/x509/privateKey.ts';
import { answer, countFor } from './contestant.ts';

/** What the benchmark uses of it. */
interface DtlsEnd {
  readonly onConnect: { subscribe(listener: () => void): unknown };
  readonly onError: { subscribe(listener: (error: Error) => void): unknown };
}
interface Transport {
  readonly type: 'udp';
  readonly address: { address: string; family: string; port: number };
  readonly closed: boolean;
  onData: (data: Buffer, from: readonly [string, number]) => void;
  send(data: Buffer): Promise<void>;
  close(): Promise<void>;
}
interface Options {
  readonly transport: Transport;
  readonly cert: string;
  readonly key: string;
  readonly signatureHash: { readonly hash: number; readonly signature: number };
  readonly certificateRequest?: boolean;
  readonly extendedMasterSecret: boolean;
}
interface Werift {
  readonly DtlsClient: new (options: Options) => DtlsEnd & { connect(): Promise<void> };
  readonly DtlsServer: new (options: Options) => DtlsEnd;
}

const folder = 'dist/bench/werift';
/** How to let it take part. */
export const weriftHelp = `werift is left out: npm install --prefix ${folder} --ignore-scripts --no-save werift@latest puts it beside the benchmark`;

const places = (root: string): readonly string[] => [join(root, 'node_modules'), join(root, folder, 'node_modules')];

/** The version that is here, if any. */
export function weriftVersion(root: string): string | undefined {
  const home = places(root).find((place) => existsSync(join(place, 'werift', 'package.json')));
  if (home === undefined) return undefined;
  const { version } = JSON.parse(readFileSync(join(home, 'werift', 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** Two transports, each of which hands on at once what the other sends. */
function wire(): readonly [Transport, Transport] {
  const end = (port: number, other: () => Transport): Transport => ({
    type: 'udp',
    address: { address: '127.0.0.1', family: 'IPv4', port },
    closed: false,
    onData: () => {},
    async send(data) {
      queueMicrotask(() => other().onData(data, ['127.0.0.1', port]));
    },
    async close() {},
  });
  const left: Transport = end(1, () => right);
  const right: Transport = end(2, () => left);
  return [left, right];
}

async function shake({ DtlsClient, DtlsServer }: Werift, options: Pick<Options, 'signatureHash'>): Promise<void> {
  const [left, right] = wire();
  const credentials = (name: 'ecdsa-p256-a' | 'ecdsa-p256-b') => {
    const { chain, key } = bundledTestCredential(name);
    return { cert: chain.map((der) => pem('CERTIFICATE', der)).join(''), key: pem('PRIVATE KEY', privateKeyDer(key)) };
  };
  const server = new DtlsServer({
    ...credentials('ecdsa-p256-b'),
    ...options,
    transport: right,
    certificateRequest: true,
    extendedMasterSecret: true,
  });
  const client = new DtlsClient({
    ...credentials('ecdsa-p256-a'),
    ...options,
    transport: left,
    extendedMasterSecret: true,
  });
  const connected = [client, server].map(
    (end) =>
      new Promise<void>((resolve, reject) => {
        end.onConnect.subscribe(() => resolve());
        end.onError.subscribe(reject);
      }),
  );
  await Promise.all([client.connect(), ...connected]);
}

/** Takes orders `MS`. */
export async function serveWerift(root: string): Promise<void> {
  const home = places(root).find((place) => existsSync(join(place, 'werift', 'package.json')));
  const werift = createRequire(join(home ?? root, 'werift', 'package.json'))('werift') as Werift;
  await answer(async (order) => {
    // SHA-256 and ECDSA, by their numbers in TLS (RFC 5246 §7.4.1.4.1).
    const { count, us } = await countFor(Number(order), () =>
      shake(werift, { signatureHash: { hash: 4, signature: 3 } }),
    );
    return `${count} ${us}`;
  });
  // Its timers of retransmission would keep the process for a while.
  process.exit(0);
}
