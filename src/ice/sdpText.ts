/** Words and small tables that the parts of the SDP reader share. */
import type {
  DescriptionType,
  SdpFingerprint,
  SdpProblem,
  SdpProblemId,
  UsableFingerprint,
  UsableHash,
} from './sdpModel.ts';

/** Bytes of the hash functions that fingerprints name (RFC 8122 §5, IANA "Hash Function Textual Names"). */
export const hashLengths: Readonly<Record<string, number>> = {
  'sha-1': 20,
  'sha-224': 28,
  'sha-256': 32,
  'sha-384': 48,
  'sha-512': 64,
  md5: 16,
  md2: 16,
};

/** From the strongest down. */
const usable: readonly (readonly [name: string, hash: UsableHash])[] = [
  ['sha-512', 'sha512'],
  ['sha-384', 'sha384'],
  ['sha-256', 'sha256'],
  ['sha-1', 'sha1'],
];

/**
 * The fingerprints by which a certificate is to be judged: those of the strongest hash function that can be computed
 * (RFC 8122 §5.1: one of the chosen function's set must match). None when nothing usable was announced.
 */
export function usableFingerprints(fingerprints: readonly SdpFingerprint[]): readonly UsableFingerprint[] {
  for (const [name, hash] of usable) {
    const found = fingerprints.filter((fingerprint) => fingerprint.hash === name);
    if (found.length > 0) return found.map(({ value }) => ({ hash, value }));
  }
  return [];
}

/** Control characters, and those that turn a line around or begin another; a tab is white space. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const control = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
export const hasControl = (text: string): boolean => text.search(control) >= 0;

/** Text of a stranger, for a sentence of ours: short, one line, nothing that a terminal would obey. */
export const shown = (text: string): string => {
  const plain = text.slice(0, 200).replace(control, '�');
  return plain.length > 60 ? `${plain.slice(0, 59)}…` : plain;
};

/** A list of problems that grows no further than people read. */
const mostProblems = 200;
export const problemList =
  (problems: SdpProblem[], side: DescriptionType | undefined) =>
  (id: SdpProblemId, severity: SdpProblem['severity'], line: number | undefined, text: string): void => {
    if (problems.length < mostProblems) problems.push({ id, severity, side, line, text });
  };
