/**
 * Janus in a network namespace, with its echo test and its HTTP API: a gateway that answers an offer with a handshake of
 * its own, and says by an event when it hangs up. One process serves any number of sessions.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pem } from '../../src/x509/pem.ts';
import { privateKeyDer } from '../../src/x509/privateKey.ts';
import { credential } from './credentials.ts';
import type { Namespace } from './namespace.ts';

export interface JanusSpec {
  readonly namespace: Namespace;
  /** Its certificate; it sends the first of a chain alone. */
  readonly certificate: string;
  /** The largest UDP payload of its DTLS, bytes. */
  readonly dtlsMtu: number;
}

type Json = Readonly<Record<string, unknown>>;

/** A call in the echo test. */
export interface EchoCall {
  /** Its answer to the offer. */
  readonly answer: string;
  /** Resolves with the reason when Janus hangs up. */
  readonly hangup: Promise<string>;
  end(): Promise<void>;
}

export class Janus {
  readonly #base: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #said = '';

  private constructor(base: string, child: ChildProcess, folder: string) {
    this.#base = base;
    this.#child = child;
    this.#folder = folder;
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said = (this.#said + text).slice(-20_000);
      });
  }

  /** Starts it; resolves when it answers. Throws with what it said when it does not. */
  static async start({ namespace, certificate, dtlsMtu }: JanusSpec): Promise<Janus> {
    const folder = mkdtempSync(join(tmpdir(), 'dtlscope-janus-'));
    const { chain, key } = await credential(certificate);
    const library = libraryFolder();
    writeFileSync(join(folder, 'cert.pem'), chain.map((der) => pem('CERTIFICATE', der)).join(''));
    writeFileSync(join(folder, 'key.pem'), pem('PRIVATE KEY', privateKeyDer(key)), { mode: 0o600 });
    mkdirSync(join(folder, 'none'));
    writeFileSync(
      join(folder, 'janus.jcfg'),
      `general: {
  configs_folder = "${folder}"
  plugins_folder = "${library}/plugins"
  transports_folder = "${library}/transports"
  events_folder = "${folder}/none"
  loggers_folder = "${folder}/none"
  session_timeout = 60
}
certificates: { cert_pem = "${folder}/cert.pem", cert_key = "${folder}/key.pem" }
media: { ipv6 = false, dtls_mtu = ${dtlsMtu} }
nat: { ice_enforce_list = "${namespace.there}", full_trickle = false }
plugins: { disable = "${othersOf(`${library}/plugins`, 'libjanus_echotest.so')}" }
transports: { disable = "${othersOf(`${library}/transports`, 'libjanus_http.so')}" }
`,
    );
    writeFileSync(
      join(folder, 'janus.transport.http.jcfg'),
      `general: { json = "compact", base_path = "/janus", http = true, port = 8088, https = false }
admin: { admin_http = false, admin_https = false }
`,
    );
    const [command = '', ...args] = [...namespace.enter, 'janus', '-F', folder];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
    const janus = new Janus(`http://${namespace.there}:8088/janus`, child, folder);
    try {
      await janus.#answers();
      return janus;
    } catch (error) {
      await janus.stop();
      throw error;
    }
  }

  async #answers(): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      if (this.#child.exitCode !== null) break;
      try {
        if ((await fetch(`${this.#base}/info`)).ok) return;
      } catch {
        // Not yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`Janus does not answer:\n${this.#said}`);
  }

  /** Offers to the echo test. */
  async call(sdp: string): Promise<EchoCall> {
    const id = async (path: string, body: Json): Promise<string> => {
      const { data } = await this.#post(path, body);
      return `${path}/${String((data as Json | undefined)?.['id'])}`;
    };
    const session = await id('', { janus: 'create' });
    const handle = await id(session, { janus: 'attach', plugin: 'janus.plugin.echotest' });
    let hangUp: (reason: string) => void = () => {};
    const hangup = new Promise<string>((resolve) => {
      hangUp = resolve;
    });
    let over = false;
    const answered = new Promise<string>((resolve, reject) => {
      const follow = async (): Promise<void> => {
        while (!over)
          for (const event of await this.#poll(session)) {
            if (event['janus'] === 'hangup') hangUp(String(event['reason']));
            const jsep = event['jsep'] as Json | undefined;
            if (jsep) resolve(String(jsep['sdp']));
            else if (event['error']) reject(new Error(JSON.stringify(event)));
          }
      };
      follow().catch((error: unknown) => {
        if (!over) reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
    const body = { audio: true, video: true };
    const sent = await this.#post(handle, { janus: 'message', body, jsep: { type: 'offer', sdp, trickle: false } });
    if (sent['janus'] !== 'ack') throw new Error(JSON.stringify(sent));
    return {
      answer: await answered,
      hangup,
      end: async () => {
        over = true;
        await this.#post(session, { janus: 'destroy' });
      },
    };
  }

  async #post(path: string, body: Json): Promise<Json> {
    const text = JSON.stringify({ transaction: 'dtlscope', ...body });
    const response = await fetch(`${this.#base}${path}`, { method: 'POST', body: text });
    return (await response.json()) as Json;
  }

  /** Events of a session; Janus keeps the request until there is one. */
  async #poll(session: string): Promise<readonly Json[]> {
    const response = await fetch(`${this.#base}${session}?maxev=5`);
    const events = (await response.json()) as Json | readonly Json[];
    return Array.isArray(events) ? (events as readonly Json[]) : [events as Json];
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
      this.#child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Where Debian has its plugins: a folder named for the machine. */
function libraryFolder(): string {
  for (const name of readdirSync('/usr/lib'))
    if (name.endsWith('-linux-gnu') && readdirSync(`/usr/lib/${name}`).includes('janus'))
      return `/usr/lib/${name}/janus`;
  throw new Error('Janus has no folder of plugins: install janus');
}

const othersOf = (folder: string, wanted: string): string =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.so') && name !== wanted)
    .join(',');
