/**
 * The text in which people order a credential: `rsa-4096,chain=3,size=3700`. A kind of key, then options, separated by
 * commas, in any order, all of them optional. Without anything it is what WebRTC browsers make for themselves: ECDSA
 * P-256, self-signed, CN=WebRTC, 30 days.
 *
 *   ecdsa-p256 | ecdsa-p384 | ecdsa-p521 | rsa-2048 | rsa-3072 | rsa-4096 | ed25519    kind of the leaf's key
 *   chain=N        certificates in the chain: leaf, intermediates, root (1 is a self-signed leaf)
 *   ca=KIND        kind of the issuers' keys, when another than the leaf's
 *   size=BYTES     bytes of all certificates of the chain together, DER, to the byte
 *   leaf=BYTES     bytes of the leaf alone, DER, to the byte
 *   days=N         how long the leaf is valid
 *   expired        the leaf's time ended a day ago
 *   not-yet-valid  the leaf's time begins in a day
 *   from=DATE until=DATE   the leaf's time, as 2026-01-31 or 2026-01-31T12:00:00Z, instead of the three above
 *   cn=NAME        common name of the leaf; a comma in it is written `\,`
 */

export const keyKinds = [
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
] as const;
export type KeyKind = (typeof keyKinds)[number];

export type Validity =
  | { readonly kind: 'current' | 'expired' | 'not-yet-valid'; readonly days: number }
  /** ms since 1970, whole seconds. */
  | { readonly kind: 'between'; readonly notBefore: number; readonly notAfter: number };

export interface CredentialSpec {
  readonly key: KeyKind;
  /** Certificates, 1 to `longestChain`. */
  readonly chain: number;
  /** Kind of the issuers' keys; the leaf's own kind when absent. */
  readonly ca?: KeyKind;
  /** Exact DER bytes, of the leaf or of all certificates together. */
  readonly size?: { readonly of: 'chain' | 'leaf'; readonly bytes: number };
  readonly validity: Validity;
  readonly commonName: string;
}

/** What Chromium and Firefox make for a connection that is given no certificate. */
export const defaultSpec: CredentialSpec = {
  key: 'ecdsa-p256',
  chain: 1,
  validity: { kind: 'current', days: 30 },
  commonName: 'WebRTC',
};

export const longestChain = 20;
/** Beyond what one handshake message can carry (RFC 5246 §7.4.2: 24-bit lengths, with a length before each certificate). */
export const largestSize = 2 ** 24 - 1 - 3 * (longestChain + 1);
const mostDays = 36_500;
/** ub-common-name (RFC 5280 §A.1). */
export const longestCommonName = 64;

export interface SpecError {
  /** Index in the text of the character where the fault begins. */
  readonly at: number;
  readonly why: string;
}

interface Item {
  readonly name: string;
  readonly at: number;
  readonly value: string | undefined;
  readonly valueAt: number;
}

/** Reads a specification; see the grammar above. */
export function parseCredentialSpec(
  text: string,
): { readonly ok: true; readonly spec: CredentialSpec } | { readonly ok: false; readonly error: SpecError } {
  try {
    return { ok: true, spec: parse(text) };
  } catch (error) {
    if (error instanceof SpecFault) return { ok: false, error: { at: error.at, why: error.message } };
    throw error;
  }
}

class SpecFault extends Error {
  readonly at: number;
  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}
const fault = (at: number, why: string): never => {
  throw new SpecFault(at, why);
};

function parse(text: string): CredentialSpec {
  let spec: CredentialSpec = defaultSpec;
  const seen = new Map<string, Item>();
  const once = (item: Item, slot: string): void => {
    const earlier = seen.get(slot);
    if (earlier)
      fault(
        item.at,
        earlier.name === item.name ? `${item.name} is given twice` : `${item.name} contradicts ${earlier.name}`,
      );
    seen.set(slot, item);
  };
  let days: number | undefined;
  let state: 'current' | 'expired' | 'not-yet-valid' = 'current';
  let from: number | undefined;
  let until: number | undefined;

  for (const item of items(text)) {
    const { name, value } = item;
    const flag = (): void => {
      if (value !== undefined) fault(item.valueAt - 1, `${name} takes no value`);
    };
    switch (name) {
      case 'chain':
        once(item, 'chain');
        spec = { ...spec, chain: integer(item, 1, longestChain) };
        break;
      case 'ca':
        once(item, 'ca');
        spec = { ...spec, ca: kindNamed(needed(item), item.valueAt) };
        break;
      case 'size':
      case 'leaf':
        once(item, 'size');
        spec = { ...spec, size: { of: name === 'size' ? 'chain' : 'leaf', bytes: integer(item, 1, largestSize) } };
        break;
      case 'days':
        once(item, 'days');
        days = integer(item, 1, mostDays);
        break;
      case 'expired':
      case 'not-yet-valid':
        once(item, 'state');
        flag();
        state = name;
        break;
      case 'from':
        once(item, 'from');
        from = date(item);
        break;
      case 'until':
        once(item, 'until');
        until = date(item);
        break;
      case 'cn':
        once(item, 'cn');
        spec = { ...spec, commonName: commonName(item) };
        break;
      default:
        once(item, 'key');
        flag();
        spec = { ...spec, key: kindNamed(name, item.at) };
    }
  }

  const ca = seen.get('ca');
  if (ca && spec.chain === 1) fault(ca.at, 'ca needs a chain of two or more: add chain=2');
  return { ...spec, validity: validityOf(seen, days ?? 30, state, from, until) };
}

