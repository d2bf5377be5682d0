/**
 * The text of `--link`: `[out:|in:]KIND=VALUE[,PARAMETER=VALUE]`; what there is, with an example of each form, is in
 * `linkTable.ts`.
 *
 *   loss=30%                      duplicate=5%      corrupt=1%      reorder=10%[,by=20ms]
 *   burst=5%,length=4[,inside=80%][,outside=1%]     delay=70ms[±20ms]   (±, +- or ,jitter=20ms)
 *   rate=225kbit/s[,queue=20KB]   load=340kbit/s[,streams=2][,size=1000]
 *   mtu=1200[,notice]             truncate=1600
 *   drop=MATCH   duplicate=MATCH  delay=MATCH,by=500ms   truncate=MATCH,to=600
 *
 * MATCH is `3` (the third datagram of the direction), `1+3`, `2..5`, `all`, or a message: `certificate`, `certificate#1`
 * (the first datagram that carries some of it), `certificate@500` (that carries its byte 500), `certificate@500#1+2`.
 * Errors name the character. `formatLinkRule` writes the one canonical spelling back.
 */
import type { LinkRule, ScriptAction, ScriptMatch } from '../link/api.ts';
import { largestShare } from '../link/burst.ts';
import { handshakeTypes } from '../wire/registry.ts';
import { type LinkKind, linkExamples, linkKinds } from './linkTable.ts';
import type { Parsed } from './problem.ts';
import { integer, milliseconds, number, Parameters, Scanner, scan, size, withoutUnit } from './scanner.ts';

export { formatLinkRule } from '../link/text.ts';

const where = '--link';
/** Where `queue=` and `by=` are left out. */
const defaultQueueBytes = 20_000;
const defaultReorderMs = 20;
/** A datagram of video fills what a browser sends at once. */
const defaultLoadBytes = 1000;
/** Streams of one rule of load; a conference has fewer. */
const maxStreams = 64;
/** Load is computed datagram by datagram. */
const maxLoadKbps = 100_000;
/** A rule that lists more datagrams than this was not meant so. */
const maxNth = 1000;
const maxBytes = 65_535;

/** Reads one rule. */
export function parseLinkRule(text: string): Parsed<LinkRule> {
  return scan(where, text, rule);
}

function rule(text: Scanner): LinkRule {
  const prefixed = /^(out|in):/.exec(text.text);
  const direction = prefixed?.[1] === 'out' ? 'out' : prefixed?.[1] === 'in' ? 'in' : undefined;
  const wrongPrefix = /^([^=:]*):/.exec(text.text);
  if (!prefixed && wrongPrefix) text.fail('starts with a direction that is not known', '"out:" or "in:"');
  const [head, ...tail] = text.slice(prefixed?.[0].length ?? 0).split(',');
  const cut = head?.cut('=');
  if (!head || !cut) return text.fail('is not KIND=VALUE', linkKinds.join(', '), prefixed?.[0].length ?? 0);
  const [name, value] = cut;
  const kind = linkKinds.find((known) => known === name.text);
  if (kind === undefined) return name.fail(`has no rule "${name.text}"`, linkKinds.join(', '));
  if (value.text === '') value.fail(`says nothing behind "${kind}="`, linkExamples(kind));
  const parameters = new Parameters(tail, kind, linkExamples(kind));
  const made = ruleOf(kind, value, parameters);
  parameters.refuseOthers();
  return { direction, ...made };
}

type Undirected<R> = R extends LinkRule ? Omit<R, 'direction'> : never;

function ruleOf(kind: LinkKind, value: Scanner, parameters: Parameters): Undirected<LinkRule> {
  const script = (action: ScriptAction): Undirected<LinkRule> => ({ kind: 'script', action, match: match(value) });
  switch (kind) {
    case 'loss':
    case 'corrupt':
      return { kind, probability: probability(value) };
    case 'duplicate':
      return /%$|^0?\./.test(value.text) ? { kind, probability: probability(value) } : script({ kind: 'duplicate' });
    case 'reorder': {
      const by = parameters.take('by');
      return { kind, probability: probability(value), ms: by ? milliseconds(by) : defaultReorderMs };
    }
    case 'burst': {
      const length = parameters.take('length');
      if (!length) return value.fail('has no mean length of its bursts', linkExamples(kind));
      const rule = { kind, share: probability(value), length: decimal(length, 'a number of datagrams', 1, 10_000) };
      const most = largestShare(rule.length);
      if (rule.share > most)
        value.fail(`is more than bursts of ${rule.length} can make, one good datagram apart`, percentText(most));
      const [inside, outside] = [parameters.take('inside'), parameters.take('outside')];
      return { ...rule, inside: inside ? probability(inside) : 1, outside: outside ? probability(outside) : 0 };
    }
    case 'load': {
      const [streams, datagram] = [parameters.take('streams'), parameters.take('size')];
      const kbps = rate(value);
      if (kbps > maxLoadKbps) value.fail('is too large', `1 bit/s to ${maxLoadKbps / 1000} Mbit/s`);
      return {
        kind,
        kbps,
        streams: streams ? integer(streams, 'a number of streams', 1, maxStreams) : 1,
        bytes: datagram ? size(datagram, maxBytes, 1) : defaultLoadBytes,
      };
    }
    case 'delay': {
      const by = parameters.take('by');
      if (by) return script({ kind: 'delay', ms: milliseconds(by) });
      const apart = value.cut('±') ?? value.cut('+-');
      const jitter = apart?.[1] ?? parameters.take('jitter');
      return { kind, ms: milliseconds(apart?.[0] ?? value), jitterMs: jitter ? milliseconds(jitter) : 0 };
    }
    case 'rate': {
      const queue = parameters.take('queue');
      return { kind, kbps: rate(value), queueBytes: queue ? size(queue, 1e9) : defaultQueueBytes };
    }
    case 'mtu':
      return { kind, bytes: size(value, maxBytes), notice: parameters.flag('notice') };
    case 'truncate': {
      const to = parameters.take('to');
      return to ? script({ kind: 'truncate', bytes: size(to, maxBytes) }) : { kind, bytes: size(value, maxBytes) };
    }
    case 'drop':
      return script({ kind: 'drop' });
  }
}

