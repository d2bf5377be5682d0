/**
 * The helper's protocol: greets, opens sockets, sends, and reports what happened, in batches of one turn of the event
 * loop. It knows no DTLS, no files and no shell: a dumb UDP pipe with a guard in front.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import {
  type FromHelper,
  type HelperErrorCode,
  helperErrors,
  helperMessageBytes,
  helperRequestBytes,
  protocolVersion,
  type SocketEvent,
  type ToHelper,
} from '../bridge/messages.ts';
import { parseToHelper } from '../bridge/parse.ts';
import type { Frame } from './frames.ts';
import { broadcastAddress, canonical, destinationKey, Guard, helperLimits, type Refusal } from './guard.ts';
import { hearsPortUnreachable, UdpSocket } from './udpSocket.ts';

export interface HostOptions {
  readonly version: string;
  readonly platform: string;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly send: (message: FromHelper) => void;
  /** True while the browser reads too slowly for more datagrams to be queued. */
  readonly full: () => boolean;
  /** Calls back when this turn of the event loop is over. */
  readonly soon: (work: () => void) => void;
}

interface Entry {
  readonly socket: UdpSocket;
  readonly family: 4 | 6;
  ready: boolean;
  events: SocketEvent[];
  flushing: boolean;
  /** `droppedDatagrams` as last told. */
  dropped: number;
}

/** What an event takes in JSON beside its data: names, times, an IPv6 address. */
const eventOverhead = 256;
/** Room for the frame around the events. */
const messageOverhead = 1024;

