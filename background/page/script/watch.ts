/** Looks at a page's connections: what they say by events, by their attributes, and by their statistics once a second. */
import { type PageDescription, pageLimits } from '../../../src/bridge/page.ts';
import { natives, readWords } from './natives.ts';
import type { Report } from './report.ts';
import { type StandIns, serversOf } from './standIns.ts';
import { dtlsTransports, readTransports, text } from './stats.ts';

interface Watched {
  readonly number: number;
  /** The page may forget a connection; we must not keep it. */
  readonly pc: WeakRef<object>;
  /** What was told last, by kind. */
  readonly told: Map<string, string>;
  readonly heard: WeakSet<RTCDtlsTransport>;
  asking: boolean;
}

/** Between looks at statistics. ms */
const lookMs = 1000;
const stateEvents = [
  'signalingstatechange',
  'icegatheringstatechange',
  'iceconnectionstatechange',
  'connectionstatechange',
];

export class Watch {
  readonly #report: Report;
  readonly #standIns: StandIns;
  readonly #open = new Map<number, Watched>();
  readonly #numbers = new WeakMap<object, number>();
  #last = 0;
  #timer: number | undefined;

  constructor(report: Report, standIns: StandIns) {
    this.#report = report;
    this.#standIns = standIns;
  }

  /** A connection was made. */
  adopt(pc: object): void {
    this.#forget();
    if (this.#open.size >= pageLimits.connectionsOfFrame) {
      this.#report.uncounted();
      return;
    }
    const number = ++this.#last;
    const watched: Watched = {
      number,
      pc: new natives.Weak(pc),
      told: new Map(),
      heard: new WeakSet(),
      asking: false,
    };
    this.#open.set(number, watched);
    this.#numbers.set(pc, number);
    this.#report.item({ kind: 'created', pc: number, servers: serversOf(pc).map(({ url }) => url) });
    this.#standIns.adopt(pc, number);
    for (const name of stateEvents) natives.listen(pc, [name, () => this.#look(watched, true)]);
    // The first listener of all: what it stops, the page never hears.
    natives.listen(pc, [
      'icecandidate',
      (event: RTCPeerConnectionIceEvent) => {
        if (!this.#standIns.passes(pc, event)) {
          natives.stop(event, []);
          return;
        }
        this.candidate(pc, 'local', event.candidate);
      },
    ]);
    this.#look(watched, false);
    this.#timer ??= natives.setInterval(() => this.#lookAtAll(), lookMs);
  }

  /** A candidate of either side, as the page had or gave it. */
  candidate(pc: unknown, of: 'local' | 'remote', given: unknown): void {
    const number = this.#numbers.get(pc as object);
    if (number === undefined) return;
    const { candidate } = (given ?? {}) as { readonly candidate?: unknown };
    const line = text(candidate) ?? 'end of candidates';
    this.#report.item({ kind: 'candidate', pc: number, of, text: line });
  }

  /** A description may have changed without an event. */
  changed(pc: unknown): void {
    const watched = this.#open.get(this.#numbers.get(pc as object) ?? 0);
    if (watched) this.#look(watched, false);
  }

  /** Tells all of it once more. */
  again(): void {
    for (const watched of this.#open.values()) {
      const pc = watched.pc.deref();
      if (pc === undefined) continue;
      watched.told.clear();
      this.#report.item({ kind: 'created', pc: watched.number, servers: serversOf(pc).map(({ url }) => url) });
      this.#look(watched, true);
    }
  }

  rest(): void {
    natives.clearInterval(this.#timer);
    this.#open.clear();
  }

  #lookAtAll(): void {
    this.#forget();
    for (const watched of this.#open.values()) this.#look(watched, true);
  }

  /** Connections that the page has closed or forgotten. */
  #forget(): void {
    for (const [number, watched] of this.#open) {
      const pc = watched.pc.deref();
      if (pc !== undefined && natives.signalingState(pc) !== 'closed') continue;
      if (pc !== undefined) this.#look(watched, false);
      this.#open.delete(number);
    }
  }

  #look(watched: Watched, deep: boolean): void {
    const pc = watched.pc.deref();
    if (pc === undefined) return;
    const states = {
      signaling: String(natives.signalingState(pc)),
      gathering: String(natives.iceGatheringState(pc)),
      ice: String(natives.iceConnectionState(pc)),
      connection: String(natives.connectionState(pc)),
    };
    if (this.#isNew(watched, 'states', states)) this.#report.item({ kind: 'states', pc: watched.number, states });
    this.#describe(watched, 'local', this.#standIns.view(pc, natives.localDescription(pc)));
    this.#describe(watched, 'remote', natives.remoteDescription(pc));
    // Before both descriptions are there, there is no transport to ask about.
    if (deep && states.signaling !== 'closed' && natives.remoteDescription(pc) !== null)
      void this.#transports(watched, pc);
  }

  #describe(watched: Watched, of: 'local' | 'remote', given: unknown): void {
    const words = readWords(given);
    if (words === undefined) return;
    const { type, sdp } = words;
    const description: PageDescription =
      sdp.length <= pageLimits.sdp ? { type, sdp } : { type, sdp: sdp.slice(0, pageLimits.sdp), cut: sdp.length };
    if (this.#isNew(watched, of, description))
      this.#report.item({ kind: 'description', pc: watched.number, of, description });
  }

  async #transports(watched: Watched, pc: object): Promise<void> {
    this.#listen(watched, pc);
    if (watched.asking) return;
    watched.asking = true;
    try {
      const transports = await readTransports(pc);
      // Round trips differ every time; they are told when something else does.
      const steady = transports.map(({ rttMs: _, ...rest }) => rest);
      if (transports.length > 0 && this.#isNew(watched, 'transports', steady))
        this.#report.item({ kind: 'transports', pc: watched.number, transports });
    } catch {
      // Closed in the middle of it.
    }
    watched.asking = false;
  }

  #listen(watched: Watched, pc: object): void {
    for (const transport of dtlsTransports(pc)) {
      if (watched.heard.has(transport)) continue;
      watched.heard.add(transport);
      natives.listen(transport, ['statechange', () => this.#look(watched, true)]);
      natives.listen(transport, [
        'error',
        (event: Event) => {
          const { error } = event as { readonly error?: Readonly<Record<string, unknown>> };
          const alert = (value: unknown): number | undefined =>
            typeof value === 'number' && value >= 0 && value <= 255 ? value : undefined;
          const [sentAlert, receivedAlert] = [alert(error?.['sentAlert']), alert(error?.['receivedAlert'])];
          this.#report.item({
            ...{ kind: 'dtls-error', pc: watched.number },
            detail: text(error?.['errorDetail']) ?? text(error?.['message']) ?? 'error',
            ...(sentAlert !== undefined && { sentAlert }),
            ...(receivedAlert !== undefined && { receivedAlert }),
          });
        },
      ]);
    }
  }

  #isNew(watched: Watched, kind: string, value: unknown): boolean {
    const now = JSON.stringify(value);
    if (watched.told.get(kind) === now) return false;
    watched.told.set(kind, now);
    return true;
  }
}