function validityOf(
  seen: ReadonlyMap<string, Item>,
  days: number,
  state: 'current' | 'expired' | 'not-yet-valid',
  from: number | undefined,
  until: number | undefined,
): Validity {
  const start = seen.get('from');
  const end = seen.get('until');
  if (!start && !end) return { kind: state, days };
  const other = seen.get('state') ?? seen.get('days');
  if (other) fault(other.at, `${other.name} contradicts from and until`);
  if (from === undefined) return fault(end?.at ?? 0, 'until needs from=DATE beside it');
  if (until === undefined) return fault(start?.at ?? 0, 'from needs until=DATE beside it');
  if (until <= from) fault(end?.at ?? 0, 'until is not after from');
  return { kind: 'between', notBefore: from, notAfter: until };
}

/** The parts between commas, names in lower case; empty parts are stepped over at the ends only. */
function items(text: string): Item[] {
  const out: Item[] = [];
  let at = 0;
  for (const part of betweenCommas(text)) {
    const lead = part.length - part.trimStart().length;
    const start = at + lead;
    const body = part.trim();
    if (body === '' && text.trim() !== '') fault(at, 'nothing between commas');
    const equals = body.indexOf('=');
    if (body !== '')
      out.push({
        name: (equals < 0 ? body : body.slice(0, equals)).trim().toLowerCase(),
        at: start,
        value: equals < 0 ? undefined : body.slice(equals + 1).trim(),
        valueAt: start + equals + 1,
      });
    at += part.length + 1;
  }
  return out;
}

/** Splits at commas; a backslash takes the next character as it is. */
function betweenCommas(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ',') {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}

const needed = (item: Item): string =>
  item.value === undefined || item.value === ''
    ? fault(item.value === undefined ? item.at : item.valueAt, `${item.name} needs a value: ${item.name}=…`)
    : item.value;

function integer(item: Item, least: number, most: number): number {
  const text = needed(item);
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    fault(item.valueAt, `${item.name} is a whole number from ${least} to ${most}, not "${text}"`);
  return value;
}

function date(item: Item): number {
  const text = needed(item);
  const full = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text.toUpperCase();
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(full) ? Date.parse(full) : Number.NaN;
  if (Number.isNaN(ms) || isoSeconds(ms) !== full)
    fault(item.valueAt, `"${text}" is no date: write it as 2026-01-31 or 2026-01-31T12:00:00Z`);
  return ms;
}

const isoSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function commonName(item: Item): string {
  const name = needed(item).replace(/\\([\\,])/g, '$1');
  if ([...name].length > longestCommonName)
    fault(item.valueAt, `a common name has ${longestCommonName} characters at most (RFC 5280)`);
  return name;
}

const aliases: Readonly<Record<string, KeyKind>> = {
  ecdsa: 'ecdsa-p256',
  p256: 'ecdsa-p256',
  'p-256': 'ecdsa-p256',
  'ecdsa-p-256': 'ecdsa-p256',
  p384: 'ecdsa-p384',
  'p-384': 'ecdsa-p384',
  'ecdsa-p-384': 'ecdsa-p384',
  p521: 'ecdsa-p521',
  'p-521': 'ecdsa-p521',
  'ecdsa-p-521': 'ecdsa-p521',
  rsa2048: 'rsa-2048',
  rsa3072: 'rsa-3072',
  rsa4096: 'rsa-4096',
};

function kindNamed(text: string, at: number): KeyKind {
  const name = text.toLowerCase();
  const kind = keyKinds.find((known) => known === name) ?? (Object.hasOwn(aliases, name) ? aliases[name] : undefined);
  if (kind) return kind;
  if (name === 'rsa') return fault(at, 'rsa needs a size: rsa-2048, rsa-3072 or rsa-4096');
  return fault(
    at,
    `"${text}" is neither a kind of key (${keyKinds.join(', ')}) nor an option (chain, ca, size, leaf, days, expired, not-yet-valid, from, until, cn)`,
  );
}

/** The text of a specification, so that `parseCredentialSpec` gives the same one back. */
export function formatCredentialSpec(spec: CredentialSpec): string {
  const { validity, size } = spec;
  const parts: string[] = [spec.key];
  if (spec.chain !== 1) parts.push(`chain=${spec.chain}`);
  if (spec.ca !== undefined) parts.push(`ca=${spec.ca}`);
  if (size) parts.push(`${size.of === 'chain' ? 'size' : 'leaf'}=${size.bytes}`);
  if (validity.kind === 'between') {
    parts.push(`from=${dateText(validity.notBefore)}`, `until=${dateText(validity.notAfter)}`);
  } else {
    if (validity.days !== 30) parts.push(`days=${validity.days}`);
    if (validity.kind !== 'current') parts.push(validity.kind);
  }
  if (spec.commonName !== defaultSpec.commonName) parts.push(`cn=${spec.commonName.replace(/[\\,]/g, '\\$&')}`);
  return parts.join(',');
}

const dateText = (ms: number): string => isoSeconds(ms).replace('T00:00:00Z', '');
