/**
 * Steps after the handshake as people write them, one a text, done in their order:
 *
 *   send=1000   send="hello, peer",echo=2s   send=ping,echo   send=4KB,above-mtu
 *   wait=5s     wait=5s,for=ready            wait=5s,for=100
 *   key-update  key-update,ask,within=3s     idle=30s
 *   restart     restart,resume,within=3s     close            close,answer=1s
 *
 * What begins with a digit is a size, of which a pattern is made; text stands in JSON's quotes, or bare when it is one plain
 * word. Errors name the character. `formatStep` writes the one canonical spelling back.
 */
import { utf8 } from '../base/bytes.ts';
import { unreachable } from '../base/unreachable.ts';
import type { Parsed } from './problem.ts';
import { milliseconds, Parameters, type Scanner, scan, size } from './scanner.ts';
import { type StepKind, stepExamples, stepKinds } from './stepTable.ts';

/** What is sent or waited for: a text, or so many bytes. */
export type Payload =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly length: number };

export type Step =
  /** `echoMs`: the same bytes have to come back in this time. */
  | {
      readonly kind: 'send';
      readonly payload: Payload;
      readonly echoMs: number | undefined;
      readonly aboveMtu: boolean;
    }
  | { readonly kind: 'wait'; readonly ms: number; readonly payload: Payload | undefined }
  | { readonly kind: 'key-update'; readonly ask: boolean; readonly withinMs: number }
  | { readonly kind: 'idle'; readonly ms: number }
  | { readonly kind: 'restart'; readonly resume: boolean; readonly withinMs: number }
  /** `answerMs`: the peer has to answer with its own close_notify in this time. */
  | { readonly kind: 'close'; readonly answerMs: number | undefined };

const where = '--step';
/** Where no time is said. ms */
const usualMs = { echo: 2000, within: 10_000, answer: 2000 } as const;
/** What a record holds (RFC 6347 §4.1). */
const mostBytes = 16_384;

/** Reads one step. */
export const parseStep = (text: string): Parsed<Step> => scan(where, text, step);

function step(text: Scanner): Step {
  const [head, ...tail] = parts(text);
  const named = head?.cut('=');
  const name = named?.[0] ?? head ?? text;
  const kind = stepKinds.find((known) => known === name.text);
  if (kind === undefined)
    return name.fail(name.text === '' ? 'begins with no step' : `has no step "${name.text}"`, stepKinds.join(', '));
  const parameters = new Parameters(tail, kind, stepExamples(kind));
  const made = stepOf(kind, name, named?.[1], parameters);
  parameters.refuseOthers();
  return made;
}

function stepOf(kind: StepKind, name: Scanner, value: Scanner | undefined, parameters: Parameters): Step {
  const wanted = (): Scanner =>
    value ?? name.fail(`says nothing behind "${kind}"`, stepExamples(kind), kind.length - 1);
  const alone = (): void => {
    if (value !== undefined) value.fail(`stands behind "${kind}", which has no value`, stepExamples(kind));
  };
  const time = (parameter: string): number | undefined => {
    const given = parameters.take(parameter);
    return given && atLeastOne(given);
  };
  const within = (): number => time('within') ?? usualMs.within;
  switch (kind) {
    case 'send': {
      const echoMs = time('echo') ?? (parameters.flag('echo') ? usualMs.echo : undefined);
      return { kind, payload: payload(wanted(), kind), echoMs, aboveMtu: parameters.flag('above-mtu') };
    }
    case 'wait': {
      const given = parameters.take('for');
      return { kind, ms: atLeastOne(wanted()), payload: given && payload(given, kind) };
    }
    case 'key-update':
      alone();
      return { kind, ask: parameters.flag('ask'), withinMs: within() };
    case 'idle':
      return { kind, ms: atLeastOne(wanted()) };
    case 'restart':
      alone();
      return { kind, resume: parameters.flag('resume'), withinMs: within() };
    case 'close':
      alone();
      return { kind, answerMs: time('answer') ?? (parameters.flag('answer') ? usualMs.answer : undefined) };
    default:
      return unreachable(kind);
  }
}

