/**
 * Serves panels: answers their requests, tells them of the helper and of runs, and streams the events of runs that they
 * subscribed to, from the index that they ask for. A panel that does not speak our protocol gets an answer that says so.
 */
import { encodeEvent, encodeHeader } from '../src/bridge/events.ts';
import {
  BridgeError,
  type BridgeFailure,
  type FromBackground,
  panelProtocol,
  type ToBackground,
} from '../src/bridge/panel.ts';
import { parseToBackground } from '../src/bridge/parse.ts';
import type { Port, Schedule } from '../src/bridge/port.ts';
import type { HelperLink } from './helperLink.ts';
import type { Runs } from './runs.ts';

export interface PanelsOptions {
  readonly runs: Runs;
  readonly helper: Pick<HelperLink, 'status' | 'check' | 'onStatus'>;
  readonly schedule: Schedule;
  readonly version: string;
  readonly complain: (what: string, error: unknown) => void;
}

/** Events of a growing run are gathered for so long: three pictures of a 60 Hz screen. ms */
const gatherMs = 50;
/** A growing run changes the list's counts at most this often. ms */
const listMs = 250;
/** Bounds of one message of events; more follow at once. */
const messageEvents = 500;
const messageBytes = 1024 * 1024;

/** Serves one panel until its port ends. The answer says whether it still does. */
export function servePanel(port: Port, options: PanelsOptions): { readonly open: () => boolean } {
  const panel = new Panel(port, options);
  return { open: () => panel.open };
}

class Panel {
  readonly #port: Port;
  readonly #options: PanelsOptions;
  /** By run: index of the next event to send. */
  readonly #cursors = new Map<string, number>();
  #greeted = false;
  #greeting: Promise<void> = Promise.resolve();
  #cancelGather: (() => void) | undefined;
  #cancelList: (() => void) | undefined;
  readonly #stop: (() => void)[] = [];
  open = true;

  constructor(port: Port, options: PanelsOptions) {
    this.#port = port;
    this.#options = options;
    port.onMessage((message) => this.#hear(message));
    port.onDisconnect(() => this.#close());
    this.#stop.push(
      options.helper.onStatus((helper) => this.#greeted && this.#post({ kind: 'helper', helper })),
      options.runs.onChange((run, what) => {
        if (what === 'grown') this.#listLater();
        else this.#list();
        if (!this.#cursors.has(run)) return;
        if (what === 'ended') this.#flush();
        else if (what === 'grown') this.#gather();
      }),
    );
  }

  #close(): void {
    this.open = false;
    this.#cancelGather?.();
    this.#cancelList?.();
    for (const stop of this.#stop) stop();
    this.#cursors.clear();
  }

  #post(message: FromBackground): void {
    if (!this.open) return;
    try {
      this.#port.post(message);
    } catch (error) {
      this.#options.complain('a panel is gone', error);
      this.#close();
    }
  }

  #hear(value: unknown): void {
    const parsed = parseToBackground(value);
    if (parsed.ok && parsed.message.kind === 'ping') return;
    if (parsed.ok && parsed.message.kind === 'hello') {
      this.#greeting = this.#hello(parsed.message);
      return;
    }
    // A panel need not wait for our greeting, which waits for the archive.
    void this.#greeting.then(() => {
      if (!parsed.ok) this.#fail(parsed.id, { code: 'bad-message', message: parsed.why });
      else if (parsed.message.kind === 'ping' || parsed.message.kind === 'hello') return;
      else if (this.#greeted) void this.#answer(parsed.message);
      else this.#fail(parsed.message.id, { code: 'bad-message', message: `${parsed.message.kind} before hello` });
    });
  }

  async #hello({ protocol }: Extract<ToBackground, { kind: 'hello' }>): Promise<void> {
    const { runs, helper, version } = this.#options;
    await runs.ready;
    this.#greeted = protocol.major === panelProtocol.major;
    this.#post({
      kind: 'hello',
      protocol: panelProtocol,
      background: version,
      helper: helper.status,
      runs: runs.list,
    });
    if (this.#greeted) return;
    const message = 'The extension was updated. Close DevTools and open it again.';
    this.#fail(undefined, { code: 'protocol-mismatch', message });
  }

  async #answer(message: Extract<ToBackground, { readonly id: number }>): Promise<void> {
    const { runs, helper } = this.#options;
    const { id } = message;
    try {
      switch (message.kind) {
        case 'check-helper':
          this.#post({ kind: 'ok', id, helper: await helper.check() });
          return;
        case 'start':
          this.#post({ kind: 'ok', id, run: await runs.start(message.request) });
          return;
        case 'stop':
          runs.stop(message.run);
          break;
        case 'delete':
          runs.delete(message.run);
          this.#cursors.delete(message.run);
          break;
        case 'subscribe': {
          const known = runs.get(message.run);
          if (known === undefined) {
            throw new BridgeError({ code: 'unknown-run', message: 'This run is not kept any more.' });
          }
          this.#post({ kind: 'ok', id });
          this.#cursors.set(message.run, Math.min(message.from, known.events.length));
          this.#flush(message.run);
          return;
        }
        case 'unsubscribe':
          this.#cursors.delete(message.run);
          break;
      }
      this.#post({ kind: 'ok', id });
    } catch (error) {
      if (error instanceof BridgeError) this.#fail(id, error.failure);
      else {
        this.#options.complain(message.kind, error);
        this.#fail(id, { code: 'start-failed', message: error instanceof Error ? error.message : String(error) });
      }
    }
  }

  #fail(id: number | undefined, error: BridgeFailure): void {
    this.#post({ kind: 'error', error, ...(id === undefined ? {} : { id }) });
  }

  #list(): void {
    this.#cancelList?.();
    this.#cancelList = undefined;
    if (this.#greeted) this.#post({ kind: 'runs', runs: this.#options.runs.list });
  }

  #listLater(): void {
    this.#cancelList ??= this.#options.schedule(listMs, () => this.#list());
  }

  #gather(): void {
    this.#cancelGather ??= this.#options.schedule(gatherMs, () => this.#flush());
  }

  /** Sends what the subscriber of one run (or of all) lacks. `always`: even if that is nothing, so that he gets a header. */
  #flush(always?: string): void {
    this.#cancelGather?.();
    this.#cancelGather = undefined;
    for (const [run, cursor] of [...this.#cursors]) {
      const kept = this.#options.runs.get(run);
      if (kept === undefined) {
        this.#cursors.delete(run);
        continue;
      }
      const { header, events, ended } = kept;
      let from = cursor;
      do {
        const batch = events.slice(from, batchEnd(events, from));
        const last = ended && from + batch.length === events.length;
        if (batch.length > 0 || last || run === always) {
          this.#post({
            kind: 'events',
            run,
            header: encodeHeader(header),
            from,
            events: batch.map(encodeEvent),
            ended: last,
          });
        }
        from += batch.length;
      } while (from < events.length);
      // Nothing more will come; a repeated subscription sends again.
      if (ended) this.#cursors.delete(run);
      else this.#cursors.set(run, from);
    }
  }
}

function batchEnd(events: readonly { readonly kind: string }[], from: number): number {
  let bytes = 0;
  let end = from;
  while (end < events.length && end - from < messageEvents && bytes < messageBytes) {
    const event = events[end];
    bytes += 300;
    if (event !== undefined && 'bytes' in event && event.bytes instanceof Uint8Array) bytes += event.bytes.length * 1.4;
    end += 1;
  }
  return end;
}