export class Host {
  readonly #options: HostOptions;
  readonly #guard: Guard;
  readonly #sockets = new Map<number, Entry>();
  #broadcasts: readonly string[] = [];
  #greeted = false;
  /** Name look-ups under way; the system cannot abort them. */
  resolving = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#guard = new Guard({ limits: helperLimits, now: options.now, broadcasts: () => this.#broadcasts });
  }

  /** Takes what a frame held. */
  frame(frame: Frame): void {
    switch (frame.kind) {
      case 'message': {
        const parsed = parseToHelper(frame.value);
        if (parsed.ok) this.#handle(parsed.message);
        else this.#error(helperErrors.badMessage, parsed.why, parsed.id === undefined ? {} : { id: parsed.id });
        return;
      }
      case 'bad':
        this.#error(helperErrors.badMessage, frame.why);
        return;
      case 'too-large':
        this.#error(
          helperErrors.messageTooLarge,
          `a message of ${frame.bytes} bytes; at most ${helperRequestBytes} are read`,
        );
        return;
    }
  }

  /** The browser reads again: tell what was dropped meanwhile. */
  drained(): void {
    for (const [id, entry] of this.#sockets) {
      if (entry.socket.counters.droppedDatagrams !== entry.dropped) this.#flushSoon(id, entry);
    }
  }

  close(): void {
    for (const { socket } of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #handle(message: ToHelper): void {
    if (message.kind === 'hello') {
      this.#hello(message);
      return;
    }
    if (!this.#greeted) {
      this.#error(helperErrors.notGreeted, `${message.kind} before hello`, 'id' in message ? { id: message.id } : {});
      return;
    }
    switch (message.kind) {
      case 'clock':
        this.#options.send({ kind: 'ok', id: message.id, now: this.#options.now() });
        return;
      case 'resolve':
        void this.#resolve(message.id, message.host);
        return;
      case 'open':
        void this.#open(message);
        return;
      case 'send':
        this.#send(message);
        return;
      case 'close':
        this.#close(message.id, message.socket);
        return;
    }
  }

  #hello({ protocol }: Extract<ToHelper, { kind: 'hello' }>): void {
    const { version, platform, now } = this.#options;
    this.#options.send({
      kind: 'hello',
      protocol: protocolVersion,
      helper: version,
      capabilities: ['udp4', 'udp6', 'resolve', 'clock', ...(hearsPortUnreachable ? ['port-unreachable'] : [])],
      platform,
      now: now(),
      limits: helperLimits,
    });
    this.#greeted = protocol.major === protocolVersion.major;
    if (this.#greeted) return;
    this.#error(
      helperErrors.protocolMismatch,
      `the extension speaks protocol ${protocol.major}, this helper ${protocolVersion.major}`,
    );
  }

  async #resolve(id: number, host: string): Promise<void> {
    this.resolving += 1;
    try {
      const found = await lookup(host, { all: true, verbatim: true });
      const addresses = found.flatMap(({ address, family }) =>
        family === 4 || family === 6 ? [{ address, family } as const] : [],
      );
      this.#options.send({ kind: 'ok', id, addresses: addresses.slice(0, 100) });
    } catch (error) {
      this.#error(helperErrors.resolveFailed, `${host}: ${resolveProblem(error)}`, { id });
    } finally {
      this.resolving -= 1;
    }
  }

  async #open({ id, socket: number, family, bind, port, peer }: Extract<ToHelper, { kind: 'open' }>): Promise<void> {
    if (this.#sockets.has(number)) {
      this.#error(helperErrors.socketInUse, `socket ${number} is open already`, { id });
      return;
    }
    if (this.#sockets.size >= helperLimits.sockets) {
      this.#error(helperErrors.tooManySockets, `${helperLimits.sockets} sockets are open already`, { id });
      return;
    }
    if (bind !== undefined && isIP(bind) !== family) {
      this.#error(helperErrors.bindFailed, `${bind} is not an IPv${family} address`, { id });
      return;
    }
    this.#broadcasts = subnetBroadcasts();
    const to = peer === undefined ? undefined : canonical(peer.address);
    if (peer !== undefined) {
      const refusal = this.#refuseAddress(peer.address, to, peer.port, family);
      if (refusal !== undefined) {
        this.#error(refusal.code, refusal.message, { id });
        return;
      }
    }
    const socket = new UdpSocket({
      family,
      bind,
      port,
      peer: peer === undefined || to === undefined ? undefined : { address: to.address, port: peer.port },
      now: this.#options.now,
      full: this.#options.full,
      hear: (event) => {
        entry.events.push(event);
        this.#flushSoon(number, entry);
      },
      answered: (from) => this.#guard.answered(number, from),
    });
    const entry: Entry = { socket, family, ready: false, events: [], flushing: false, dropped: 0 };
    this.#sockets.set(number, entry);
    try {
      const local = await socket.open();
      entry.ready = true;
      this.#options.send({ kind: 'ok', id, local });
    } catch (error) {
      if (this.#sockets.get(number) === entry) this.#sockets.delete(number);
      socket.close();
      this.#error(helperErrors.bindFailed, error instanceof Error ? error.message : String(error), { id });
    }
  }

  #send({ socket: number, datagrams }: Extract<ToHelper, { kind: 'send' }>): void {
    const entry = this.#sockets.get(number);
    if (entry === undefined || !entry.ready) {
      this.#error(helperErrors.unknownSocket, `socket ${number} is not open`, { socket: number });
      return;
    }
    for (const { packet, address, port, data } of datagrams) {
      const bytes = Buffer.from(data, 'base64');
      const to = canonical(address);
      const refusal =
        to === undefined || to.family !== entry.family
          ? {
              code: helperErrors.badMessage,
              message: `${JSON.stringify(address)} is not an IPv${entry.family} address`,
            }
          : (this.#guard.refuseAddress(to.address, to.family, port) ??
            this.#guard.refuseDatagram(number, destinationKey(to.address, port), bytes.length));
      if (refusal === undefined && to !== undefined) {
        entry.socket.send({ packet, address: to.address, port, bytes });
      } else if (refusal !== undefined) {
        entry.events.push({ kind: 'failed', at: this.#options.now(), packet, ...refusal });
        this.#flushSoon(number, entry);
      }
    }
  }

  #refuseAddress(given: string, to: ReturnType<typeof canonical>, port: number, family: 4 | 6): Refusal | undefined {
    if (to?.family === family) return this.#guard.refuseAddress(to.address, to.family, port);
    return { code: helperErrors.badMessage, message: `${JSON.stringify(given)} is not an IPv${family} address` };
  }

  #close(id: number, number: number): void {
    const entry = this.#sockets.get(number);
    if (entry === undefined) {
      this.#error(helperErrors.unknownSocket, `socket ${number} is not open`, { id });
      return;
    }
    entry.socket.close();
    this.#flush(number, entry);
    this.#sockets.delete(number);
    this.#guard.closed(number);
    this.#options.send({ kind: 'ok', id });
  }

  #flushSoon(number: number, entry: Entry): void {
    if (entry.flushing) return;
    entry.flushing = true;
    this.#options.soon(() => {
      entry.flushing = false;
      if (this.#sockets.get(number) === entry) this.#flush(number, entry);
    });
  }

  /** Sends the events gathered so far, in order, in messages of bounded size. */
  #flush(number: number, entry: Entry): void {
    const { counters } = entry.socket;
    const events = entry.events;
    entry.events = [];
    if (events.length === 0 && counters.droppedDatagrams === entry.dropped) return;
    entry.dropped = counters.droppedDatagrams;
    for (const batch of inBatches(events)) {
      this.#options.send({ kind: 'events', socket: number, events: batch, counters });
    }
  }

  #error(code: HelperErrorCode, message: string, about: { readonly id?: number; readonly socket?: number } = {}): void {
    this.#options.send({ kind: 'error', ...about, code, message: message.slice(0, 1000) });
  }
}

/** Cuts events into runs whose JSON stays below `helperMessageBytes`; one empty run for no events. */
export function inBatches(events: readonly SocketEvent[]): SocketEvent[][] {
  let batch: SocketEvent[] = [];
  const batches = [batch];
  let bytes = messageOverhead;
  for (const event of events) {
    // A message may double in JSON (escapes), and hold non-ASCII text.
    const size =
      eventOverhead +
      (event.kind === 'received' ? event.data.length : 0) +
      (event.kind === 'failed' ? 6 * event.message.length : 0);
    if (bytes + size > helperMessageBytes && batch.length > 0) {
      batch = [];
      batches.push(batch);
      bytes = messageOverhead;
    }
    batch.push(event);
    bytes += size;
  }
  return batches;
}

function subnetBroadcasts(): readonly string[] {
  const found = ['255.255.255.255'];
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { family, address, netmask } of addresses ?? []) {
      const broadcast = family === 'IPv4' ? broadcastAddress(address, netmask) : undefined;
      if (broadcast !== undefined) found.push(broadcast);
    }
  }
  return found;
}

function resolveProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOTFOUND' || code === 'ENODATA') return 'no such host';
  if (code === 'EAI_AGAIN') return 'the name server did not answer';
  return error instanceof Error ? error.message : String(error);
}
