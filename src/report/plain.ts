/**
 * Text from the network (certificate subjects, ALPN, alerts' words in a verdict) on its way to a terminal or a page: what
 * could move a cursor, change direction or hide is taken out, and widths are counted in columns.
 */

/** Controls, formats (bidi among them), lone surrogates, and all else that Unicode says to show nothing for. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** The text on one line, without control, bidi and invisible characters. */
export const plain = (text: string): string =>
  isPrintable(text) ? text : text.replace(/[\t\n\r\u2028\u2029]+/gu, ' ').replace(invisible, '');

/** Whether all of it is printable ASCII, as nearly every text is. */
function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** Columns that a character takes in a terminal: combining marks none, East Asian wide and emoji two. */
function columns(char: string): number {
  const code = char.codePointAt(0) ?? 0;
  // Punctuation, arrows and lines: no marks among them, and nothing wide.
  if (code < 0x300 || (code >= 0x2000 && code < 0x20d0) || (code >= 0x2100 && code < 0x2c00)) return 1;
  if (/\p{M}/u.test(char)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}

export function textWidth(text: string): number {
  let simple = 0;
  while (simple < text.length && text.charCodeAt(simple) < 0x300) simple++;
  // Nearly every text.
  if (simple === text.length) return simple;
  let width = 0;
  for (const char of text) width += columns(char);
  return width;
}

/** The text cut to so many columns, with an ellipsis where something was cut. */
export function shorten(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let out = '';
  let used = 0;
  for (const char of text) {
    used += columns(char);
    if (used > width - 1) break;
    out += char;
  }
  return width > 0 ? `${out}…` : '';
}

/** Filled with spaces at the right, or at the left. */
export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)));
export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - textWidth(text))) + text;

/** Lines of at most `width` columns, broken at spaces; a word that is longer is broken where it must be. */
export function wrap(text: string, width: number): string[] {
  if (!text.startsWith(' ') && textWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(' ').flatMap((long) => pieces(long, Math.max(1, width)))) {
    const more = textWidth(word);
    if (line !== '' && used + 1 + more > width) {
      lines.push(line);
      line = word;
      used = more;
    } else {
      used += line === '' ? more : 1 + more;
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line];
}

function pieces(word: string, width: number): string[] {
  if (textWidth(word) <= width) return [word];
  const out: string[] = [];
  let piece = '';
  let used = 0;
  for (const char of word) {
    const next = columns(char);
    if (used + next > width && piece !== '') {
      out.push(piece);
      piece = '';
      used = 0;
    }
    piece += char;
    used += next;
  }
  return [...out, piece];
}

const replacements: Readonly<Record<string, string>> = {
  '…': '...',
  '·': '-',
  '•': '*',
  '–': '-',
  '—': '-',
  '−': '-',
  '×': 'x',
  '→': '->',
  '←': '<-',
  '≥': '>=',
  '≤': '<=',
  '§': 'section ',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  µ: 'u',
};

/** Escape may stay: `plain` has taken the stranger's out, so what is left colours. */
const controlEscape = String.fromCharCode(0x1b);
const beyondAscii = new RegExp(`[^ -~\n${controlEscape}]`, 'gu');

/** The text in ASCII: known signs in words, letters without their accents, everything else as "?". */
export const toAscii = (text: string): string =>
  text
    .replace(beyondAscii, (char) => replacements[char] ?? char)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(beyondAscii, '?');
