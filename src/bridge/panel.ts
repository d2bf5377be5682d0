/**
 * What panel and background say to each other. The background owns helper, runs and timers; a panel may come and go, asks
 * for a run's events from an index and then gets each new one. Trace events cross as JSON (`bridge/events.ts`).
 */
import type { JsonEvent, JsonHeader } from './events.ts';
import type { HelperLimits, ProtocolVersion } from './messages.ts';
import type { PageConnection, PageState } from './page.ts';

/** Panel and background are built together; they differ only while an update is being installed. */
export const panelProtocol: ProtocolVersion = { major: 1, minor: 3 };

/** The name of the port that a panel opens. */
export const panelPortName = 'dtlscope-panel';

/** How often a panel says `ping`: less than the 30 s after which Chromium stops an idle worker. */
export const panelPingMs = 20_000;

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** What to run, in the words of the option table (`src/scenario`): the target, and the options that were set. */
export interface RunRequest {
  readonly target: string;
  readonly options: Readonly<Record<string, JsonValue>>;
  /** With `sdp:`: the peer's offer. Without one, an offer of ours is shown and its answer waited for. */
  readonly description?: string;
  /** For the target `page`: the tab whose next connection is meant. */
  readonly tab?: number;
  /** What its scenario is called. */
  readonly name?: string;
  /** What its scenario expects of it. */
  readonly expectation?: RunExpectation;
}

/** An expectation (`src/scenario/file/expectation.ts`) as it crosses. */
export interface RunExpectation {
  readonly outcome: string;
  readonly findings: { readonly must: readonly string[]; readonly mustNot: readonly string[] };
  readonly datagrams: RunBounds;
  readonly retransmissions: RunBounds;
  /** How many of the steps have to be done; absent as the scenario leaves it out. */
  readonly steps?: 'all' | number;
}
export type RunBounds = Readonly<Record<'client' | 'server', { readonly least?: number; readonly most?: number }>>;

/** The longest description that crosses; what is larger no peer has written. Characters. */
export const longestDescription = 1024 * 1024;

/** Our description, for somebody who carries it to the peer. It has the password of our ICE, and is kept nowhere. */
export interface OwnDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
  /** The peer's answer to it has not come. */
  readonly waits: boolean;
}

/** How the helper is. All but `ready` carry what the browser or the helper said. */
export type HelperStatus =
  /** Nobody needed it yet. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'connecting' }
  | {
      readonly kind: 'ready';
      readonly version: string;
      readonly protocol: ProtocolVersion;
      readonly capabilities: readonly string[];
      readonly platform: string;
      readonly limits: HelperLimits;
    }
  | { readonly kind: 'not-installed'; readonly message: string }
  /** Installed, but not for this extension. */
  | { readonly kind: 'forbidden'; readonly message: string }
  /** It started and ended. The browser says no more than that; `exit` is what the launcher told, if it could. */
  | {
      readonly kind: 'exited';
      readonly message: string;
      /** Before it greeted, or in the middle of its work. */
      readonly when?: 'start' | 'work';
      readonly exit?: HelperExit;
    }
  | {
      readonly kind: 'version-mismatch';
      readonly helper: string;
      readonly theirs: ProtocolVersion;
      readonly ours: ProtocolVersion;
      /** Who is older and should be updated. */
      readonly update: 'helper' | 'extension';
    }
  /** The browser has no native messaging for us, or the helper said something that is not our protocol. */
  | { readonly kind: 'failed'; readonly message: string };

/** How a helper ended, as its launcher saw it. */
export interface HelperExit {
  /** What the launcher runs is not there any more, or the helper ended by itself or by a signal. */
  readonly reason: 'node-missing' | 'helper-missing' | 'ended';
  /** Exit code, or the signal that ended it ("SIGKILL"). */
  readonly code?: number;
  readonly signal?: string;
  /** The end of its standard error, as text: up to 4000 bytes, without control characters but line feed and tab. */
  readonly stderr: string;
}

