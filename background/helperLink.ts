/**
 * The background's end of the helper: one native port for all runs, opened when somebody needs it, with a state that says
 * why it is not there. The browser tells four reasons apart by nothing but English sentences; they are read here and
 * nowhere else. A port that breaks takes its sockets with it; nothing is reopened behind a run's back.
 */
import { toBase64 } from '../src/base/bytes.ts';
import { Hearers } from '../src/base/hearers.ts';
import { type Instant, instant } from '../src/base/time.ts';
import { exitText, readExit, telling } from '../src/bridge/exit.ts';
import { helperName } from '../src/bridge/identity.ts';
import {
  type FromHelper,
  helperErrors,
  type ProtocolVersion,
  protocolVersion,
  type ResolvedAddress,
  type SocketEvent,
  sendBatchDatagrams,
  type ToHelper,
} from '../src/bridge/messages.ts';
import type { HelperStatus } from '../src/bridge/panel.ts';
import { parseForeignHello, parseFromHelper } from '../src/bridge/parse.ts';
import type { Port } from '../src/bridge/port.ts';
import type { Clock } from '../src/run/api.ts';

export interface HelperLinkOptions {
  /** Opens the native port. Throws where the browser has no native messaging for us. */
  readonly connect: () => Port;
  readonly clock: Clock;
  readonly version: string;
  /** What is odd and stops nothing: for the console. */
  readonly complain?: (what: string) => void;
}

/** The helper is not there; `status` says why. */
export class HelperUnavailable extends Error {
  readonly status: HelperStatus;
  constructor(status: HelperStatus) {
    super(`the helper is not ready: ${status.kind}`);
    this.name = 'HelperUnavailable';
    this.status = status;
  }
}

/** The helper said no to a request; `code` is a number of `helperErrors`. */
export class HelperRefused extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'HelperRefused';
    this.code = code;
  }
}

export interface OpenOptions {
  readonly family: 4 | 6;
  readonly bind: string | undefined;
  readonly port: number | undefined;
  readonly peer: { readonly address: string; readonly port: number };
  readonly hear: (event: SocketEvent) => void;
  /** The socket ended without our closing it. */
  readonly gone: (why: string) => void;
}

export interface HelperSocket {
  readonly local: { readonly address: string; readonly port: number };
  send(packet: number, bytes: Uint8Array, to: { readonly address: string; readonly port: number }): void;
  close(): void;
}

/** How long a helper may take to start and greet: Node's start on a busy machine. ms */
const patienceMs = 10_000;
/** Waits before trying again after failures in a row, so that a panel that asks and asks starts no storm. ms */
const backOffMs = [0, 250, 1000, 2000] as const;
/** Base64 characters in one `send` message; the helper reads up to 1 MiB. */
const sendMessageCharacters = 600_000;
/** Clock readings at the start: the one with the shortest round trip is the best. */
const clockSamples = 5;

interface Waiting {
  readonly resolve: (reply: Extract<FromHelper, { kind: 'ok' }>) => void;
  readonly reject: (error: Error) => void;
}
type Request = ToHelper extends infer M ? (M extends { readonly id: number } ? Omit<M, 'id'> : never) : never;

export class HelperLink {
  readonly #options: HelperLinkOptions;
  readonly #hearers = new Hearers<[HelperStatus]>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #sockets = new Map<number, OpenSocket>();
  #status: HelperStatus = { kind: 'unknown' };
  #port: Port | undefined;
  /** While connecting: those who wait for the outcome. */
  #settle: ((status: HelperStatus) => void)[] = [];
  #cancelPatience: () => void = () => {};
  #nextId = 1;
  #nextSocket = 1;
  #failures = 0;
  #failedAt: Instant = instant(0);
  #offset: { readonly rtt: number; readonly ms: number } | undefined;

  constructor(options: HelperLinkOptions) {
    this.#options = options;
  }

  get status(): HelperStatus {
    return this.#status;
  }

  /** Open sockets; with none, nothing is lost by `release`. */
  get sockets(): number {
    return this.#sockets.size;
  }

