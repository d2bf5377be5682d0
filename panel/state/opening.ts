/**
 * Files that the user gives us, together: each is told by its content, key logs are joined to the captures they belong to.
 * What can be read of a broken file is read; what can't be is said with the place in the file. All of it stays here.
 */
import { joinCalls } from '../../src/analysis/calls.ts';
import { toHex } from '../../src/base/bytes.ts';
import { type Secret, secretEvents } from '../../src/capture/keylog.ts';
import { openFile } from '../../src/capture/open.ts';
import type { Call } from '../../src/trace/calls.ts';
import type { Trace } from '../../src/trace/model.ts';
import type { Problem } from '../../src/trace/problem.ts';
import { plural } from '../layout/text.ts';
import { randomsOf } from './runBook.ts';

export interface GivenFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Larger files are refused: the panel holds a file and what is read of it in memory. Bytes. */
export const largestFile = 256 * 1024 * 1024;

/** A file with datagrams, keys included that are in it or came with it. */
export interface Import {
  readonly name: string;
  readonly trace: Trace;
  readonly problems: readonly Problem[];
}

export interface OpenedFiles {
  readonly imports: readonly Import[];
  /** Of all key logs among the files. */
  readonly secrets: readonly Secret[];
  /** Whether any of these secrets is of a handshake in these files. */
  readonly fitting: boolean;
  /** Names of the key logs. */
  readonly keyLogs: readonly string[];
  /** Which calls of a browser's dump were joined to which capture, and which were not, as sentences. */
  readonly calls: readonly string[];
  /** What could not be read at all, or only in part, as sentences. */
  readonly troubles: readonly string[];
}

/** Secrets that wait for the handshake they belong to, by client random. The oldest make room. */
export class KeyStore {
  readonly #byRandom = new Map<string, Secret[]>();
  #count = 0;

  /** A key log of years of browsing has tens of thousands. */
  static readonly most = 200_000;

  add(secrets: readonly Secret[]): void {
    for (const secret of secrets) {
      const random = toHex(secret.clientRandom);
      const known = this.#byRandom.get(random);
      if (known?.some((one) => one.label === secret.label)) continue;
      if (known) known.push(secret);
      else this.#byRandom.set(random, [secret]);
      this.#count++;
    }
    for (const [random, oldest] of this.#byRandom) {
      if (this.#count <= KeyStore.most) break;
      this.#byRandom.delete(random);
      this.#count -= oldest.length;
    }
  }

  get empty(): boolean {
    return this.#count === 0;
  }

  readonly find = (random: string): readonly Secret[] => this.#byRandom.get(random) ?? [];

  /** Those of the handshakes that begin in a trace. */
  of(trace: Trace): readonly Secret[] {
    return [...randomsOf(trace.events)].flatMap(this.find);
  }
}

/** Reads the files; `keys` gets the secrets among them, and gives those that files need. Never throws. */
export function openFiles(files: readonly GivenFile[], keys: KeyStore, tool: string): OpenedFiles {
  const read: Import[] = [];
  const secrets: Secret[] = [];
  const keyLogs: string[] = [];
  const troubles: string[] = [];
  const calls: Call[] = [];
  for (const { name, bytes } of files) {
    const opened = openFile(bytes, { tool, title: name });
    if (opened.kind === 'internals') {
      calls.push(...opened.calls);
      troubles.push(...problemTexts(opened.problems).map((text) => `${name}: ${text}`));
    } else if (opened.kind === 'keylog') {
      keyLogs.push(name);
      secrets.push(...opened.secrets);
      troubles.push(...problemTexts(opened.problems).map((text) => `${name}: ${text}`));
    } else if (
      opened.kind === 'unknown' ||
      !opened.trace ||
      (opened.trace.events.length === 0 && opened.problems.length > 0)
    )
      troubles.push(`${name} can’t be read: ${problemTexts(opened.problems).join('; ')}.`);
    else read.push({ name, trace: opened.trace, problems: opened.problems });
  }
  keys.add(secrets);
  if (calls.length > 0 && read.length === 0)
    troubles.push('A browser’s dump holds no datagrams: open it together with the capture of its call.');
  const told: string[] = [];
  const imports = read.map(({ name, trace, problems }) => {
    const { trace: joined, found } = joinCalls(trace, calls);
    for (const { call, by } of found) told.push(`${name} is joined to the browser’s call ${callName(call)}, by ${by}.`);
    if (calls.length > 0 && found.length === 0)
      told.push(
        `${name} shows none of the browser’s ${plural(calls.length, 'call')}: no user fragment and no address of theirs is in it.`,
      );
    return { name, trace: withKeys(joined, keys), problems };
  });
  const given = new Set(secrets.map(idOf));
  const fitting = imports.some(({ trace }) =>
    trace.events.some((one) => one.kind === 'secret' && given.has(idOf(one))),
  );
  return { imports, secrets, fitting, keyLogs, calls: told, troubles };
}

/** A call without what its page's address may hold of secrets. */
const callName = ({ id, url }: Call): string => (url === undefined ? id : `${id} of ${url.replace(/[?#].*/, '')}`);

/** Longer files are no scenarios. Bytes */
const longestScenario = 1024 * 1024;

/** Scenario files by their ending; one of JSON has to say that it is one, since traces and dumps are JSON too. */
export function scenariosAmong(files: readonly GivenFile[]): {
  readonly scenarios: readonly { readonly name: string; readonly text: string }[];
  readonly others: readonly GivenFile[];
} {
  const scenarios: { readonly name: string; readonly text: string }[] = [];
  const others: GivenFile[] = [];
  for (const file of files) {
    const ending = /\.(ya?ml|json)$/i.exec(file.name)?.[1]?.toLowerCase();
    const text =
      ending === undefined || file.bytes.length > longestScenario ? undefined : new TextDecoder().decode(file.bytes);
    if (text !== undefined && (ending !== 'json' || isScenarioJson(text))) scenarios.push({ name: file.name, text });
    else others.push(file);
  }
  return { scenarios, others };
}

function isScenarioJson(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'version' in value && 'target' in value;
  } catch {
    return false;
  }
}

/** The trace with the keys that belong to it; a key log may hold those of a thousand other connections. */
function withKeys(trace: Trace, keys: KeyStore): Trace {
  const own = new Set(trace.events.flatMap((event) => (event.kind === 'secret' ? [idOf(event)] : [])));
  const found = keys.of(trace).filter((secret) => !own.has(idOf(secret)));
  if (found.length === 0) return trace;
  return { header: trace.header, events: [...secretEvents(found, 0), ...trace.events] };
}

const idOf = ({ label, clientRandom }: Secret): string => `${label} ${toHex(clientRandom)}`;

/** Problems that are told one by one. */
const told = 3;

/** "at byte 1234: the file ends in the middle of a block": the first few, and how many more. */
export function problemTexts(problems: readonly Problem[]): string[] {
  const texts = problems.slice(0, told).map(problemText);
  const more = problems.length - texts.length;
  return more > 0 ? [...texts, `${plural(more, 'more problem')}`] : texts;
}

export const problemText = ({ offset, why }: Problem): string =>
  offset === undefined ? why : `at byte ${offset}: ${why}`;