/** A run, or a file that was opened and is kept like one, as the list shows it. */
export interface RunSummary {
  readonly id: string;
  /** Counts from 1 in order of starting. */
  readonly number: number;
  /** When it was started, or the file opened. Wall clock, ms since 1970. */
  readonly startedAt: number;
  /** For a file: its name as the target, and no options. */
  readonly request: RunRequest;
  /** The name of the file that it was read from; absent in a run of ours. */
  readonly file?: string;
  readonly state: 'running' | 'ended';
  /** While a run of `sdp:` goes on. */
  readonly ours?: OwnDescription;
  /** How many events there are to ask for. */
  readonly events: number;
  /** From diagnosis, when the run has ended. */
  readonly outcome?: string;
  readonly verdict?: string;
  /** From the reading of the ended run: first datagram to establishment or end (ms), flights sent again, DTLS version. */
  readonly durationMs?: number;
  readonly retransmissions?: number;
  readonly version?: string;
}

/** The part of a summary that comes from reading the ended run. */
export type RunReading = Pick<RunSummary, 'outcome' | 'verdict' | 'durationMs' | 'retransmissions' | 'version'>;

/** Something about kept runs that the user should know and did not ask for. */
export interface BackgroundNotice {
  readonly code: /** The oldest runs made room. */
    | 'dropped'
    /** What is recorded is lost when the background ends: the browser does not store it. */
    | 'not-kept'
    /** A run is larger than is kept: its end is lost when the background ends. */
    | 'cut'
    /** Runs of earlier can't be read. */
    | 'unreadable';
  /** Fit to be shown. */
  readonly message: string;
  /** Ids of the runs that it is about. */
  readonly runs: readonly string[];
}

/**
 * A sweep as the panel asks for it: the file's text, for whoever looks later, and its tree (`src/scenario/file/tree.ts`),
 * since the background has no parser. What the file names and does not hold, secrets and keys, comes beside it.
 */
export interface SweepRequest {
  readonly text: string;
  readonly root: JsonValue;
  /** What to call it: the file's name. */
  readonly file: string;
  /** By environment variable. */
  readonly secrets: Readonly<Record<string, string>>;
  /** PEM texts by the file's name. */
  readonly files: Readonly<Record<string, string>>;
}

/** The longest text of a sweep that crosses, and as much again for its tree. Characters. */
export const longestSweep = 200_000;

/** How the sweep is that the background has; it has one at a time. */
export interface SweepStatus {
  /** Counts from 1 in order of starting. */
  readonly number: number;
  /** `failed`: it could not go on, and `why`. */
  readonly state: 'running' | 'stopped' | 'done' | 'failed';
  readonly why?: string;
  /** What goes on: a cell, and how many of its handshakes were made. */
  readonly at?: { readonly cell: number; readonly made: number; readonly of: number };
  /** Handshakes that were made since it began or went on. */
  readonly handshakes: number;
}

/** What checks may cost at most (`src/run/check/model.ts`). */
export interface CheckCost {
  readonly handshakes: number;
  /** Datagrams of ours. */
  readonly datagrams: number;
  readonly seconds: number;
}

/** What a check of a peer would try, before anything is sent. */
export interface CheckPlan {
  readonly checks: readonly Pick<CheckOutcome, 'id' | 'section' | 'title' | 'demand' | 'how'>[];
  readonly cost: CheckCost;
}

/** One row of a check's table. */
export interface CheckOutcome {
  readonly id: string;
  readonly group: string;
  /** The title of its group. */
  readonly section: string;
  readonly title: string;
  readonly demand: 'MUST' | 'SHOULD' | 'habit';
  /** RFC section. */
  readonly see: string;
  /** What was done. */
  readonly how: string;
  readonly status: 'fail' | 'unclear' | 'pass' | 'not-applicable';
  readonly says: string;
  /** Measured values by name, for scripts. */
  readonly numbers: Readonly<Record<string, number | string | readonly string[]>>;
  /** Ids of the findings that tell it. */
  readonly findings: readonly string[];
  /** The trials that show it, with the datagrams to look at. */
  readonly shown: readonly { readonly trial: number; readonly what: string; readonly packets: readonly number[] }[];
  /** A scenario file that shows it. */
  readonly scenario?: string;
}

