/**
 * HTML and SVG as text. Whatever a stranger may have written (certificate names, SDP, alerts' words) comes in through
 * `textOf`, which leaves nothing in it that a browser takes for markup, that XML forbids, or that moves other text about.
 */
import { plain } from './plain.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Code points that XML 1.0 §2.2 has no place for, and that `plain` leaves. */
const nonCharacters = /[\ufffe\uffff]/g;

/** Text as the content of an element, or as the value of an attribute in double quotes. */
export const escapeMarkup = (text: string): string =>
  plain(text)
    .replace(nonCharacters, '')
    .replace(/[&<>"']/g, (char) => entities[char] ?? char);

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element; `children` are markup already, attributes are not. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) =>
    value === undefined ? '' : ` ${key}="${escapeMarkup(typeof value === 'number' ? figure(value) : value)}"`,
  );
  return `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/** Hundredths of a pixel are enough. */
const figure = (value: number): string => String(Math.round(value * 100) / 100);
