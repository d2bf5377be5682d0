/**
 * Checks: what is asked of a live peer, and what came of it. A check is a row of a table with a function that makes trials;
 * it judges by their traces, with the reader and the rules that everything else is judged by. Ids, demands and results are
 * promises to users.
 */
import type { Handshake } from '../../analysis/model.ts';
import type { Diagnosis } from '../../diagnosis/model.ts';
import type { EndpointConfig, SessionTicket } from '../../engine/api.ts';
import type { Options, Scenario } from '../../scenario/index.ts';
import type { PacketRange } from '../../trace/buffers.ts';
import type { Trace } from '../../trace/model.ts';
import type { Version } from '../../wire/registry.ts';
import type { Hand } from '../hand.ts';

/** Who asks for it: an RFC with MUST or SHOULD; or nobody, and it is worth knowing all the same. */
export const demands = ['MUST', 'SHOULD', 'habit'] as const;
export type Demand = (typeof demands)[number];

export const checkGroups = {
  reaching: 'Reaching it',
  cookies: 'Cookies',
  timers: 'Timers and repetition',
  losses: 'A bad path',
  fragments: 'Fragments',
  records: 'Records',
  sizes: 'Sizes',
  hellos: 'Hellos',
  agreeing: 'What it takes',
  certificates: 'Certificates',
  afterwards: 'After the handshake',
} as const;
export type CheckGroup = keyof typeof checkGroups;

export const statuses = ['fail', 'unclear', 'pass', 'not-applicable'] as const;
export type Status = (typeof statuses)[number];

/** What a check may cost at most: told before anything is sent, and kept to. */
export interface Cost {
  readonly handshakes: number;
  /** Datagrams that we send. */
  readonly datagrams: number;
  readonly seconds: number;
}

export interface CheckHead {
  /** kebab-case. */
  readonly id: string;
  readonly group: CheckGroup;
  /** What is asked of the peer, as a sentence about it without a full stop: "it repeats its flight by itself". */
  readonly title: string;
  readonly demand: Demand;
  /** RFC section. */
  readonly see: string;
  /** What is done, in one line without a full stop. */
  readonly how: string;
  /** The findings that a failure is known by. */
  readonly findings: readonly string[];
  readonly cost: Cost;
  /** Only with `--thorough`. */
  readonly thorough?: true;
  /** With `--thorough` it may make, and cost, three times as much. */
  readonly more?: true;
}

export type Check = Trying | Judging;

/** Makes trials and judges them. */
export interface Trying extends CheckHead {
  /** Why it has no place with this peer; undefined when it has. `resultOf` knows the checks before it. */
  readonly unless?: (known: Known, resultOf: (id: string) => Status | undefined) => string | undefined;
  readonly run: (lab: Lab) => Promise<Verdict>;
}

/** Judges by how the peer was reached: it makes no trial, and needs no handshake to have been had. */
export interface Judging extends CheckHead {
  readonly judge: (known: Known | undefined, ways: readonly Made[]) => Verdict;
}

/** How it came out. */
export interface Verdict {
  readonly status: Status;
  /** One sentence, with the numbers. */
  readonly says: string;
  /** Where the peer's case asks for less or more than the table. */
  readonly demand?: Demand;
  /** Measured values by name, for `--json`. */
  readonly numbers?: Readonly<Record<string, number | string | readonly string[]>>;
  /** The findings that tell it. */
  readonly findings?: readonly string[];
  /** The trials that show it, the most telling first. */
  readonly shown?: readonly Shown[];
}

/** A trial and the datagrams in it to look at. */
export interface Shown {
  readonly made: Made;
  readonly evidence?: readonly PacketRange[];
}

/** What a check asks for. */
export interface Experiment {
  /** What is tried, in a few words. */
  readonly what: string;
  /** Options over those that the peer is talked to with. */
  readonly set?: Partial<Options>;
  /** Settings of our endpoint that no option has. */
  readonly adjust?: (config: EndpointConfig) => EndpointConfig;
  readonly hand?: Hand;
  readonly afterCloseMs?: number;
  readonly keep?: (session: SessionTicket) => void;
}

/** A trial that was made, and read. */
export interface Made {
  /** From 1, in the order in which they began. */
  readonly number: number;
  readonly check: string;
  readonly what: string;
  readonly scenario: Scenario;
  /** Whether the scenario alone makes the same run: no hand, no settings beside options. */
  readonly plain: boolean;
  readonly trace: Trace;
  /** The first is ours to judge; more of them when somebody began anew. */
  readonly handshakes: readonly { readonly handshake: Handshake; readonly diagnosis: Diagnosis }[];
  readonly outcome: Diagnosis['outcome'];
  readonly established: boolean;
}

/** What is known of the peer once it was reached. */
export interface Known {
  /** Established, with the smallest hello that it takes and nothing in the way. */
  readonly base: Made;
  /** The trial with the offer of a browser of today. */
  readonly modern: Made;
  /** All trials on the way, in order, with what each changed. */
  readonly ways: readonly Made[];
  readonly version: Version;
  readonly cookie: boolean;
  /** Reached by signalling: ICE proves addresses, and media is what it is for. */
  readonly signalled: boolean;
  readonly plan: Path;
}

/** The order of a handshake without loss, in datagrams: numbers count from 1 in each direction. */
export interface Path {
  /** Ours before its ServerHello. */
  readonly oursBefore: number;
  readonly ours: number;
  /** Of its cookie exchange. */
  readonly its: {
    readonly cookie: readonly number[];
    readonly main: readonly number[];
    readonly last: readonly number[];
  };
  /** From our hello to its first answer. ms */
  readonly roundTripMs: number;
}

/** What a check works with. */
export interface Lab {
  readonly known: Known;
  readonly thorough: boolean;
  /** Makes a run with the peer. Throws `Halted` when nobody wants to know any more, or when the check's cost is reached. */
  try(experiment: Experiment): Promise<Made>;
  /** Two at once: the second begins `laterMs` after the first. */
  beside(first: Experiment, second: Experiment, laterMs: number): Promise<readonly [Made, Made]>;
  /** The same for all checks that ask under this name. */
  shared(name: string, make: () => Promise<Made>): Promise<Made>;
  /** How a check before this one came out; undefined when it was not made. */
  resultOf(id: string): Status | undefined;
}

export interface CheckResult extends CheckHead {
  /** The title of its group. */
  readonly section: string;
  readonly status: Status;
  readonly says: string;
  readonly numbers: NonNullable<Verdict['numbers']>;
  readonly shown: readonly Shown[];
  /** A scenario file that shows a failure; undefined where none can. */
  readonly scenario: string | undefined;
  readonly cost: Cost;
}

export interface Spent {
  readonly handshakes: number;
  readonly datagrams: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface CheckReport {
  readonly target: string;
  readonly ended: 'done' | 'stopped' | 'nobody-there';
  /** How the peer was talked to, or why nobody was there; a sentence. */
  readonly reached: string;
  readonly version: Version | undefined;
  readonly results: readonly CheckResult[];
  readonly spent: Spent;
  readonly thorough: boolean;
}
