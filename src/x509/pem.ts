/** PEM armour (RFC 7468, and RFC 1421's headers of old OpenSSL keys): finding blocks in any text, and writing them. */
import { fromBase64, fromUtf8, toBase64 } from '../base/bytes.ts';

export interface PemBlock {
  /** "CERTIFICATE", "RSA PRIVATE KEY". */
  readonly label: string;
  /** Line on which BEGIN stands, from 1. */
  readonly line: number;
  /** Headers of RFC 1421 ("Proc-Type: 4,ENCRYPTED"). */
  readonly headers: readonly string[];
  readonly der: Uint8Array;
}

/** What is wrong with a block's armour. */
export interface PemFault {
  readonly line: number;
  readonly label: string;
  readonly why: string;
}

/** `text` in lines of 64 base64 digits between BEGIN and END. */
export function pem(label: string, der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.map((line) => `${line}\n`).join('')}-----END ${label}-----\n`;
}

/**
 * All blocks of a text, whatever stands around them (bag attributes, `openssl x509 -text` output), with any line ends and
 * with the indentation and quote marks that mails and YAML files add. Linear in the text.
 */
export function pemBlocks(text: string): {
  readonly blocks: readonly PemBlock[];
  readonly faults: readonly PemFault[];
} {
  const blocks: PemBlock[] = [];
  const faults: PemFault[] = [];
  let open: { label: string; line: number; headers: string[]; body: string[] } | undefined;
  let inHeaders = false;
  const lines = text.split(/\r\n|\r|\n|\\r\\n|\\n/);
  for (const [index, raw] of lines.entries()) {
    const line = stripped(raw);
    const border = /^-----(BEGIN|END) ([A-Z0-9][A-Z0-9 .#-]*)-----$/.exec(line);
    if (border?.[1] === 'BEGIN') {
      if (open) faults.push({ line: open.line, label: open.label, why: 'has no END line' });
      open = { label: border[2] ?? '', line: index + 1, headers: [], body: [] };
      inHeaders = true;
    } else if (border && open) {
      const der = fromBase64(open.body.join(''));
      if (border[2] !== open.label)
        faults.push({ line: open.line, label: open.label, why: `ends as ${border[2]}, on line ${index + 1}` });
      else if (!der || der.length === 0)
        faults.push({ line: open.line, label: open.label, why: 'holds something other than base64' });
      else blocks.push({ label: open.label, line: open.line, headers: open.headers, der });
      open = undefined;
    } else if (open && inHeaders && line.includes(':')) open.headers.push(line);
    // RFC 1421 §4.4: a header goes on in lines that begin with white space; an empty line ends the headers.
    else if (open && inHeaders && open.headers.length > 0 && /^\s/.test(raw) && line !== '') open.headers.push(line);
    else if (open) {
      inHeaders = inHeaders && line === '' && open.headers.length === 0;
      if (line !== '') open.body.push(line);
    }
  }
  if (open) faults.push({ line: open.line, label: open.label, why: 'has no END line' });
  return { blocks, faults };
}

const before = new Set(' \t\f\v\u00a0>"\'|');
const behind = new Set(' \t\f\v\u00a0"\',');

/** A line without what quoting and indentation add; by hand, because a pattern with `$` is quadratic on runs of spaces. */
function stripped(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && before.has(line[start] ?? '')) start++;
  while (end > start && behind.has(line[end - 1] ?? '')) end--;
  return line.slice(start, end);
}

/** The text of a file: UTF-8, or UTF-16 where a byte order mark says so (PowerShell's `>` writes that). */
export function textOf(input: Uint8Array): string {
  if (input[0] === 0xff && input[1] === 0xfe) return new TextDecoder('utf-16le').decode(input);
  if (input[0] === 0xfe && input[1] === 0xff) return new TextDecoder('utf-16be').decode(input);
  return fromUtf8(input);
}
