/**
 * A scenario: a target and options, read from flags or from a form, checked as a whole, and turned into the engine's
 * configuration. Everything that is wrong is reported at once, not the first thing alone.
 */

import type { Credential } from '../crypto/keys.ts';
import type { EndpointConfig } from '../engine/api.ts';
import { formatLinkRule } from '../link/text.ts';
import { profileOf } from '../profiles/index.ts';
import { defaultOptions } from './defaults.ts';
import { loadWithoutRate, onlySimulated } from './linkGrammar.ts';
import {
  type Command,
  formatOption,
  type OptionName,
  type Options,
  optionNames,
  optionsOf,
  optionTable,
  ourselves,
  parseBind,
} from './options.ts';
import { bad, good, type Parsed, type Problem } from './problem.ts';
import { habitsOf } from './profileOptions.ts';
import { clashOf, misplaced, quirks, withQuirks } from './quirks/index.ts';
import { impossibleSteps } from './stepChecks.ts';
import { isSignalled, parseTarget, type Target } from './target.ts';

export interface Scenario {
  readonly command: Command;
  /** `undefined` for `serve`, which takes whoever comes. */
  readonly target: Target | undefined;
  readonly options: Options;
}

/** The texts given for each option, in order; an option that is not here has its default. */
export type GivenOptions = Partial<Readonly<Record<OptionName, readonly string[]>>>;

/** Reads and checks a scenario. `target` is the text behind the command. */
export function readScenario(command: Command, target: string | undefined, given: GivenOptions): Parsed<Scenario> {
  const problems: Problem[] = [];
  const take = <T>(parsed: Parsed<T>): T | undefined => {
    if (parsed.ok) return parsed.value;
    problems.push(...parsed.problems);
    return undefined;
  };
  const values: Partial<Record<OptionName, unknown>> = {};
  for (const name of optionNames) {
    const texts = given[name];
    if (texts === undefined || texts.length === 0) continue;
    const { flag, type, commands } = optionTable[name];
    if (!commands.includes(command))
      problems.push(...bad(flag, texts.join(' '), `has no place in "${command}"`).problems);
    else values[name] = take<unknown>(type.parse(texts, flag));
  }
  const where = command === 'probe' && target !== undefined ? take(parseTarget(target)) : undefined;
  if (command === 'probe' && target === undefined) problems.push(...bad('TARGET', '', 'is missing').problems);
  if (problems.length > 0) return { ok: false, problems };
  // Options that are not given have the defaults of the stack that we are to behave as.
  const as = values.as as Options['as'] | undefined;
  const options = { ...defaultOptions(command, as, values.allowWeak === true), ...values } as Options;
  const scenario: Scenario = { command, target: where, options };
  const wrong = contradictions(scenario, given);
  return wrong.length > 0 ? { ok: false, problems: wrong } : good(scenario);
}

