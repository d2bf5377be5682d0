/** A trace read: its handshakes with their diagnosis, and what `read` and a run's report show of them. */
import { Analysis } from '../analysis/analysis.ts';
import { version } from '../base/version.ts';
import { nodeProvider } from '../crypto/node/index.ts';
import { diagnose } from '../diagnosis/diagnose.ts';
import { inFull, isTroubled, type ReadHandshake } from '../diagnosis/lead.ts';
import type { Outcome } from '../diagnosis/model.ts';
import { type HandshakeJson, handshakeJson } from '../report/json.ts';
import { handshakeList } from '../report/many.ts';
import { plain } from '../report/plain.ts';
import { textLadder } from '../report/text.ts';
import type { Trace, TraceEvent, TraceTime } from '../trace/model.ts';
import type { Terminal } from './terminal.ts';

/** Who made a trace, and who reads one. */
export const tool = `dtlscope ${version}`;

export interface Reading {
  /** What to call it when there are several: the file, the client. */
  readonly name: string | undefined;
  readonly handshakes: readonly ReadHandshake[];
  /** Of the first handshake: in a run there is only that one. */
  readonly outcome: Outcome;
  readonly verdicts: readonly string[];
  readonly durationMs: number | undefined;
  /** " 12 STUN, 30 RTP": what else was in the trace. */
  readonly unrelated: string;
  /** Said when keys were given and none of them is of this trace. */
  readonly strangeKeys: string | undefined;
  /** Of a file: what puts its handshakes together with those of another one. */
  readonly recorded?: Recorded | undefined;
}

export interface Recorded {
  readonly path: string;
  /** Time of the last event. */
  readonly until: TraceTime;
  readonly secretsOf: (clientRandom: Uint8Array) => readonly TraceEvent[];
}

export function readTrace(trace: Trace, name?: string, path?: string): Reading {
  const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
  for (const event of trace.events) analysis.push(event);
  return readingOf(analysis, name, path);
}

/** What an analysis that has taken all of a trace tells. */
export function readingOf(analysis: Analysis, name?: string, path?: string): Reading {
  const { handshakes, unrelated, secrets, until } = analysis.snapshot();
  const read = handshakes.map((handshake) => ({ handshake, diagnosis: diagnose(handshake) }));
  const other = Object.entries(unrelated).map(([kind, count]) => `${count} ${kind}`);
  return {
    name,
    ...told(read),
    unrelated: other.length === 0 ? '' : ` Other datagrams: ${other.join(', ')}.`,
    strangeKeys:
      secrets.handshakes > 0 && secrets.here === 0 && handshakes.length > 0
        ? `The keys given are of ${secrets.handshakes === 1 ? 'another connection' : `${secrets.handshakes} other connections`}: ` +
          'none belongs to a handshake here.'
        : undefined,
    recorded: path === undefined ? undefined : { path, until, secretsOf: (random) => analysis.secretsOf(random) },
  };
}

/** Of a reading what follows from its handshakes. */
function told(handshakes: Reading['handshakes']) {
  const [first] = handshakes;
  return {
    handshakes,
    outcome: first?.diagnosis.outcome ?? 'no-answer',
    verdicts: handshakes.map(({ diagnosis }) => plain(diagnosis.verdict)),
    durationMs:
      first?.handshake.establishedAt === undefined
        ? undefined
        : first.handshake.establishedAt - first.handshake.startedAt,
  };
}

/** A reading as if it had only those of its handshakes. */
export const withOnly = (reading: Reading, ids: ReadonlySet<string>): Reading => ({
  ...reading,
  ...told(reading.handshakes.filter(({ handshake }) => ids.has(handshake.id))),
});

/** All handshakes of a reading as scripts see them. */
export const handshakesJson = ({ handshakes }: Reading): readonly HandshakeJson[] =>
  handshakes.map(({ handshake, diagnosis }) => handshakeJson(handshake, diagnosis));

/** The document that `--json` prints. */
export function jsonOf(readings: readonly Reading[]): string {
  const handshakes = readings.flatMap((reading) =>
    handshakesJson(reading).map((json) =>
      // Of several files each has its h1.
      readings.length > 1 && reading.name !== undefined ? { ...json, id: `${reading.name}#${json.id}` } : json,
    ),
  );
  return `${JSON.stringify({ dtlscope: version, handshakes }, null, 2)}\n`;
}

/** Columns where nobody says how many there are. */
export const defaultWidth = 100;

const styleOf = ({ columns, color, ascii }: Terminal) => ({ width: columns ?? defaultWidth, colour: color, ascii });

/** The report for people: verdict, ladder and findings of every handshake. */
export const textOf = ({ handshakes }: Pick<Reading, 'handshakes'>, terminal: Terminal, stun = false): string =>
  handshakes
    .map(({ handshake, diagnosis }) => textLadder(handshake, diagnosis, { ...styleOf(terminal), stun }))
    .join('\n');

/** The report for people on many handshakes: a list of all, and up to `most` of those in trouble as `textOf` has them. */
export function listOf({ handshakes }: Reading, most: number, terminal: Terminal, stun = false): string {
  const troubled = handshakes.filter(isTroubled);
  const drawn = inFull(troubled, most);
  const which =
    troubled.length === 0
      ? 'None is in trouble, so none is drawn.'
      : troubled.length > drawn.length
        ? `Drawn below: ${drawn.length} of ${troubled.length} in trouble, those that failed before others.`
        : `Drawn below: ${drawn.length === 1 ? 'the one' : `the ${drawn.length}`} in trouble.`;
  const parts = [
    handshakeList(handshakes, styleOf(terminal)),
    `${which} --handshake N draws any other, --all draws all.\n`,
    ...(drawn.length > 0 ? [textOf({ handshakes: drawn }, terminal, stun)] : []),
  ];
  return parts.join('\n');
}