/** How the check is that the background has; it has one at a time. */
export interface CheckStatus {
  /** Counts from 1 in order of starting. */
  readonly number: number;
  readonly target: string;
  readonly thorough: boolean;
  /** `nobody`: nobody answered; `failed`: it could not go on, and `why`. */
  readonly state: 'running' | 'stopped' | 'done' | 'nobody' | 'failed';
  readonly why?: string;
  /** How the peer was talked to, once it was reached; with which version of DTLS. */
  readonly reached?: string;
  readonly version?: string;
  /** What goes on. */
  readonly at?: { readonly title: string; readonly number: number; readonly of: number };
  readonly spent: CheckCost & { readonly bytes: number };
}

/** Panel to background. Every request with an `id` gets exactly one `ok` or `error` with that id. */
export type ToBackground =
  | { readonly kind: 'hello'; readonly protocol: ProtocolVersion; readonly panel: string }
  | { readonly kind: 'ping' }
  /** Asks for the helper's status; tries to reach it if it is not ready. Answered when that has succeeded or failed. */
  | { readonly kind: 'check-helper'; readonly id: number }
  | { readonly kind: 'start'; readonly id: number; readonly request: RunRequest }
  | { readonly kind: 'stop'; readonly id: number; readonly run: string }
  /** Takes a run (a running one is stopped) off the list. Until the next deletion, or until no panel is open, it can be undone. */
  | { readonly kind: 'delete'; readonly id: number; readonly run: string }
  /** The peer's answer to the offer of a run of `sdp:`. */
  | { readonly kind: 'answer'; readonly id: number; readonly run: string; readonly sdp: string }
  | { readonly kind: 'delete-all'; readonly id: number }
  /** Brings back what the last deletion took. */
  | { readonly kind: 'undo-delete'; readonly id: number }
  /** Keeps a file that the panel has opened, in parts: each is answered before the next is sent, the last with the run. */
  | {
      readonly kind: 'import';
      readonly id: number;
      /** The panel's number for the file, the same in all parts. */
      readonly transfer: number;
      readonly file: string;
      readonly header: JsonHeader;
      readonly from: number;
      readonly events: readonly JsonEvent[];
      readonly last: boolean;
      /** With the last part: what the panel's own reading of it said, which spares the background the reading. */
      readonly reading?: RunReading;
    }
  /** Sends the events from index `from` on, then each new batch, until `unsubscribe` or the end of the port. */
  | { readonly kind: 'subscribe'; readonly id: number; readonly run: string; readonly from: number }
  | { readonly kind: 'unsubscribe'; readonly id: number; readonly run: string }
  /** Tells of a tab's page, now and whenever it changes, and of one of its connections in full. Replaces the one before. */
  | { readonly kind: 'page-watch'; readonly id: number; readonly tab: number; readonly connection?: string }
  | { readonly kind: 'page-unwatch'; readonly id: number }
  /** Watches the pages of a site from their next load on. The panel has asked the user for the permission before. */
  | { readonly kind: 'page-arm'; readonly id: number; readonly origin: string }
  /** Ends that, and gives the permission back. */
  | { readonly kind: 'page-disarm'; readonly id: number; readonly origin: string }
  /** The click: a stand-in may send to these, and to nothing else that its page names. */
  | {
      readonly kind: 'page-allow';
      readonly id: number;
      readonly session: string;
      readonly destinations: readonly string[];
    }
  /** The other answer: the stand-in's run ends. */
  | { readonly kind: 'page-stop'; readonly id: number; readonly session: string }
  /** Runs a sweep; the one before it is let go of. */
  | { readonly kind: 'sweep-start'; readonly id: number; readonly sweep: SweepRequest }
  /** Begins no further handshake. */
  | { readonly kind: 'sweep-stop'; readonly id: number }
  /** Runs what is left of a sweep that was stopped. */
  | { readonly kind: 'sweep-resume'; readonly id: number }
  | { readonly kind: 'sweep-clear'; readonly id: number }
  /**
   * Puts a handshake of a cell on the list of runs, the first that was not as expected if there is one. `sweep` is the number of
   * the one that was shown: another may have begun since.
   */
  | { readonly kind: 'sweep-open'; readonly id: number; readonly sweep: number; readonly cell: number }
  /** Answered with the plan: nothing is sent. */
  | { readonly kind: 'check-plan'; readonly id: number; readonly thorough: boolean }
  /** Checks a peer; the check before it is let go of. */
  | { readonly kind: 'check-start'; readonly id: number; readonly request: RunRequest; readonly thorough: boolean }
  /** Ends the trial that goes on, and begins no further one. */
  | { readonly kind: 'check-stop'; readonly id: number }
  | { readonly kind: 'check-clear'; readonly id: number }
  /** Puts a trial that a result of this check shows on the list of runs. */
  | { readonly kind: 'check-open'; readonly id: number; readonly check: number; readonly trial: number }
  /** Opens the panel as a tab of its own: where the browser asks for permissions only there. */
  | { readonly kind: 'page-tab'; readonly id: number; readonly tab: number; readonly origin: string };