/** What each option may be, but not together. */
function contradictions({ command, target, options }: Scenario, given: GivenOptions): Problem[] {
  const problems: Problem[] = [];
  const refuse = (name: OptionName, what: string, allowed?: string): void => {
    const texts = formatOption(name, options[name]);
    problems.push(
      ...bad(optionTable[name].flag, texts.join(' '), what, allowed === undefined ? {} : { allowed }).problems,
    );
  };
  for (const name of optionsOf(command)) {
    const only = optionTable[name].onlyRole;
    // Signalling settles the role, so either may come to use what belongs to one of them.
    if (given[name] !== undefined && only !== undefined && only !== options.role && !isSignalled(target))
      refuse(name, `means nothing for a ${options.role}`, `with --role ${only}`);
  }
  if (options.key.length > options.cert.length)
    refuse('key', 'has no --cert: each --key belongs to the --cert before it');
  if (options.certGen !== undefined && options.cert.length > 0)
    refuse('certGen', 'contradicts --cert: one or the other');
  if (given.versions !== undefined && options.versions.includes('1.0') && !options.allowWeak)
    refuse('versions', 'holds DTLS 1.0, which is weak', 'with --allow-weak');
  if (options.rto !== undefined && options.rtoMax < options.rto)
    refuse('rtoMax', `is less than --rto, ${options.rto} ms`);
  if (options.fragment !== undefined && options.fragment > options.mtu)
    refuse('fragment', `is more than the MTU, ${options.mtu} bytes`);
  if (options.role === 'server' && options.fingerprint.length > 0 && options.clientAuth === 'none')
    refuse('clientAuth', 'contradicts --fingerprint: a client that is not asked shows no certificate');
  problems.push(...misusedQuirks(command, target, options));
  const unshared = loadWithoutRate(options.link);
  if (unshared)
    problems.push(
      ...bad(optionTable.link.flag, formatLinkRule(unshared), 'has no line to share', {
        allowed: 'with a rate for the same direction, as in rate=225kbit/s,queue=20KB',
      }).problems,
    );
  if (target?.kind !== 'sim')
    for (const rule of options.link) {
      const why = onlySimulated(rule, options.versions);
      if (why)
        problems.push(...bad(optionTable.link.flag, formatLinkRule(rule), why.what, { allowed: why.allowed }).problems);
    }
  if (target?.kind === 'sim')
    for (const name of ['bind', 'turn'] as const)
      if (options[name] !== undefined) refuse(name, 'means nothing for the target sim');
  if (command === 'probe' ? !isSignalled(target) : !options.whip)
    for (const name of ['setup', 'announce', 'token'] as const)
      if (given[name] !== undefined)
        refuse(
          name,
          'means nothing without signalling',
          command === 'probe' ? 'with sdp:, whip:, whep: or browser' : 'with --whip',
        );
  if (target?.kind === 'sdp' || target?.kind === 'browser' || target?.kind === 'page')
    if (given.token !== undefined) refuse('token', `means nothing for ${target.kind === 'sdp' ? 'sdp:' : target.kind}`);
  const several = options.repeat > 1 || options.parallel > 1;
  if (options.until !== undefined && !several) refuse('until', 'means nothing for a single handshake', 'with --repeat');
  for (const name of ['repeat', 'parallel'] as const)
    if (target?.kind === 'sdp' && options[name] > 1)
      refuse(name, 'means nothing for sdp: a description is answered once');
  if (options.resume && (command === 'probe' ? target?.kind !== 'udp' || options.turn !== undefined : options.whip))
    refuse('resume', 'is for DTLS over plain UDP', 'with HOST:PORT, or serve without --whip');
  if (options.parallel > 1 && (parseBind(options.bind ?? '')?.port ?? 0) !== 0)
    refuse('parallel', 'contradicts the port of --bind: each association needs its own');
  problems.push(...impossibleSteps(target, options));
  if (options.echo && options.whip)
    refuse('echo', 'means nothing for a gateway: what its clients send is SCTP, which no echo answers');
  if (target?.kind === 'browser' && options.turn !== undefined) refuse('turn', 'means nothing for this browser itself');
  return problems;
}

/** Quirks that mean nothing here, or that contradict each other: of our side, and of a simulated peer. */
function misusedQuirks(command: Command, target: Target | undefined, options: Options): Problem[] {
  const problems: Problem[] = [];
  const other = options.role === 'client' ? 'server' : 'client';
  const ends = [
    // Signalling may give us either role.
    {
      where: optionTable.quirk.flag,
      role: isSignalled(target) || options.whip ? undefined : options.role,
      ids: options.quirk,
    },
    ...(target?.kind === 'sim' ? [{ where: 'TARGET', role: other, ids: target.quirks } as const] : []),
  ];
  for (const { where, role, ids } of ends) {
    const restarts = options.steps.some(({ kind }) => kind === 'restart');
    const wrong = (id: string, what: string, allowed?: string): void => {
      problems.push(...bad(where, id, what, allowed === undefined ? {} : { allowed }).problems);
    };
    for (const id of ids) {
      const why = misplaced(id, role, options.versions);
      if (why !== undefined) wrong(id, why);
      // Only who is met twice shows what it makes of that.
      else if (quirks[id].listens && command !== 'serve' && !(where === 'TARGET' && restarts))
        wrong(id, 'means nothing for a single handshake', 'with serve, or for sim: with --step restart');
      else if (quirks[id].announces !== undefined && command === 'probe' && target?.kind === 'udp')
        wrong(id, 'means nothing without signalling', 'with sim, sdp:, whip:, whep: or browser');
    }
    const clash = clashOf(ids);
    if (clash) wrong(clash.join(', '), 'can not be had together: both decide the same thing');
  }
  return problems;
}