  onStatus(hear: (status: HelperStatus) => void): () => void {
    return this.#hearers.add(hear);
  }

  /** Reaches for the helper if it is not ready; resolves with how that went. */
  check(): Promise<HelperStatus> {
    if (this.#status.kind === 'ready') return Promise.resolve(this.#status);
    return new Promise((resolve) => {
      this.#settle.push(resolve);
      if (this.#status.kind !== 'connecting') this.#connectAfterBackOff();
    });
  }

  /** All addresses of a name. Rejects with `HelperUnavailable` or `HelperRefused`. */
  async resolve(host: string): Promise<readonly ResolvedAddress[]> {
    await this.#ready();
    const { addresses = [] } = await this.#request({ kind: 'resolve', host });
    return addresses;
  }

  /** Opens a UDP socket. Rejects with `HelperUnavailable` or `HelperRefused`. */
  async open({ family, bind, port, peer, hear, gone }: OpenOptions): Promise<HelperSocket> {
    await this.#ready();
    const number = this.#nextSocket++;
    const { local } = await this.#request({
      kind: 'open',
      socket: number,
      family,
      peer,
      ...(bind === undefined ? {} : { bind }),
      ...(port === undefined ? {} : { port }),
    });
    if (local === undefined) throw new HelperRefused(helperErrors.bindFailed, 'the helper named no local address');
    const socket = new OpenSocket(
      number,
      local,
      { hear, gone },
      (message) => this.#post(message, number),
      () => this.#closeSocket(number),
    );
    this.#sockets.set(number, socket);
    return socket;
  }

