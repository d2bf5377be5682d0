/**
 * The text of `--link`: `[out:|in:]KIND=VALUE[,PARAMETER=VALUE]`.
 *
 *   loss=30%                      duplicate=5%      corrupt=1%      reorder=10%[,by=20ms]
 *   delay=70ms[±20ms]             (±, +- or ,jitter=20ms)
 *   rate=225kbit/s[,queue=20KB]   mtu=1200          truncate=1600
 *   drop=MATCH   duplicate=MATCH  delay=MATCH,by=500ms   truncate=MATCH,to=600
 *
 * MATCH is `3` (the third datagram of the direction), `1+3`, `2..5`, `all`, or a message: `certificate`, `certificate#1`
 * (the first datagram that carries some of it), `certificate@500` (that carries its byte 500), `certificate@500#1+2`.
 * Errors name the character. `formatLinkRule` writes the one canonical spelling back.
 */
import type { LinkRule, ScriptAction, ScriptMatch } from '../link/api.ts';
import { handshakeTypes } from '../wire/registry.ts';
import { bad, good, type Parsed } from './problem.ts';

export { formatLinkRule } from '../link/text.ts';

const where = '--link';
/** Where `queue=` and `by=` are left out. */
const defaultQueueBytes = 20_000;
const defaultReorderMs = 20;
/** A rule that lists more datagrams than this was not meant so. */
const maxNth = 1000;
const maxMs = 600_000;
const maxBytes = 65_535;

export const linkKinds = [
  'loss',
  'delay',
  'rate',
  'duplicate',
  'reorder',
  'corrupt',
  'mtu',
  'truncate',
  'drop',
] as const;
type LinkKind = (typeof linkKinds)[number];

/** Reads one rule. */
export function parseLinkRule(text: string): Parsed<LinkRule> {
  try {
    return good(rule(new Scanner(text)));
  } catch (error) {
    if (error instanceof Misread) return bad(where, text, error.what, { at: error.at, ...error.allowed });
    throw error;
  }
}

/** Thrown and caught in this file alone. */
class Misread extends Error {
  readonly at: number;
  readonly what: string;
  readonly allowed: { readonly allowed?: string };
  constructor(at: number, what: string, allowed: string | undefined) {
    super(what);
    this.at = at;
    this.what = what;
    this.allowed = allowed === undefined ? {} : { allowed };
  }
}

/** A piece of the text that knows where it stands. */
class Scanner {
  readonly text: string;
  readonly start: number;
  constructor(text: string, start = 0) {
    this.text = text;
    this.start = start;
  }

  fail(what: string, allowed?: string, at = 0): never {
    throw new Misread(this.start + at, what, allowed);
  }
  slice(from: number, to = this.text.length): Scanner {
    return new Scanner(this.text.slice(from, to), this.start + from);
  }
  /** The parts before and behind the first `separator`; `undefined` when there is none. */
  cut(separator: string): readonly [Scanner, Scanner] | undefined {
    const at = this.text.indexOf(separator);
    return at < 0 ? undefined : [this.slice(0, at), this.slice(at + separator.length)];
  }
  split(separator: string): Scanner[] {
    const parts: Scanner[] = [];
    let left: Scanner = this;
    for (let cut = left.cut(separator); cut; cut = left.cut(separator)) {
      parts.push(cut[0]);
      left = cut[1];
    }
    return [...parts, left];
  }
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
  if (value.text === '') value.fail(`says nothing behind "${kind}="`, examples[kind]);
  const parameters = new Parameters(tail, kind);
  const made = ruleOf(kind, value, parameters);
  parameters.refuseOthers();
  return { direction, ...made };
}

const examples: Readonly<Record<LinkKind, string>> = {
  loss: 'loss=30%',
  delay: 'delay=70ms, delay=70ms±20ms, delay=certificate#1,by=500ms',
  rate: 'rate=225kbit/s,queue=20KB',
  duplicate: 'duplicate=5%, duplicate=3, duplicate=certificate#1',
  reorder: 'reorder=10%,by=20ms',
  corrupt: 'corrupt=1%',
  mtu: 'mtu=1200',
  truncate: 'truncate=1600, truncate=certificate#1,to=600',
  drop: 'drop=3, drop=certificate#1, drop=certificate@500',
};

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
      return { kind, bytes: size(value, maxBytes) };
    case 'truncate': {
      const to = parameters.take('to');
      return to ? script({ kind: 'truncate', bytes: size(to, maxBytes) }) : { kind, bytes: size(value, maxBytes) };
    }
    case 'drop':
      return script({ kind: 'drop' });
  }
}

