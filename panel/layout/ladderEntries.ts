/**
 * What a ladder has rows for, in order of time: the datagrams that are to be shown, and what our own endpoint said. Of a
 * handshake that grew, only what is new is asked whether it is to be shown.
 */
import type { DatagramView, Handshake, StunView } from '../../src/analysis/model.ts';
import { stepResultText } from '../../src/diagnosis/steps.ts';
import { stunText, stunWay } from '../../src/report/stun.ts';
import type { Failure } from '../../src/trace/facts.ts';
import type { Actor, TraceTime } from '../../src/trace/model.ts';
import { type Keep, keptOf, sameUpTo } from './kept.ts';
import { plural } from './text.ts';

/** What an endpoint of ours, the network or the end of the run said. */
export interface SaidEntry {
  readonly kind: 'said';
  readonly at: TraceTime;
  readonly key: string;
  readonly actor: Actor | undefined;
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'quiet';
}
export type Entry = DatagramView | SaidEntry;
export const isSaid = (entry: Entry): entry is SaidEntry => 'tone' in entry;

export class Entries {
  #datagrams: readonly DatagramView[] = [];
  /** The first that is earlier than the one before it; a capture of two interfaces may have such. */
  #firstLate = Number.POSITIVE_INFINITY;
  #said: readonly SaidEntry[] = [];

  /** By time; what was said at the time of a datagram comes after it. What did not change is the same object as before. */
  of(handshake: Handshake, keep: Keep, stun = false): readonly Entry[] {
    const datagrams = keptOf(handshake.datagrams, keep);
    const known = sameUpTo(this.#datagrams, datagrams);
    if (this.#firstLate >= known) this.#firstLate = firstLate(datagrams, known);
    this.#datagrams = datagrams;
    const said = saidIn(handshake).map((entry) => this.#said.find((one) => isSame(one, entry)) ?? entry);
    this.#said = stun ? [...said, ...handshake.stun.map((view) => stunEntry(view, handshake))] : said;
    if (this.#said.length === 0 && this.#firstLate === Number.POSITIVE_INFINITY) return datagrams;
    const entries: Entry[] = [...datagrams, ...this.#said];
    return entries.sort((a, b) => a.at - b.at);
  }
}

function firstLate(datagrams: readonly DatagramView[], from: number): number {
  for (let i = Math.max(from, 1); i < datagrams.length; i++)
    if ((datagrams[i]?.at ?? 0) < (datagrams[i - 1]?.at ?? 0)) return i;
  return Number.POSITIVE_INFINITY;
}

const isSame = (a: SaidEntry, b: SaidEntry): boolean => a.key === b.key && a.at === b.at && a.text === b.text;

function saidIn(handshake: Handshake): SaidEntry[] {
  const said: SaidEntry[] = [];
  const say = (at: TraceTime, key: string, actor: Actor | undefined, text: string, tone: SaidEntry['tone']): void => {
    said.push({ kind: 'said', at, key, actor, text, tone });
  };
  for (const actor of ['client', 'server'] as const) {
    const connected = handshake.connected[actor];
    if (connected) say(connected.at, `connected/${actor}`, actor, `${actor} connected`, 'good');
  }
  handshake.failures.forEach(({ at, actor, failure }, index) => {
    say(at, `failed/${index}`, actor, `${actor} gave up: ${failureText(failure)}`, 'bad');
  });
  for (const { number, count, actor, step, beganAt, endedAt, state, result } of handshake.steps) {
    say(beganAt, `step/${number}`, actor, `step ${number} of ${count}: ${step}`, 'quiet');
    if (endedAt === undefined || !result) continue;
    const [how, tone] = state === 'failed' ? (['failed', 'bad'] as const) : (['done', 'good'] as const);
    say(endedAt, `step/${number}/${how}`, actor, `step ${number} ${how}: ${stepResultText(result)}`, tone);
  }
  handshake.refused.forEach(({ at, by, why }, index) => {
    say(at, `refused/${index}`, undefined, `${by}: ${why}`, 'bad');
  });
  if (handshake.end && handshake.end.how !== 'done') {
    const { at, how, why } = handshake.end;
    const text = why === undefined ? `run ${how}` : `run ${how}: ${why}`;
    say(at, 'end', undefined, text, how === 'cancelled' ? 'quiet' : 'bad');
  }
  return said;
}

/** A message's line; the same object for the same message, which an answer replaces by another. */
function stunEntry(view: StunView, { client, server }: Handshake): SaidEntry {
  const known = stunEntries.get(view);
  if (known?.client === client) return known.entry;
  const actor = view.src === client ? 'client' : view.src === server ? 'server' : undefined;
  const text = `${stunWay(view, { client, server })} ${stunText(view)}`;
  const entry: SaidEntry = { kind: 'said', at: view.at, key: `stun/${view.packet}`, actor, text, tone: 'quiet' };
  stunEntries.set(view, { client, entry });
  return entry;
}
const stunEntries = new WeakMap<StunView, { readonly client: string; readonly entry: SaidEntry }>();

/** An engine's failure in a few words; the findings explain, this only marks the place. */
export function failureText(failure: Failure): string {
  const attempts = failure['attempts'];
  if (failure.code === 'timed-out' && typeof attempts === 'number')
    return `no answer to flight ${failure['flight']} after ${plural(attempts, 'retransmission')}`;
  const what = failure['what'] ?? failure['message'] ?? failure['why'];
  const name = failure.code.replaceAll('-', ' ');
  return typeof what === 'string' ? `${name} (${what})` : name;
}
