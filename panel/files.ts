/**
 * Files that leave the panel. Sanitised unless the second step was taken; what that step would add is counted here, so
 * that the question can name it. Nothing is sent anywhere: a file goes from memory to the browser's downloads.
 */
import { version } from '../src/base/version.ts';
import { formatKeyLog, secretsOf } from '../src/capture/keylog.ts';
import { toPcapng } from '../src/capture/write.ts';
import type { ReadHandshake } from '../src/diagnosis/lead.ts';
import type { Addresses } from '../src/report/addresses.ts';
import { reportAs } from '../src/report/files.ts';
import { handshakeJson } from '../src/report/json.ts';
import { captureNotes } from '../src/report/packetComments.ts';
import { textLadder } from '../src/report/text.ts';
import type { Trace } from '../src/trace/model.ts';
import { toQlog, toSqlog } from '../src/trace/qlog/write.ts';

interface Kind {
  /** What it is, for a tooltip. */
  readonly about: string;
  /** Whether secrets can be in it; `only`: it holds nothing else. */
  readonly keys: 'never' | 'optional' | 'only';
}

export const fileKinds = {
  sqlog: { about: 'the trace, one JSON text for each fact (qlog)', keys: 'optional' },
  qlog: { about: 'the trace as one JSON document (qlog)', keys: 'optional' },
  pcapng: { about: 'the datagrams with the findings as comments, for Wireshark', keys: 'optional' },
  html: { about: 'the report as one page, to be opened or printed anywhere', keys: 'never' },
  md: { about: 'the report as Markdown, for a ticket', keys: 'never' },
  svg: { about: 'the ladder as a drawing', keys: 'never' },
  json: { about: 'what was found, for scripts', keys: 'never' },
  txt: { about: 'verdict, ladder and findings as text', keys: 'never' },
  keys: { about: 'the secrets alone, as a key log', keys: 'only' },
} as const satisfies Readonly<Record<string, Kind>>;
export type FileKind = keyof typeof fileKinds;

const kinds = Object.keys(fileKinds) as FileKind[];
/** What one click writes, and what only the second step writes. */
export const kindsWithoutKeys = kinds.filter((kind) => fileKinds[kind].keys !== 'only');
export const kindsWithKeys = kinds.filter((kind) => fileKinds[kind].keys !== 'never');

/** Columns of a text ladder: fits threads and issues. */
const textWidth = 100;

/** What may be in a file beyond what is in all of them. */
export interface FileChoice {
  readonly withKeys: boolean;
  /** Whether reports say whose addresses they were; masked without it. */
  readonly addresses?: Addresses;
}

/** The bytes or text of a file. */
export function contentsOf(
  trace: Trace,
  handshakes: readonly ReadHandshake[],
  kind: FileKind,
  { withKeys, addresses = 'masked' }: FileChoice,
): string | Uint8Array {
  switch (kind) {
    case 'sqlog':
      return toSqlog(trace, { withKeys });
    case 'qlog':
      return toQlog(trace, { withKeys });
    case 'pcapng':
      return toPcapng(trace, { withKeys }, captureNotes(handshakes));
    case 'html':
    case 'md':
    case 'svg':
      return reportAs(kind, handshakes, { header: trace.header, addresses });
    case 'keys':
      return withKeys ? formatKeyLog(secretsOf(trace.events)) : '';
    case 'json': {
      const found = handshakes.map(({ handshake, diagnosis }) => handshakeJson(handshake, diagnosis));
      return `${JSON.stringify({ dtlscope: version, handshakes: found }, null, 2)}\n`;
    }
    case 'txt':
      return handshakes
        .map(({ handshake, diagnosis }) => textLadder(handshake, diagnosis, { width: textWidth, colour: false }))
        .join('\n');
  }
}

/** "3 CLIENT_RANDOM, 1 EXPORTER_SECRET": what the second step would let out, by the key log's labels. */
export function secretLabels(trace: Trace): string[] {
  const counts = new Map<string, number>();
  for (const { label } of secretsOf(trace.events)) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].map(([label, count]) => `${count} ${label}`);
}

/** "dtlscope-3-127.0.0.1-4433.sqlog": a name that every file system takes; keys are in the name too. */
export function fileName(
  run: { readonly number: number; readonly target: string },
  kind: FileKind,
  withKeys: boolean,
): string {
  const target = run.target
    .replace(/\.(sqlog|qlog|pcapng|pcap|cap)$/i, '')
    .replace(/[^A-Za-z0-9.-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `dtlscope-${run.number}-${target}${withKeys && kind !== 'keys' ? '-with-keys' : ''}.${kind}`;
}

/** Hands a file to the browser's downloads. */
export function download(name: string, contents: string | Uint8Array): void {
  const part = typeof contents === 'string' ? contents : Uint8Array.from(contents);
  const url = URL.createObjectURL(new Blob([part], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has its own hold on the blob once it began; a moment later ours can go.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
