/**
 * A run whose path has to be found first: signalling, ICE, a relay. The trace begins with the way there; when there is a
 * transport to the peer the driver takes over, on the same trace and clock. A path that is not found ends the run with
 * what its facts say.
 */
import type { RandomSource } from '../base/random.ts';
import { after, type Instant } from '../base/time.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { EndpointConfig, Fingerprint } from '../engine/api.ts';
import type { LinkRule } from '../link/api.ts';
import type { Step } from '../scenario/index.ts';
import type { Actor, TraceEvent, TraceHeader } from '../trace/model.ts';
import { TraceRecorder } from '../trace/recorder.ts';
import type { Clock, PathNews, Run, Transport } from './api.ts';
import { type RunSpec, startRun } from './driver.ts';
import { PathLog } from './pathLog.ts';

export interface PathRunSpec extends Pick<RunSpec, 'hand' | 'farewell' | 'afterCloseMs' | 'keep'> {
  readonly header: TraceHeader;
  readonly rules: readonly LinkRule[];
  readonly seed: number;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  readonly lingerMs: number;
  /** Longest time of the whole run, the way to the path included. ms */
  readonly timeoutMs: number;
  readonly steps?: readonly Step[] | undefined;
  /** Looks for the path. Rejecting is a mistake of ours; what the world does wrong is an answer. */
  readonly find: (search: Search) => Promise<Found>;
}

/** What a search may use. */
export interface Search {
  readonly clock: Clock;
  tell(news: PathNews): void;
  note(text: string): void;
  refused(by: string, why: string): void;
  /** The fingerprints that signalling announced for the certificate of a side. */
  announced(of: Actor, fingerprints: readonly Fingerprint[]): void;
  /**
   * Called once when nobody waits any more. When the time is up, what is told then still stands in the trace: how far the
   * search came. Whoever is stopped only cleans up.
   */
  onEnd(end: (why: 'stopped' | 'time-up') => void): void;
  /** Somebody is waited for who may take any time: a page, a person. Until `resume` none of the run's own time passes. */
  pause(): void;
  /** The run's time begins again, whole. */
  resume(): void;
}

export type Found =
  | {
      readonly ok: true;
      readonly transport: Transport;
      /** What the engine is to do, now that signalling has said who is who. */
      readonly config: EndpointConfig;
      /** After the transport was closed: signalling's last word. */
      readonly closed?: (() => void) | undefined;
    }
  /** The facts say the rest. */
  | { readonly ok: false; readonly why: string };

/** Starts the search at once. */
export function startPathRun(spec: PathRunSpec): Run {
  return new PathRun(spec);
}

class PathRun implements Run {
  readonly header: TraceHeader;
  readonly finished: Promise<void>;
  readonly #spec: PathRunSpec;
  readonly #recorder: TraceRecorder;
  readonly #log: PathLog;
  readonly #startedAt: Instant;
  readonly #ends: ((why: 'stopped' | 'time-up') => void)[] = [];
  #resolve: () => void = () => {};
  #takeBack: () => void;
  #inner: Run | undefined;
  #ended = false;

  constructor(spec: PathRunSpec) {
    this.#spec = spec;
    this.header = spec.header;
    this.#recorder = new TraceRecorder(spec.header);
    this.#log = new PathLog(this.#recorder);
    this.#startedAt = spec.clock.now();
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const count = (): (() => void) =>
      spec.clock.schedule(after(spec.clock.now(), spec.timeoutMs), () => this.#timeUp());
    this.#takeBack = count();
    const search: Search = {
      clock: spec.clock,
      tell: (news) => {
        if (!this.#ended && !this.#inner) this.#log.push(news, spec.clock.now() - this.#startedAt);
      },
      note: (text) => this.#push((at) => ({ kind: 'note', at, text })),
      refused: (by, why) => this.#push((at) => ({ kind: 'refused', at, by, why })),
      announced: (of, fingerprints) => {
        for (const { hash, value } of fingerprints) this.#push((at) => ({ kind: 'fingerprint', at, of, hash, value }));
      },
      onEnd: (end) => void this.#ends.push(end),
      pause: () => this.#takeBack(),
      resume: () => {
        this.#takeBack();
        if (!this.#ended && !this.#inner) this.#takeBack = count();
      },
    };
    spec.find(search).then(
      (found) => this.#found(found),
      (error: unknown) => this.#end('interrupted', error instanceof Error ? error.message : String(error)),
    );
  }

  subscribe(hear: (event: TraceEvent) => void): () => void {
    return this.#recorder.subscribe(hear);
  }

  stop(): void {
    if (this.#inner) this.#inner.stop();
    else this.#end('cancelled', undefined);
  }

  #push(make: (at: number) => TraceEvent): void {
    // While the driver runs it is the one that records; what comes after the end is nobody's.
    if (!this.#ended && !this.#inner) this.#recorder.push(make(this.#spec.clock.now() - this.#startedAt));
  }

  #timeUp(): void {
    if (this.#inner) return;
    // Whoever still searches says how far it came before the end is written.
    for (const end of this.#ends.splice(0)) end('time-up');
    this.#end('done', `the time of ${this.#spec.timeoutMs} ms was up`);
  }

  #found(found: Found): void {
    if (!found.ok) {
      this.#end('done', found.why);
      return;
    }
    const { transport, config, closed } = found;
    if (this.#ended) {
      transport.close();
      closed?.();
      return;
    }
    this.#takeBack();
    const { find: _, ...rest } = this.#spec;
    try {
      this.#inner = startRun({
        ...rest,
        config,
        transport,
        begun: { recorder: this.#recorder, log: this.#log, at: this.#startedAt },
      });
    } catch (error) {
      transport.close();
      closed?.();
      this.#end('interrupted', error instanceof Error ? error.message : String(error));
      return;
    }
    void this.#inner.finished.then(() => {
      closed?.();
      this.#ended = true;
      this.#resolve();
    });
  }

  #end(how: 'done' | 'cancelled' | 'interrupted', why: string | undefined): void {
    if (this.#ended) return;
    this.#push((at) => ({ kind: 'end', at, how, why }));
    this.#ended = true;
    this.#takeBack();
    for (const end of this.#ends.splice(0)) end('stopped');
    this.#resolve();
  }
}
