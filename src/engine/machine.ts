/**
 * State machines as data, and what runs them. A table says which message moves which state where; the handlers of a
 * machine must have exactly the table's rows and may only go where the row points, both checked by the compiler. What the
 * table does not list is refused with what it does list, so no code decides "by the way" what is acceptable.
 */
import { DecodeError } from '../codec/tree.ts';
import type { HandshakeTypeName } from '../wire/registry.ts';
import type { Failure } from './failure.ts';

/** What can move a machine: a handshake message by its RFC name, a ChangeCipherSpec, or the order to begin. */
export type Signal = HandshakeTypeName | 'change_cipher_spec' | 'start';

/** A row: what the state waits for, and the states that each may lead to. `about` says it for people. */
export interface Row {
  readonly about: string;
  readonly on: { readonly [S in Signal]?: readonly string[] };
}
export type Machine = Readonly<Record<string, Row>>;

/** What leads out of every state that is not an end: we or the peer close, or something is wrong. */
export const always = { close: 'closed', failure: 'failed' } as const;
export const ends = ['closed', 'failed'] as const;

/** The signals that a state waits for, for failures and for the panel. */
export const expected = (machine: Machine, state: string): readonly string[] => Object.keys(machine[state]?.on ?? {});

/** A whole handshake message, as it came; the bytes are a copy of ours. */
export interface Message {
  readonly type: number;
  readonly seq: number;
  readonly epoch: number;
  readonly body: Uint8Array;
}

/**
 * What each state knows. A handler gets what its state knows and hands on what the next one must know: what it has learnt,
 * and then the rest, `{ learnt, ...known }`. V8 of Node 20 takes two microseconds for every property that is new behind a
 * spread, and makes a hidden class for each object that outlives it.
 */
export type Knowledge<M extends Machine> = { readonly [S in keyof M]: unknown };

type Targets<
  M extends Machine,
  S extends keyof M,
  E extends keyof M[S]['on'],
> = M[S]['on'][E] extends readonly (infer T)[] ? T & keyof M : never;
/** A state and what it knows. */
export type Move<K, T extends keyof K = keyof K> = { [S in T]: { readonly to: S; readonly with: K[S] } }[T];
export interface Refusal {
  readonly refused: Failure;
}

/** One function for each arrow of the table. */
export type Handlers<M extends Machine, K extends Knowledge<M>> = {
  readonly [S in keyof M]: {
    readonly [E in keyof M[S]['on']]: E extends HandshakeTypeName
      ? (known: K[S], message: Message) => Move<K, Targets<M, S, E>> | Refusal
      : (known: K[S]) => Move<K, Targets<M, S, E>> | Refusal;
  };
};

export const go = <T extends string, D>(to: T, known: D): { readonly to: T; readonly with: D } => ({ to, with: known });
export const refuse = (refused: Failure): Refusal => ({ refused });

type AnyHandler = (known: unknown, message: Message | undefined) => { to: string; with: unknown } | Refusal;

/** What takes signals and messages, and is somewhere. */
export interface Runner {
  /** The row of its table. */
  readonly state: string;
  waitsFor(signal: Signal): boolean;
  /** Takes what it waits for, or says what is wrong. `signal` is a `Signal` or the name of an unknown message. */
  take(signal: string, message?: Message): Failure | undefined;
}

/** A machine in one of its states. */
export class Course<M extends Machine, K extends Knowledge<M>> implements Runner {
  readonly #machine: M;
  readonly #handlers: Handlers<M, K>;
  #at: { readonly to: string; readonly with: unknown };

  constructor(machine: M, handlers: Handlers<M, K>, start: Move<K>) {
    this.#machine = machine;
    this.#handlers = handlers;
    this.#at = start as { to: string; with: unknown };
  }

  get state(): string {
    return this.#at.to;
  }

  /** What it knows there. */
  get known(): unknown {
    return this.#at.with;
  }

  waitsFor(signal: Signal): boolean {
    return this.#machine[this.#at.to]?.on[signal] !== undefined;
  }

  /** Moves along the arrow of `signal`, or says why not: no such arrow, a body that does not parse, a handler's refusal. */
  take(signal: string, message?: Message): Failure | undefined {
    const { to: state, with: known } = this.#at;
    const row = this.#machine[state]?.on[signal as Signal];
    if (!row)
      return { fault: 'peer', code: 'unexpected-message', got: signal, expected: expected(this.#machine, state) };
    // The mapped type above made sure that the handler is there; its signature is erased here, in one place.
    const handler = (this.#handlers as unknown as Record<string, Record<string, AnyHandler>>)[state]?.[signal];
    if (!handler) throw new Error(`no handler for ${signal} in ${state}`);
    let result: ReturnType<AnyHandler>;
    try {
      result = handler(known, message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { fault: 'peer', code: 'malformed', message: signal, at: error.at, why: error.message };
    }
    if ('refused' in result) return result.refused;
    if (!row.includes(result.to)) throw new Error(`${state} may not go to ${result.to} on ${signal}`);
    this.#at = result;
    return undefined;
  }
}