/** JSON as a form keeps it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/**
 * Reads what a form sends: for each option its text, a number, a boolean, or a list of texts; `null` and "" stand for the
 * default. Unknown names are problems, not silence.
 */
export function readForm(
  command: Command,
  target: string | undefined,
  form: Readonly<Record<string, Json>>,
): Parsed<Scenario> {
  const given: Partial<Record<OptionName, readonly string[]>> = {};
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(form)) {
    const name = optionNames.find((known) => known === key);
    const texts = name === undefined ? undefined : textsOf(value, optionTable[name].type.description.kind === 'list');
    if (name === undefined) problems.push(...bad(key, '', 'is not an option').problems);
    else if (texts === undefined)
      problems.push(...bad(optionTable[name].flag, JSON.stringify(value), 'is not a value').problems);
    else if (texts.length > 0) given[name] = texts;
  }
  // A form's description is pasted beside it; a terminal reads what is pasted from standard input.
  const place = target?.trim() === 'sdp:' ? 'sdp:-' : target;
  return problems.length > 0 ? { ok: false, problems } : readScenario(command, place, given);
}

function textsOf(value: Json, list: boolean): readonly string[] | undefined {
  if (value === null || value === '') return [];
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  if (typeof value === 'boolean') return [value ? 'on' : 'off'];
  if (!Array.isArray(value)) return undefined;
  const texts = value.flatMap((item: Json) => (typeof item === 'string' && item !== '' ? [item] : []));
  if (texts.length !== value.length) return undefined;
  return list ? [texts.length === 0 ? 'none' : texts.join(',')] : texts;
}

/** The texts of all options that differ from their default: what a form shows, and a command line names. */
export function formOf({ command, options }: Pick<Scenario, 'command' | 'options'>): GivenOptions {
  const defaults = { ...defaultOptions(command, options.as, options.allowWeak), as: ourselves, allowWeak: false };
  const given: Partial<Record<OptionName, readonly string[]>> = {};
  for (const name of optionsOf(command)) {
    const texts = formatOption(name, options[name]);
    if (texts.join('\n') !== formatOption(name, defaults[name]).join('\n')) given[name] = texts;
  }
  return given;
}

/** Whether sessions of before are offered: in a later run, or in a step of this one. */
export const wantsSession = ({ resume, steps }: Options): boolean =>
  resume || steps.some((step) => step.kind === 'restart' && step.resume);

/** The time before a flight is sent again the first time, where neither anybody chose one nor the path tells (RFC 6347 §4.2.4.1). ms */
const usualTimeout = 1000;

/** The engine's configuration: `base` (the engine's defaults) with everything that the options and their profile decide. */
export function toEndpointConfig(
  options: Options,
  credentials: readonly Credential[],
  base: EndpointConfig,
): EndpointConfig {
  const profile = profileOf(options.as);
  const config: EndpointConfig = {
    ...base,
    ...(profile && habitsOf(profile, options)),
    role: options.role,
    versions: options.versions,
    cipherSuites: options.suites,
    groups: options.groups,
    signatureSchemes: options.sigalgs,
    allowWeak: options.allowWeak,
    credentials,
    clientAuth: options.clientAuth,
    trust:
      options.fingerprint.length === 0 ? { kind: 'any' } : { kind: 'fingerprints', fingerprints: options.fingerprint },
    alpn: options.alpn,
    srtpProfiles: options.srtp,
    cookie: options.cookie,
    mtu: options.mtu,
    packing: options.packing,
    fragment: options.fragment,
    ...(options.recordSizeLimit !== undefined && { recordSizeLimit: options.recordSizeLimit }),
    ...(wantsSession(options) && { sessionTicket: true }),
    retransmission: {
      start: options.rto ?? Math.min(usualTimeout, options.rtoMax),
      growth: options.rtoGrowth,
      cap: options.rtoMax,
      attempts: options.attempts,
    },
  };
  return withQuirks(config, options.quirk);
}
