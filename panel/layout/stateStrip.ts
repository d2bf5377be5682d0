/**
 * How far each side got, as the rungs of its state table: what it waits for, in order. Our own ends tell their states;
 * of others the messages that were seen tell as much, and that it is derived is said. Losses that were made good are not
 * faults: a rung is reached, waited for, or ahead.
 */
import type { DatagramView, Handshake } from '../../src/analysis/model.ts';
import { firstUntaken } from '../../src/diagnosis/lookups.ts';
import type { Machine } from '../../src/engine/machine.ts';
import { paths } from '../../src/engine/paths.ts';
import type { Actor } from '../../src/trace/model.ts';
import { ContentType } from '../../src/wire/registry.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import { duration, plural } from './text.ts';

export interface Rung {
  readonly name: string;
  /** `stopped`: waited for when the handshake ended without it. */
  readonly state: 'reached' | 'waiting' | 'stopped' | 'ahead';
  /** All of it in words. */
  readonly label: string;
}

export interface Strip {
  readonly side: Actor;
  readonly rungs: readonly Rung[];
  /** "last heard after 1.005 s", "resent 2 flights": what stands behind the rungs. */
  readonly facts: readonly string[];
  readonly derived: boolean;
}

/** A rung: what brings a side up to it, and whether every handshake has it. */
interface Step {
  readonly signal: string;
  readonly optional: boolean;
}

/** An arrow of a table. */
type Arrow = readonly [from: string, to: string];

/**
 * The way through a table to `connected`: its signals in the order of its states, those that a state only loops on before
 * those that lead out of it. A signal without which `connected` can be reached is no rung of every handshake; arrows that
 * are `untaken` don't count for that.
 */
export function wayThrough(machine: Machine, untaken: readonly Arrow[] = []): readonly Step[] {
  const names = Object.keys(machine);
  const before = names.slice(0, names.indexOf('connected'));
  const signals = before.flatMap((name) => {
    const arrows = Object.entries<readonly string[]>(machine[name]?.on ?? {});
    const stays = (to: readonly string[]): boolean => to.every((target) => target === name);
    return [...arrows.filter(([, to]) => stays(to)), ...arrows.filter(([, to]) => !stays(to))].map(
      ([signal]) => signal,
    );
  });
  return [...new Set(signals)]
    .filter((signal) => signal !== 'start')
    .map((signal) => ({ signal, optional: reachesConnected(machine, before[0] ?? '', signal, untaken) }));
}

/** Whether a handshake can be completed without a signal. */
function reachesConnected(machine: Machine, from: string, without: string, untaken: readonly Arrow[]): boolean {
  const seen = new Set([from]);
  for (const name of seen)
    for (const [signal, to] of Object.entries<readonly string[]>(machine[name]?.on ?? {}))
      for (const target of to)
        if (signal !== without && !untaken.some(([one, next]) => one === name && next === target)) seen.add(target);
  return seen.has('connected');
}

/** What is skipped by who resumes: the certificates, which every other handshake has (RFC 8446 §2.2, RFC 5246 §7.3). */
const resumption: readonly Arrow[] = [
  ['awaitEncryptedExtensions', 'awaitFinished'],
  ['awaitServerHello', 'awaitNewSessionTicket'],
  ['awaitServerHello', 'awaitChangeCipherSpec'],
  ['awaitClientHello', 'awaitChangeCipherSpec'],
];
/** RSA encryption has no ServerKeyExchange (RFC 5246 §7.4.3). */
const withoutKeyExchange: Arrow = ['awaitCertificate', 'awaitCertificateRequest'];

/** What decides which rungs a handshake has, besides its version. */
export interface Kind {
  readonly resumed?: boolean;
  /** The client encrypts the premaster secret to the server's RSA key. */
  readonly rsa?: boolean;
}

/** The rungs of a side. */
export const stepsOf = (side: Actor, version: '1.2' | '1.3', { resumed = false, rsa = false }: Kind = {}) =>
  wayThrough(paths[`${side}${version === '1.2' ? '12' : '13'}` as const], [
    ...(resumed ? [] : resumption),
    ...(rsa ? [] : [withoutKeyExchange]),
  ]);