function probability(text: Scanner): number {
  const allowed = '0% to 100%';
  if (text.text.endsWith('%')) return number(withoutUnit(text, /%$/), 'a percentage', 0, 100, allowed) / 100;
  const value = number(
    text.text.startsWith('.') ? new Scanner(`0${text.text}`, text.start - 1) : text,
    'a probability',
    0,
    100,
    allowed,
  );
  // "loss=1" could be one in a hundred or everything.
  if (value >= 1) text.fail('needs its percent sign', `${value}%`, text.text.length - 1);
  return value;
}

const rates: Readonly<Record<string, number>> = { 'bit/s': 0.001, 'kbit/s': 1, 'Mbit/s': 1000 };
function rate(text: Scanner): number {
  const allowed = '1 bit/s to 10000 Mbit/s, as in 225kbit/s';
  const unit = /(bit|kbit|Mbit)\/s$/.exec(text.text)?.[0];
  const scale = unit === undefined ? undefined : rates[unit];
  if (scale === undefined) {
    const end = /^[\d.]*/.exec(text.text)?.[0].length ?? 0;
    return text.fail('needs its unit: bit/s, kbit/s or Mbit/s', allowed, Math.min(end, text.text.length - 1));
  }
  const digits = withoutUnit(text, /(bit|kbit|Mbit)\/s$/);
  return number(digits, 'a rate', 0.001 / scale, 1e7 / scale, allowed) * scale;
}

function match(text: Scanner): ScriptMatch {
  if (text.text === 'all') return { nth: undefined, message: undefined, byte: undefined };
  if (/^\d/.test(text.text)) return { nth: numbers(text), message: undefined, byte: undefined };
  const [subject, which] = text.cut('#') ?? [text, undefined];
  const [name, byte] = subject.cut('@') ?? [subject, undefined];
  const names: readonly string[] = Object.values(handshakeTypes);
  if (!names.includes(name.text))
    name.fail(
      `names no datagram and no handshake message`,
      'a number, "all", or a message such as certificate, server_hello, finished',
    );
  return {
    nth: which && numbers(which),
    message: name.text,
    byte: byte && integer(byte, 'a byte offset', 0, 2 ** 24 - 1),
  };
}

const decimal = (text: Scanner, what: string, low: number, high: number): number =>
  number(text, what, low, high, `${low} to ${high}`);

/** Rounded down to what the grammar reads. */
const percentText = (probability: number): string => `0% to ${Math.floor(probability * 1e4) / 100}%`;

/** `1+3`, `2..5`: counted from 1, each once, in order. */
function numbers(text: Scanner): number[] {
  const all = text.split('+').flatMap((part) => {
    const [from, to] = part.cut('..') ?? [part, part];
    const [first, last] = [from, to].map((end) => integer(end, 'the number of a datagram', 1, 1_000_000)) as [
      number,
      number,
    ];
    if (last < first) to.fail('ends before it begins');
    if (last - first >= maxNth) to.fail(`names more than ${maxNth} datagrams`);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  const unique = [...new Set(all)].sort((a, b) => a - b);
  if (unique.length > maxNth) text.fail(`names more than ${maxNth} datagrams`);
  return unique;
}

/** Why a rule can't be applied to a real peer, and what can: both complete a problem. */
export interface Inapplicable {
  readonly what: string;
  readonly allowed: string;
}

/**
 * Rules on what the peer sends that only a simulation can keep. An observer without keys can not see encrypted messages, so
 * a rule that waits for one would never strike (RFC 6347 §4.2.4: flights 5 and 6; RFC 9147 §5); and nobody but the network
 * can tell the peer that its datagrams are too large.
 */
export function onlySimulated(rule: LinkRule, versions: readonly ('1.0' | '1.2' | '1.3')[]): Inapplicable | undefined {
  if (rule.direction === 'out') return undefined;
  if (rule.kind === 'mtu' && rule.notice)
    return {
      what: 'can not be applied: only the network itself can tell the peer that its datagrams are too large',
      allowed: 'the same rule with "out:" or without its notice, or the target sim',
    };
  if (rule.kind !== 'script') return undefined;
  const { message } = rule.match;
  if (message === undefined) return undefined;
  const visible = ['hello_request', 'client_hello', 'server_hello', 'hello_verify_request'];
  const hidden = versions.includes('1.3') ? !visible.includes(message) : message === 'finished';
  if (!hidden) return undefined;
  return {
    what: `can not be applied: "${message}" comes in encrypted, so nobody between the peers can tell which datagram holds it`,
    allowed: 'the same rule with "out:", a datagram’s number, or the target sim',
  };
}

/** The rule of load that has no line to share; `undefined` when each has one in its direction. */
export const loadWithoutRate = (rules: readonly LinkRule[]): LinkRule | undefined =>
  rules.find(
    (load) =>
      load.kind === 'load' &&
      !(['out', 'in'] as const).some(
        (direction) =>
          (load.direction ?? direction) === direction &&
          rules.some((rule) => rule.kind === 'rate' && (rule.direction ?? direction) === direction),
      ),
  );