/** A step that has no time can not be waited for. */
function atLeastOne(text: Scanner): number {
  const ms = milliseconds(text);
  return ms > 0 ? ms : text.fail('is too small', 'more than 0, as in 500ms or 2s');
}

/** The parts between commas; a comma in quotes is none. */
function parts(text: Scanner): Scanner[] {
  const found: Scanner[] = [];
  let from = 0;
  let open: number | undefined;
  for (let at = 0; at < text.text.length; at++) {
    const char = text.text[at];
    if (open !== undefined && char === '\\') at++;
    else if (char === '"') open = open === undefined ? at : undefined;
    else if (char === ',' && open === undefined) {
      found.push(text.slice(from, at));
      from = at + 1;
    }
  }
  if (open !== undefined) text.fail('has a quote that is not closed', undefined, open);
  return [...found, text.slice(from)];
}

function payload(text: Scanner, kind: StepKind): Payload {
  if (/^\d/.test(text.text)) return { kind: 'bytes', length: size(text, mostBytes, 1) };
  const said = text.text.startsWith('"') ? quoted(text) : text.text;
  if (said === '') return text.fail('is an empty text', stepExamples(kind));
  if (!text.text.startsWith('"')) {
    const odd = said.search(/[^\w.-]/);
    if (odd >= 0) text.fail('needs quotes: it is more than one plain word', JSON.stringify(said), odd);
  }
  const { length } = utf8(said);
  if (length > mostBytes) text.fail(`is ${length} bytes long`, `1 to ${mostBytes} bytes`);
  return { kind: 'text', text: said };
}

function quoted(text: Scanner): string {
  const behind = /^"(?:[^"\\]|\\.)*"/.exec(text.text)?.[0].length ?? 0;
  if (behind < text.text.length) text.fail('goes on behind its quote', undefined, behind);
  try {
    const value: unknown = JSON.parse(text.text);
    if (typeof value === 'string' && !/[\ud800-\udfff]/.test(value.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')))
      return value;
  } catch {
    // Told below, with what is meant by quotes.
  }
  return text.fail('is no text in quotes as JSON has them');
}

/** Bytes of a payload; text is sent as UTF-8. */
export const payloadLength = (payload: Payload): number =>
  payload.kind === 'text' ? utf8(payload.text).length : payload.length;

/** The canonical spelling of a step, which `parseStep` reads back. */
export function formatStep(step: Step): string {
  const { kind } = step;
  const flags = (...all: readonly (string | false | undefined)[]): string =>
    all.flatMap((one) => (one ? [`,${one}`] : [])).join('');
  switch (kind) {
    case 'send': {
      const { payload, echoMs, aboveMtu } = step;
      const echo = echoMs === usualMs.echo ? 'echo' : echoMs !== undefined && `echo=${timeText(echoMs)}`;
      return `send=${payloadText(payload)}${flags(echo, aboveMtu && 'above-mtu')}`;
    }
    case 'wait':
      return `wait=${timeText(step.ms)}${flags(step.payload && `for=${payloadText(step.payload)}`)}`;
    case 'key-update':
      return `key-update${flags(step.ask && 'ask', withinText(step.withinMs))}`;
    case 'idle':
      return `idle=${timeText(step.ms)}`;
    case 'restart':
      return `restart${flags(step.resume && 'resume', withinText(step.withinMs))}`;
    case 'close': {
      const { answerMs } = step;
      return `close${flags(answerMs === usualMs.answer ? 'answer' : answerMs !== undefined && `answer=${timeText(answerMs)}`)}`;
    }
    default:
      return unreachable(kind);
  }
}

const withinText = (ms: number): string | false => ms !== usualMs.within && `within=${timeText(ms)}`;
const timeText = (ms: number): string => (ms >= 1000 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
const payloadText = (payload: Payload): string => {
  if (payload.kind === 'bytes') return String(payload.length);
  return /^[A-Za-z_][\w.-]*$/.test(payload.text) ? payload.text : JSON.stringify(payload.text);
};

/** Steps of one run. */
export const mostSteps = 1000;

/** What a step takes at least, whatever the peer does. ms */
export const leastMs = (step: Step): number => (step.kind === 'idle' ? step.ms : 0);
