/**
 * One entry for every file that dtlscope reads: it looks at the content, never at the name's ending. A user's file is
 * called anything.
 */
import { fromUtf8 } from '../base/bytes.ts';
import type { Call } from '../trace/calls.ts';
import type { Trace } from '../trace/model.ts';
import type { Problem } from '../trace/problem.ts';
import { readQlog, readSqlog } from '../trace/qlog/read.ts';
import { recordSeparator } from '../trace/qlog/schema.ts';
import { looksLikeInternals, readInternals } from './internals.ts';
import { parseKeyLog, type Secret } from './keylog.ts';
import { type CaptureCounts, type CaptureOptions, isCapture, readCapture } from './read.ts';

export type OpenedFile =
  | {
      readonly kind: 'pcap' | 'pcapng' | 'hexdump';
      readonly trace: Trace;
      readonly problems: readonly Problem[];
      readonly counts: CaptureCounts;
    }
  /** `trace` is undefined when the file is of this kind, and nothing in it can be used; `problems` says why. */
  | { readonly kind: 'sqlog' | 'qlog'; readonly trace: Trace | undefined; readonly problems: readonly Problem[] }
  | { readonly kind: 'keylog'; readonly secrets: readonly Secret[]; readonly problems: readonly Problem[] }
  /** A dump of chrome://webrtc-internals: facts of calls, to be joined to a capture (`joinCalls`). */
  | { readonly kind: 'internals'; readonly calls: readonly Call[]; readonly problems: readonly Problem[] }
  | { readonly kind: 'unknown'; readonly problems: readonly Problem[] };

/** Reads a file of any kind that dtlscope knows. Never throws. */
export function openFile(bytes: Uint8Array, options: CaptureOptions = {}): OpenedFile {
  if (isCapture(bytes)) {
    const { format, trace, problems, counts } = readCapture(bytes, options);
    return { kind: format, trace, problems, counts };
  }
  const head = fromUtf8(bytes.subarray(0, 4096)).trimStart();
  if (head.charCodeAt(0) === recordSeparator) {
    const { trace, problems } = readSqlog(bytes);
    return { kind: 'sqlog', trace, problems };
  }
  const internals = looksLikeInternals(head) ? readInternals(bytes) : undefined;
  if (internals) return { kind: 'internals', ...internals };
  if (head.startsWith('{')) {
    const { trace, problems } = readQlog(bytes);
    return { kind: 'qlog', trace, problems };
  }
  if (bytes.length <= largestKeyLog && looksLikeKeyLog(head)) {
    const { secrets, problems } = parseKeyLog(bytes);
    return {
      kind: 'keylog',
      secrets,
      problems: problems.map(({ line, why }) => ({ code: 'broken', offset: undefined, why: `line ${line}: ${why}` })),
    };
  }
  return { kind: 'unknown', problems: [{ code: 'not-this-format', offset: 0, why: whyUnknown(bytes) }] };
}

/** Bytes; text of this size still fits a JavaScript string well. */
const largestKeyLog = 128 * 1024 * 1024;

/** What OpenSSL and NSS begin a key log with; it is all there is when a handshake failed before it had keys. */
const keyLogHeading = '# SSL/TLS secrets log file';

/** Whether the first line that is neither blank nor a comment is one of a key log. */
function looksLikeKeyLog(head: string): boolean {
  if (head.startsWith(keyLogHeading)) return true;
  const lines = head.split('\n').map((line) => line.trim());
  const first = lines.find((line) => line !== '' && !line.startsWith('#'));
  return first !== undefined && /^[A-Z][A-Z0-9_]* [0-9a-fA-F]{16}/.test(first);
}

const starts = (bytes: Uint8Array, ...magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);

/** What the file is instead, with the way to something readable where there is one. */
function whyUnknown(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty';
  if (starts(bytes, 0x1f, 0x8b)) return 'a gzip file: unpack it first (gunzip)';
  if (starts(bytes, 0x28, 0xb5, 0x2f, 0xfd)) return 'a Zstandard file: unpack it first (unzstd)';
  if (starts(bytes, 0x04, 0x22, 0x4d, 0x18)) return 'an LZ4 file: unpack it first (unlz4)';
  if (starts(bytes, 0x50, 0x4b, 0x03, 0x04)) return 'a ZIP file: unpack it first';
  if (starts(bytes, 0x73, 0x6e, 0x6f, 0x6f, 0x70, 0)) return 'a snoop capture: convert it with editcap -F pcapng';
  if (starts(bytes, 0xa1, 0xb2, 0xcd, 0x34) || starts(bytes, 0x34, 0xcd, 0xb2, 0xa1)) {
    return 'a capture in the modified pcap format: convert it with editcap -F pcapng';
  }
  if (starts(bytes, 0x2d, 0x2d, 0x2d, 0x2d, 0x2d, 0x42, 0x45, 0x47, 0x49, 0x4e)) return 'a PEM file, not a trace';
  return 'neither a capture (.pcapng, .pcap) nor a trace (.sqlog, .qlog) nor a hex dump nor a key log';
}