/** `over`: nothing more will come, so that what is waited for is missing. */
export function stateStrips(handshake: Handshake, over: boolean): Strip[] {
  return (['client', 'server'] as const).map((side) => strip(handshake, side, over));
}

function strip(handshake: Handshake, side: Actor, over: boolean): Strip {
  const peer = side === 'client' ? 'server' : 'client';
  const told = handshake.states.filter(({ actor }) => actor === side);
  const derived = !handshake.ours.includes(side) || told.length === 0;
  const got = derived ? seenFrom(handshake, peer) : new Set(told.map(({ because }) => because));
  const done = derived
    ? handshake.establishedAt !== undefined
    : told.some(({ to }) => to === 'connected') || handshake.connected[side] !== undefined;
  const { psk, resumed: again, cipherSuite: suite = -1, version } = handshake.parameters;
  const resumed = psk || again || (got.has('encrypted_extensions') && got.has('finished') && !got.has('certificate'));
  const rsa = cipherSuite(suite)?.keyExchange === 'rsa';
  const steps = stepsOf(side, version === '1.3' ? '1.3' : '1.2', { resumed, rsa });
  const last = done ? steps.length : steps.reduce((far, step, at) => (got.has(step.signal) ? at + 1 : far), 0);
  // The rung that the side stands before: the first one that it can't do without.
  const next = steps.findIndex((step, at) => at >= last && !step.optional);
  // Whoever was never seen to answer waits for nothing yet.
  const silent = derived && last > 0 && !handshake.datagrams.some((one) => one.from === side && answers(one, side));
  const rungs = steps.flatMap((step, at): Rung[] => {
    const reached = got.has(step.signal) || (at < last && !step.optional);
    if (step.optional && !reached) return [];
    const state = reached ? 'reached' : at === next && !silent ? (over ? 'stopped' : 'waiting') : 'ahead';
    return [rung(step.signal, state)];
  });
  const connected = rung('connected', done ? 'reached' : 'ahead');
  return {
    side,
    rungs: [...rungs, connected],
    facts: [...factsOf(handshake, side, peer), ...(silent ? ['not seen to answer'] : [])],
    derived,
  };
}

/** What a server says before it has taken a ClientHello: another one, please. */
const asksAgain: ReadonlySet<string> = new Set(['hello_verify_request', 'hello_retry_request']);

/** Any handshake datagram is an answer; a server’s request for another hello is none yet (RFC 6347 §4.2.1). */
const answers = ({ records }: DatagramView, side: Actor): boolean =>
  records.some(({ fragments, type }) =>
    type === ContentType.handshake && fragments.length > 0
      ? side === 'client' || fragments.some(({ name }) => !asksAgain.has(name))
      : true,
  );

const words: Readonly<Record<Rung['state'], string>> = {
  reached: 'reached',
  waiting: 'waits for it',
  stopped: 'stopped waiting for it',
  ahead: 'not reached',
};
const rung = (name: string, state: Rung['state']): Rung => ({ name, state, label: `${name}: ${words[state]}` });

/** What a side sent that the other can have taken, as far as it was seen, under the names of the tables. */
function seenFrom(handshake: Handshake, from: Actor): ReadonlySet<string> {
  const untaken = firstUntaken(handshake, from);
  const seen = new Set<string>();
  for (const { from: sender, complete, name, messageSeq } of handshake.messages)
    if (sender === from && complete && (untaken === undefined || messageSeq < untaken)) seen.add(name);
  // Both come last.
  if (untaken !== undefined) return seen;
  for (const flight of handshake.flights)
    if (flight.from === from && flight.messages.includes('change_cipher_spec')) seen.add('change_cipher_spec');
  if (handshake.finished[from]) seen.add('finished');
  return seen;
}

function factsOf(handshake: Handshake, side: Actor, peer: Actor): string[] {
  const heard = handshake.datagrams.findLast(({ from, delivered }) => from === peer && delivered !== false);
  const resent = handshake.retransmissions[side];
  const at = heard && (heard.deliveredAt ?? heard.at) - handshake.startedAt;
  return [
    at === undefined ? `never heard the ${peer}` : `last heard the ${peer} at ${duration(at)}`,
    resent === 0 ? 'resent nothing' : `resent ${plural(resent, 'flight')}`,
  ];
}