/** Background to panel. */
export type FromBackground =
  | {
      readonly kind: 'hello';
      readonly protocol: ProtocolVersion;
      readonly background: string;
      readonly helper: HelperStatus;
      readonly runs: readonly RunSummary[];
      /** How many runs `undo-delete` would bring back. */
      readonly deleted: number;
    }
  | {
      readonly kind: 'ok';
      readonly id: number;
      readonly run?: RunSummary;
      readonly helper?: HelperStatus;
      readonly plan?: CheckPlan;
    }
  | { readonly kind: 'error'; readonly id?: number; readonly error: BridgeFailure }
  /** Whenever it changes. */
  | { readonly kind: 'helper'; readonly helper: HelperStatus }
  /** The whole list, whenever a run comes, goes, ends, or (at most a few times a second) grows. */
  | { readonly kind: 'runs'; readonly runs: readonly RunSummary[]; readonly deleted: number }
  /** To every panel, or to the next one that greets if none is open. */
  | { readonly kind: 'notice'; readonly notice: BackgroundNotice }
  | {
      readonly kind: 'events';
      readonly run: string;
      readonly header: JsonHeader;
      /** Index of the first one in this batch. */
      readonly from: number;
      readonly events: readonly JsonEvent[];
      /** No more will come. */
      readonly ended: boolean;
    }
  /**
   * How the sweep is, whenever that changes, at most some times a second; null when there is none. `plan` with the first.
   * `lines` are the results from index `from` on, as in a state file (`src/report/sweep/state.ts`).
   */
  | {
      readonly kind: 'sweep';
      readonly sweep: SweepStatus | null;
      readonly plan?: { readonly text: string; readonly head: string };
      readonly from: number;
      readonly lines: readonly string[];
    }
  /** How the check is, whenever that changes, and its results from index `from` on; null when there is none. */
  | {
      readonly kind: 'check';
      readonly check: CheckStatus | null;
      readonly from: number;
      readonly results: readonly CheckOutcome[];
    }
  /** At most a few times a second. */
  | { readonly kind: 'page'; readonly page: PageState }
  | { readonly kind: 'page-connection'; readonly tab: number; readonly connection: PageConnection };

/** Why a request was not done: data for the panel to word, with a message that is fit to be shown. */
export interface BridgeFailure {
  readonly code:
    | 'bad-message'
    | 'protocol-mismatch'
    | 'invalid-request'
    | 'unknown-run'
    /** A kept run whose stored events can't be read. */
    | 'unreadable-run'
    /** A file with more than is kept in all. */
    | 'too-large'
    | 'nothing-deleted'
    /** There is no sweep or check that this could be about, or one that goes on already. */
    | 'no-job'
    | 'helper-unavailable'
    | 'start-failed'
    /** The browser has not given the permission for a site, or has none to give. */
    | 'not-permitted'
    | 'disconnected';
  readonly message: string;
  /** With `invalid-request`: what is wrong with which option. */
  readonly problems?: readonly { readonly option: string; readonly message: string }[];
  /** With `helper-unavailable`: why. */
  readonly helper?: HelperStatus;
}

/** A `BridgeFailure` as an exception, for the panel's promises. */
export class BridgeError extends Error {
  readonly failure: BridgeFailure;
  constructor(failure: BridgeFailure) {
    super(failure.message);
    this.name = 'BridgeError';
    this.failure = failure;
  }
}