/** The `,name=value` parts behind a rule; every one must be asked for. */
class Parameters {
  readonly #parts: { readonly name: Scanner; readonly value: Scanner; taken: boolean }[];
  readonly #kind: LinkKind;

  constructor(parts: readonly Scanner[], kind: LinkKind) {
    this.#kind = kind;
    this.#parts = parts.map((part) => {
      const cut = part.cut('=');
      if (!cut) return part.fail(`is not PARAMETER=VALUE; "${kind}" ends before the comma`, examples[kind]);
      return { name: cut[0], value: cut[1], taken: false };
    });
  }

  take(name: string): Scanner | undefined {
    const found = this.#parts.find((part) => part.name.text === name && !part.taken);
    if (found) found.taken = true;
    return found?.value;
  }

  refuseOthers(): void {
    const other = this.#parts.find((part) => !part.taken);
    other?.name.fail(`has no place for "${other.name.text}" in "${this.#kind}"`, examples[this.#kind]);
  }
}

function number(text: Scanner, what: string, low: number, high: number, allowed: string): number {
  // Six decimals are what JavaScript still prints without an exponent, so that every value can be written back.
  if (!/^\d{1,12}(\.\d{1,6})?$/.test(text.text)) {
    const at = /^\d{0,12}(\.\d{1,6})?/.exec(text.text)?.[0].length ?? 0;
    return text.fail(`is not ${what}`, allowed, text.text === '' ? 0 : Math.min(at, text.text.length - 1));
  }
  const value = Number(text.text);
  if (value < low || value > high) text.fail(`is ${value < low ? 'too small' : 'too large'}`, allowed);
  return value;
}

const withoutUnit = (text: Scanner, unit: RegExp): Scanner => text.slice(0, text.text.search(unit));

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

function milliseconds(text: Scanner): number {
  const allowed = '0 to 600000, in ms or s';
  const unit = /(ms|s)$/.exec(text.text)?.[0];
  const digits = unit === undefined ? text : withoutUnit(text, /(ms|s)$/);
  return unit === 's'
    ? number(digits, 'a time', 0, maxMs / 1000, allowed) * 1000
    : number(digits, 'a time', 0, maxMs, allowed);
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

const sizes: Readonly<Record<string, number>> = { B: 1, KB: 1000, KiB: 1024, MB: 1e6, MiB: 2 ** 20 };
function size(text: Scanner, max: number): number {
  const allowed = `0 to ${max} bytes`;
  const unit = /(B|KB|KiB|MB|MiB)$/.exec(text.text)?.[0];
  const scale = unit === undefined ? 1 : (sizes[unit] ?? 1);
  const digits = unit === undefined ? text : withoutUnit(text, /(B|KB|KiB|MB|MiB)$/);
  const value = number(digits, 'a size in bytes', 0, max / scale, allowed) * scale;
  if (!Number.isInteger(value)) digits.fail('is not a whole number of bytes', allowed);
  return value;
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

function integer(text: Scanner, what: string, low: number, high: number): number {
  const value = number(text, what, low, high, `${low} to ${high}`);
  if (!Number.isInteger(value)) text.fail(`is not ${what}`, `${low} to ${high}`);
  return value;
}

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

/**
 * Messages that an observer without keys can not see in what the peer sends: a rule that waits for one would never
 * strike. RFC 6347 §4.2.4 (flights 5 and 6), RFC 9147 §5.
 */
export function hiddenInbound(rule: LinkRule, versions: readonly ('1.0' | '1.2' | '1.3')[]): string | undefined {
  if (rule.kind !== 'script' || rule.direction === 'out') return undefined;
  const { message } = rule.match;
  if (message === undefined) return undefined;
  const visible = ['hello_request', 'client_hello', 'server_hello', 'hello_verify_request'];
  const hidden = versions.includes('1.3') ? !visible.includes(message) : message === 'finished';
  return hidden ? message : undefined;
}