  /** A time of the helper's clock on ours. */
  toLocal(helperTime: number): Instant {
    const now = this.#options.clock.now();
    // The estimate is good to half a round trip; nothing happened in the future.
    return instant(Math.min(now, helperTime + (this.#offset?.ms ?? now - helperTime)));
  }

  /** Lets the helper end, if no socket is open. */
  release(): void {
    if (this.#sockets.size > 0 || this.#port === undefined || this.#status.kind === 'connecting') return;
    this.#end({ kind: 'unknown' }, 'released');
  }

  async #ready(): Promise<void> {
    const status = await this.check();
    if (status.kind !== 'ready') throw new HelperUnavailable(status);
  }

  #connectAfterBackOff(): void {
    const { clock } = this.#options;
    this.#setStatus({ kind: 'connecting' });
    const wait = backOffMs[Math.min(this.#failures, backOffMs.length - 1)] ?? 0;
    const at = instant(this.#failedAt + wait);
    if (this.#failures === 0 || at <= clock.now()) this.#connect();
    else this.#cancelPatience = clock.schedule(at, () => this.#connect());
  }

  #connect(): void {
    const { connect, clock, version } = this.#options;
    let port: Port;
    try {
      port = connect();
    } catch (error) {
      this.#end({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }, 'no port');
      return;
    }
    this.#port = port;
    const sentAt = clock.now();
    port.onMessage((message) => this.#port === port && this.#hear(message, sentAt));
    port.onDisconnect((why) => this.#port === port && this.#disconnected(why));
    this.#cancelPatience = clock.schedule(instant(sentAt + patienceMs), () => {
      this.#end({ kind: 'failed', message: `the helper did not greet within ${patienceMs / 1000} s` }, 'no greeting');
    });
    this.#post({ kind: 'hello', protocol: protocolVersion, client: `dtlscope ${version}` });
  }

  #disconnected(why: string | undefined): void {
    this.#port = undefined;
    const status = statusOf(why);
    this.#end(status.kind === 'exited' ? { ...status, when: this.#when } : status, why ?? 'the helper ended');
  }

  /** How far the helper of now has come. */
  get #when(): 'start' | 'work' {
    return this.#status.kind === 'connecting' ? 'start' : 'work';
  }

  /** The launcher tells how the helper ended; the browser will only say that it did. */
  #exited(message: Extract<FromHelper, { kind: 'exited' }>): void {
    const exit = readExit(message);
    const how = exitText(exit);
    const said = exit.reason === 'ended' ? telling(exit.stderr) : undefined;
    const why = `the helper ended: ${said === undefined ? how : `${how}, ${said}`}`;
    this.#end({ kind: 'exited', message: why, when: this.#when, exit }, why);
  }

  /** The port is (or must be) over: everybody who waits for something of it is told. */
  #end(status: HelperStatus, why: string): void {
    this.#cancelPatience();
    const port = this.#port;
    this.#port = undefined;
    port?.disconnect();
    this.#offset = undefined;
    if (status.kind !== 'unknown') {
      this.#failures += 1;
      this.#failedAt = this.#options.clock.now();
    }
    this.#setStatus(status);
    const waiting = [...this.#waiting.values()];
    const sockets = [...this.#sockets.values()];
    this.#waiting.clear();
    this.#sockets.clear();
    for (const { reject } of waiting) reject(new HelperUnavailable(status));
    for (const socket of sockets) socket.ended(why);
    this.#settleAll();
  }

  #settleAll(): void {
    const settle = this.#settle;
    this.#settle = [];
    for (const resolve of settle) resolve(this.#status);
  }

  #setStatus(status: HelperStatus): void {
    this.#status = status;
    this.#hearers.tell(status);
  }

  #post(message: ToHelper, socket?: number): void {
    if (this.#port === undefined || (socket !== undefined && !this.#sockets.has(socket))) return;
    try {
      this.#port.post(message);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#end({ kind: 'exited', message, when: this.#when }, 'the port broke');
    }
  }

  #request(request: Request): Promise<Extract<FromHelper, { kind: 'ok' }>> {
    return new Promise((resolve, reject) => {
      if (this.#port === undefined) {
        reject(new HelperUnavailable(this.#status));
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#post({ ...request, id } as ToHelper);
    });
  }

  #closeSocket(number: number): void {
    if (!this.#sockets.delete(number)) return;
    this.#request({ kind: 'close', socket: number }).catch(() => {
      // The port is over, and the socket with it.
    });
  }

  #hear(value: unknown, connectedAt: Instant): void {
    const parsed = parseFromHelper(value);
    if (!parsed.ok) {
      // Another major version may greet with other fields; what it is can still be read.
      const foreign = parseForeignHello(value);
      if (foreign !== undefined && this.#mismatched(foreign.protocol, foreign.helper)) return;
      const message = `the helper said something that is not our protocol: ${parsed.why}`;
      this.#end({ kind: 'failed', message }, message);
      return;
    }
    const message = parsed.message;
    switch (message.kind) {
      case 'hello':
        this.#greeted(message, connectedAt);
        return;
      case 'ok':
        this.#take(message.id)?.resolve(message);
        return;
      case 'error':
        this.#refused(message);
        return;
      case 'exited':
        this.#exited(message);
        return;
      case 'events': {
        const socket = this.#sockets.get(message.socket);
        // A closed socket's last events.
        if (socket !== undefined) for (const event of message.events) socket.hear(event);
        return;
      }
    }
  }

  #greeted(hello: Extract<FromHelper, { kind: 'hello' }>, connectedAt: Instant): void {
    if (this.#status.kind !== 'connecting') return;
    const { protocol, helper: version, capabilities, platform, limits, now } = hello;
    if (this.#mismatched(protocol, version)) return;
    this.#cancelPatience();
    this.#failures = 0;
    // The round trip of hello holds the start of a process: a first guess only.
    this.#sample(now, connectedAt);
    this.#setStatus({ kind: 'ready', version, protocol, capabilities, platform, limits });
    void this.#readClock(capabilities);
    this.#settleAll();
  }

  /** Ends with a helper of another major version. */
  #mismatched(theirs: ProtocolVersion, helper: string): boolean {
    if (theirs.major === protocolVersion.major) return false;
    const update = theirs.major < protocolVersion.major ? 'helper' : 'extension';
    this.#end({ kind: 'version-mismatch', helper, theirs, ours: protocolVersion, update }, 'version mismatch');
    return true;
  }

  async #readClock(capabilities: readonly string[]): Promise<void> {
    if (!capabilities.includes('clock')) return;
    try {
      for (let i = 0; i < clockSamples; i++) {
        const sentAt = this.#options.clock.now();
        const { now } = await this.#request({ kind: 'clock' });
        if (now !== undefined) this.#sample(now, sentAt);
      }
    } catch {
      // The port is over; the next one is measured afresh.
    }
  }

  #sample(helperNow: number, sentAt: Instant): void {
    const heardAt = this.#options.clock.now();
    const rtt = heardAt - sentAt;
    if (this.#offset !== undefined && this.#offset.rtt <= rtt) return;
    this.#offset = { rtt, ms: sentAt + rtt / 2 - helperNow };
  }

  #refused({ id, socket, code, message }: Extract<FromHelper, { kind: 'error' }>): void {
    const waiting = id === undefined ? undefined : this.#take(id);
    if (waiting !== undefined) waiting.reject(new HelperRefused(code, message));
    else if (code === helperErrors.forbiddenOrigin) this.#end({ kind: 'forbidden', message }, message);
    // Instead of a greeting: it did not understand ours.
    else if (this.#status.kind === 'connecting')
      this.#end({ kind: 'failed', message: `helper error ${code}: ${message}` }, message);
    else if (socket !== undefined && this.#sockets.has(socket)) {
      const lost = this.#sockets.get(socket);
      this.#sockets.delete(socket);
      lost?.ended(message);
    } else this.#options.complain?.(`helper error ${code}: ${message}`);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}

class OpenSocket implements HelperSocket {
  readonly local: HelperSocket['local'];
  readonly #owner: Pick<OpenOptions, 'hear' | 'gone'>;
  readonly #post: (message: Extract<ToHelper, { kind: 'send' }>) => void;
  readonly #close: () => void;
  /** Datagrams of this turn of the event loop: a flight goes out in one message. */
  #batch: { packet: number; address: string; port: number; data: string }[] = [];
  #characters = 0;
  readonly #number: number;

  constructor(
    number: number,
    local: HelperSocket['local'],
    owner: Pick<OpenOptions, 'hear' | 'gone'>,
    post: (message: Extract<ToHelper, { kind: 'send' }>) => void,
    close: () => void,
  ) {
    this.#number = number;
    this.local = local;
    this.#owner = owner;
    this.#post = post;
    this.#close = close;
    this.#number = number;
  }

  send(packet: number, bytes: Uint8Array, to: { readonly address: string; readonly port: number }): void {
    const data = toBase64(bytes);
    if (this.#batch.length >= sendBatchDatagrams || this.#characters + data.length > sendMessageCharacters)
      this.#flush();
    if (this.#batch.length === 0) queueMicrotask(() => this.#flush());
    this.#batch.push({ packet, address: to.address, port: to.port, data });
    this.#characters += data.length;
  }

  close(): void {
    this.#flush();
    this.#close();
  }

  hear(event: SocketEvent): void {
    this.#owner.hear(event);
  }

  ended(why: string): void {
    this.#batch = [];
    this.#owner.gone(why);
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const datagrams = this.#batch;
    this.#batch = [];
    this.#characters = 0;
    this.#post({ kind: 'send', socket: this.#number, datagrams });
  }
}

/** What a browser's sentence at the end of a native port means. */
export function statusOf(why: string | undefined): HelperStatus {
  const message = why ?? 'The native port was closed.';
  // Chromium: "Specified native messaging host not found."; Firefox: "No such native application io.github…".
  if (/not found|no such native application/i.test(message)) return { kind: 'not-installed', message };
  if (/forbidden|not have permission/i.test(message)) return { kind: 'forbidden', message };
  // "Native host has exited.", "Failed to start native messaging host.", Firefox: "… closed", or nothing at all.
  if (why === undefined || /exited|failed to start|closed|unexpected error/i.test(message)) {
    return { kind: 'exited', message: `${message} (${helperName})` };
  }
  return { kind: 'failed', message };
}
