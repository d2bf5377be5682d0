/**
 * NSS key logs (draft-ietf-tls-keylogfile): lines of `LABEL client_random secret` in hexadecimal. What OpenSSL, NSS,
 * Chromium and Wireshark exchange; dtlscope reads and writes the same.
 */
import { fromHex, fromUtf8, toHex } from '../base/bytes.ts';
import type { TraceEvent, TraceTime } from '../trace/model.ts';

export interface Secret {
  readonly label: string;
  /** The ClientHello's random, 32 bytes; for the old label RSA, 8 bytes of the encrypted premaster secret. */
  readonly clientRandom: Uint8Array;
  readonly secret: Uint8Array;
}

/** A line that is no key log line. `line` counts from 1. */
export interface KeyLogProblem {
  readonly line: number;
  readonly why: string;
}

export interface KeyLogReading {
  readonly secrets: readonly Secret[];
  readonly problems: readonly KeyLogProblem[];
}

/**
 * Labels that stacks write: TLS 1.2 and before one, TLS 1.3 one per secret; after a KeyUpdate the number in
 * `…_TRAFFIC_SECRET_0` is higher, where the stack writes that at all. Others are kept too.
 */
export const keyLogLabels = [
  'CLIENT_RANDOM',
  'RSA',
  'PMS_CLIENT_RANDOM',
  'CLIENT_EARLY_TRAFFIC_SECRET',
  'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
  'SERVER_HANDSHAKE_TRAFFIC_SECRET',
  'CLIENT_TRAFFIC_SECRET_0',
  'SERVER_TRAFFIC_SECRET_0',
  'EARLY_EXPORTER_SECRET',
  'EXPORTER_SECRET',
  'ECH_SECRET',
  'ECH_CONFIG',
] as const;

/** No hash is longer, and no label needs more. Bytes. */
const longestSecret = 4096;
/** A key log of a long browsing session has tens of thousands. */
const mostSecrets = 1_000_000;
const listedLines = 100;

/** Reads a key log; comments (`#`), blank lines, CRLF and a byte-order mark are fine. Never throws. */
export function parseKeyLog(source: string | Uint8Array): KeyLogReading {
  const text = typeof source === 'string' ? source : fromUtf8(source);
  const secrets: Secret[] = [];
  const problems: KeyLogProblem[] = [];
  let bad = 0;
  let line = 0;
  for (let at = 0; at <= text.length && secrets.length < mostSecrets; ) {
    const feed = text.indexOf('\n', at);
    const end = feed === -1 ? text.length : feed;
    line++;
    const reading = parseLine(text.slice(at, end).trim());
    if (typeof reading === 'string') {
      if (++bad <= listedLines) problems.push({ line, why: reading });
    } else if (reading) secrets.push(reading);
    at = end + 1;
  }
  if (bad > listedLines) problems.push({ line, why: `${bad - listedLines} more lines are not key log lines` });
  if (secrets.length >= mostSecrets) problems.push({ line, why: `only the first ${mostSecrets} secrets were read` });
  return { secrets, problems };
}

/** A secret, nothing (a comment), or what is wrong. The reason never repeats the line: it may hold half a secret. */
function parseLine(line: string): Secret | string | undefined {
  if (line === '' || line.startsWith('#')) return undefined;
  if (line.length > 2 * longestSecret + 256) return 'longer than any key log line';
  const [label = '', random, value, ...rest] = line.split(/\s+/);
  if (!/^[A-Z][A-Z0-9_]*$/.test(label)) return 'does not begin with a label such as CLIENT_RANDOM';
  if (random === undefined || value === undefined) return `${label} needs a client random and a secret after it`;
  if (rest.length > 0) return `${label} has more than two values after it`;
  const clientRandom = hexOnly(random);
  const secret = hexOnly(value);
  const wanted = label === 'RSA' ? 8 : 32;
  if (!clientRandom) return `the client random of ${label} is not hexadecimal`;
  if (clientRandom.length !== wanted) {
    return `the client random of ${label} has ${clientRandom.length} bytes instead of ${wanted}`;
  }
  if (!secret) return `the secret of ${label} is not hexadecimal`;
  if (secret.length === 0) return `the secret of ${label} is empty`;
  // RFC 5246 §8.1: a master secret has always 48 bytes.
  if (label === 'CLIENT_RANDOM' && secret.length !== 48) {
    return `the master secret after CLIENT_RANDOM has ${secret.length} bytes instead of 48`;
  }
  if (secretOf13.test(label) && !hashLengths.has(secret.length)) {
    return `the secret of ${label} has ${secret.length} bytes instead of 32 or 48`;
  }
  return { label, clientRandom, secret };
}

/** Secrets of TLS 1.3 are as long as the suite's hash (RFC 8446 §7.1): SHA-256 or SHA-384. */
const secretOf13 = /^(CLIENT|SERVER)_((EARLY|HANDSHAKE)_)?TRAFFIC_SECRET(_\d+)?$|^(EARLY_)?EXPORTER_SECRET$/;
const hashLengths: ReadonlySet<number> = new Set([32, 48]);

/** `fromHex` without the colons that it allows for fingerprints. */
const hexOnly = (text: string): Uint8Array | undefined => (text.includes(':') ? undefined : fromHex(text));

/** One line without its line end. */
export const keyLogLine = ({ label, clientRandom, secret }: Secret): string =>
  `${label} ${toHex(clientRandom)} ${toHex(secret)}`;

/** A key log file. Calling it is the explicit step: what it gives opens every record of these handshakes. */
export const formatKeyLog = (secrets: Iterable<Secret>): string =>
  [...secrets].map((secret) => `${keyLogLine(secret)}\n`).join('');

/** The secrets of a trace, each once. */
export function secretsOf(events: Iterable<TraceEvent>): Secret[] {
  const seen = new Map<string, Secret>();
  for (const event of events) {
    if (event.kind !== 'secret') continue;
    const { label, clientRandom, secret } = event;
    seen.set(keyLogLine(event), { label, clientRandom, secret });
  }
  return [...seen.values()];
}

/** Secrets as facts of a trace, known from time `at`. */
export const secretEvents = (secrets: Iterable<Secret>, at: TraceTime): TraceEvent[] =>
  Array.from(secrets, (secret) => ({ kind: 'secret', at, ...secret }));
