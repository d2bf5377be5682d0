/**
 * The ladder as SVG: the rows that the text ladder has, on paper. Every colour stands in the shape itself, so that any
 * program draws it; a style sheet inside only changes colours where the reader's theme is dark. Nothing is told by colour
 * alone: first sendings are solid, repeated ones dashed, a cross ends what did not arrive.
 */
import type { DatagramView, Handshake } from '../../analysis/model.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { Diagnosis } from '../../diagnosis/model.ts';
import type { Actor } from '../../trace/model.ts';
import { handshakeTypeName } from '../../wire/handshake.ts';
import type { Masker } from '../addresses.ts';
import { type Attributes, element, escapeMarkup } from '../markup.ts';
import { duration, partText } from '../names.ts';
import { plain, shorten, textWidth, wrap } from '../plain.ts';
import { recordText } from './draw.ts';
import { bandParts, ladderRows, type Row, stoppedBy } from './rows.ts';

export interface SvgOptions {
  /** Pixels. */
  readonly width: number;
  readonly mask: Masker;
}

/** Light and dark of each ink. */
const inks = {
  ground: ['#ffffff', '#1b1d21'],
  band: ['#eef2f7', '#2a2e35'],
  chip: ['#ffffff', '#343941'],
  edge: ['#8a919b', '#8a93a0'],
  text: ['#1f2329', '#e6e8ec'],
  dim: ['#565d68', '#aab0ba'],
  good: ['#146c2e', '#81d199'],
  warn: ['#7d4c00', '#ecbf6a'],
  bad: ['#b3261e', '#f59a92'],
} as const;
type Ink = keyof typeof inks;

/** Colours for readers whose theme is dark; on paper it is always light. */
export const drawingStyle: string = [
  '.drawing text{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}',
  '@media screen and (prefers-color-scheme:dark){',
  ...Object.entries(inks).map(([name, [, dark]]) => `.f-${name}{fill:${dark}}.s-${name}{stroke:${dark}}`),
  '}',
].join('');

const fill = (ink: Ink): Attributes => ({ class: `f-${ink}`, fill: inks[ink][0] });
const stroke = (ink: Ink, resent = false): Attributes => ({
  class: `s-${ink}`,
  stroke: inks[ink][0],
  fill: 'none',
  'stroke-dasharray': resent ? '5 4' : undefined,
});

const measure = { font: 11, char: 6.75, line: 16, chip: 18, gap: 4, head: 44, narrowBelow: 560 } as const;

/** One drawing of several handshakes, one under the other, as a file of its own. */
export function ladderSvg(
  handshakes: readonly { readonly handshake: Handshake; readonly diagnosis: Diagnosis }[],
  options: SvgOptions,
): string {
  let y = 8;
  const groups = handshakes.map(({ handshake, diagnosis }) => {
    const title = wrap(plain(options.mask(`${handshake.id}: ${diagnosis.verdict}`)), columnsOf(options.width - 24));
    const lines = title.map((line, i) =>
      label(line, {
        x: 12,
        y: y + 12 + i * measure.line,
        ...fill('text'),
        'font-weight': i === 0 ? 'bold' : undefined,
      }),
    );
    y += title.length * measure.line + 8;
    const drawing = new SvgLadder(handshake, diagnosis, options);
    const group = element('g', { transform: `translate(0 ${y})` }, drawing.shapes);
    y += drawing.height + 16;
    return lines.join('') + group;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${frame(options.width, y, 'Ladder of DTLS handshakes', [
    element('style', {}, drawingStyle),
    element('rect', { width: options.width, height: y, ...fill('ground') }),
    ...groups,
  ])}\n`;
}

/** The ladder of one handshake for a page that has `drawingStyle`; `name` is said to those who do not see it. */
export function ladderDrawing(handshake: Handshake, diagnosis: Diagnosis, options: SvgOptions, name: string): string {
  const drawing = new SvgLadder(handshake, diagnosis, options);
  return frame(options.width, drawing.height, name, [drawing.shapes]);
}

const frame = (width: number, height: number, name: string, children: readonly string[]): string =>
  element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'drawing',
      role: 'img',
      'aria-label': name,
      viewBox: `0 0 ${width} ${Math.ceil(height)}`,
      width,
      height: Math.ceil(height),
      'font-family': 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
      'font-size': measure.font,
    },
    ...children,
  );

const label = (text: string, attributes: Attributes): string => element('text', attributes, escapeMarkup(text));
const columnsOf = (pixels: number): number => Math.max(4, Math.floor(pixels / measure.char));

/** Shapes of one handshake, from y 0 down. */
class SvgLadder {
  readonly #handshake: Handshake;
  readonly #stopped: ReadonlySet<number>;
  readonly #mask: Masker;
  readonly #width: number;
  readonly #narrow: boolean;
  readonly #x: Readonly<Record<Actor, number>>;
  readonly #shapes: string[] = [];
  #y = 0;

  constructor(handshake: Handshake, diagnosis: Diagnosis, { width, mask }: SvgOptions) {
    this.#handshake = handshake;
    this.#stopped = stoppedBy(diagnosis);
    this.#mask = mask;
    this.#width = width;
    this.#narrow = width < measure.narrowBelow;
    this.#x = this.#narrow ? { client: 10, server: width - 10 } : { client: 112, server: width - 70 };
    this.#head();
    for (const row of ladderRows(handshake)) this.#row(row);
  }

  get shapes(): string {
    const lanes = (['client', 'server'] as const).map((actor) => {
      const x = this.#x[actor];
      return element('line', { x1: x, x2: x, y1: measure.head - 6, y2: this.height - 4, ...stroke('edge') });
    });
    return [...lanes, ...this.#shapes].join('');
  }

  get height(): number {
    return this.#y + 8;
  }

  #head(): void {
    const { client, server } = this.#x;
    const room = columnsOf((server - client) / 2 - 6);
    for (const [actor, x, anchor] of [
      ['client', client, 'start'],
      ['server', server, 'end'],
    ] as const) {
      const guess = this.#handshake.inferred.includes(actor) ? ' (inferred)' : '';
      this.#text(`${actor}${guess}`, x, 14, 'text', { 'text-anchor': anchor, 'font-weight': 'bold' });
      this.#text(shorten(plain(this.#mask(this.#handshake[actor])), room), x, 30, 'dim', { 'text-anchor': anchor });
    }
    this.#y = measure.head;
  }

  #row(row: Row): void {
    switch (row.kind) {
      case 'band':
        this.#band(row);
        break;
      case 'heading':
        this.#strip([row.text], false);
        break;
      case 'datagram':
        this.#datagram(row.datagram, row.remarks);
        break;
      case 'ghost': {
        const text = partText(handshakeTypeName(row.lost.message), row.lost.bytes, row.total);
        const time = row.lost.evidence === 'hole' ? 'missing' : 'lost';
        this.#arrow([text], { from: row.lost.from, resent: true, lost: true, ink: 'warn', time, size: '' });
        break;
      }
      case 'pause':
        this.#between(`… ${duration(row.ms)} …`);
        break;
      case 'folded':
        this.#between(`… ${row.text} …`);
        break;
      case 'event':
        this.#event(row);
        break;
      default:
        unreachable(row);
    }
  }

  #event({ at, tone, text }: Extract<Row, { kind: 'event' }>): void {
    const ink = ({ good: 'good', bad: 'bad', quiet: 'dim' } as const)[tone];
    const sign = { good: '✔', bad: '✕', quiet: '·' }[tone];
    const x = this.#x.client + 12;
    const lines = wrap(plain(this.#mask(text)), columnsOf(this.#x.server - x - 24));
    this.#time(this.#clock(at), this.#y + 14);
    for (const [i, line] of lines.entries())
      this.#text(`${i === 0 ? sign : ' '} ${line}`, x, this.#y + 14 + i * measure.line, ink);
    this.#y += lines.length * measure.line + 6;
  }

  #band(row: Extract<Row, { kind: 'band' }>): void {
    const names = row.attempt > 0 || row.continued ? [] : row.flight.messages;
    this.#strip([bandParts(row).join(' · '), names.join(' · ')], row.attempt > 0);
  }

  /** A shaded line across, as many lines high as its texts need; the first is bold. */
  #strip(texts: readonly string[], resent: boolean): void {
    const room = columnsOf(this.#width - 16);
    const [title = '', more = ''] = texts.map(plain);
    const one = `${title}   ${more}`;
    const lines =
      more === '' || textWidth(one) > room ? [...wrap(title, room), ...(more === '' ? [] : wrap(more, room))] : [title];
    this.#y += 6;
    const height = lines.length * measure.line + 6;
    this.#shapes.push(element('rect', { x: 0, y: this.#y, width: this.#width, height, ...fill('band') }));
    for (const [i, line] of lines.entries())
      this.#text(
        line,
        8,
        this.#y + 14 + i * measure.line,
        i === 0 ? 'text' : 'dim',
        i === 0 && !resent ? { 'font-weight': 'bold' } : {},
      );
    if (lines.length === 1 && more !== '')
      this.#text(more, 8 + (textWidth(title) + 3) * (measure.char + 0.2), this.#y + 14, 'dim');
    this.#y += height + 4;
  }

  #datagram(datagram: DatagramView, remarks: readonly string[]): void {
    const lost = datagram.delivered === false;
    const stopped = this.#stopped.has(datagram.packet);
    const { from } = datagram;
    this.#arrow(datagram.records.map(recordText), {
      from,
      resent: datagram.attempt > 0,
      lost,
      ink: stopped ? 'bad' : 'text',
      time: `${this.#clock(datagram.at)} #${datagram.packet}`,
      size: `${datagram.size} B`,
    });
    const ink = stopped ? 'bad' : lost || datagram.leftover ? 'warn' : 'dim';
    const x = this.#x.client + 14;
    for (const remark of remarks)
      for (const [i, line] of wrap(plain(this.#mask(remark)), columnsOf(this.#x.server - x - 20)).entries()) {
        this.#text(`${i === 0 ? (lost ? '✕' : '·') : ' '} ${line}`, x, this.#y + 11, ink);
        this.#y += measure.line - 1;
      }
  }

  /** Chips on an arrow, in as many lines as they need; the arrow runs through the last. */
  #arrow(
    chips: readonly string[],
    {
      from,
      resent,
      lost,
      ink,
      time,
      size,
    }: {
      readonly from: Actor;
      readonly resent: boolean;
      readonly lost: boolean;
      readonly ink: Ink;
      readonly time: string;
      readonly size: string;
    },
  ): void {
    const [left, right] = [this.#x.client + 12, this.#x.server - 12];
    const most = columnsOf(right - left - 24);
    if (this.#narrow) {
      this.#text([time, size].filter((text) => text !== '').join('  '), left + 2, this.#y + 11, 'dim');
      this.#y += 16;
    }
    const lines = inLines(
      chips.map((chip) => shorten(plain(chip), most)),
      right - left - 30,
    );
    const height = lines.length * (measure.chip + measure.gap);
    const middle = this.#y + height - measure.gap - measure.chip / 2;
    const back = from === 'client' ? -1 : 1;
    const start = this.#x[from];
    const far = this.#x[from === 'client' ? 'server' : 'client'];
    // What is lost reaches nobody.
    const end = lost ? far + back * (right - left) * 0.12 : far + back * 2;
    this.#shapes.push(element('line', { x1: start, x2: end, y1: middle, y2: middle, ...stroke(ink, resent) }));
    this.#shapes.push(
      element('path', {
        d: lost
          ? `M${end - 5} ${middle - 5} l10 10 m0 -10 l-10 10`
          : `M${end + back * 7} ${middle - 4} L${end} ${middle} L${end + back * 7} ${middle + 4}`,
        ...stroke(ink),
      }),
    );
    for (const [row, line] of lines.entries()) {
      const y = this.#y + row * (measure.chip + measure.gap);
      const width = line.reduce((sum, chip) => sum + chipWidth(chip) + measure.gap, 0);
      let x = from === 'client' ? left : right - width;
      for (const chip of line) {
        const box = { x, y, width: chipWidth(chip), height: measure.chip, rx: 3 };
        this.#shapes.push(element('rect', { ...box, ...fill('chip') }));
        this.#shapes.push(element('rect', { ...box, ...stroke(ink === 'text' ? 'edge' : ink, resent) }));
        this.#text(chip, x + 5, y + 13, ink);
        x += chipWidth(chip) + measure.gap;
      }
    }
    if (!this.#narrow) {
      this.#time(time, middle + 4);
      this.#text(size, this.#width - 6, middle + 4, 'dim', { 'text-anchor': 'end' });
    }
    this.#y += height + 3;
  }

  #between(text: string): void {
    const { client, server } = this.#x;
    const shown = shorten(plain(text), columnsOf(server - client - 8));
    this.#text(shown, (client + server) / 2, this.#y + 13, 'dim', { 'text-anchor': 'middle' });
    this.#y += measure.line + 6;
  }

  #time(text: string, y: number): void {
    if (this.#narrow) return;
    this.#text(shorten(text, columnsOf(this.#x.client - 12)), this.#x.client - 8, y, 'dim', { 'text-anchor': 'end' });
  }

  #clock(at: number): string {
    const ms = at - this.#handshake.startedAt;
    return Math.abs(ms) < 10_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`;
  }

  #text(text: string, x: number, y: number, ink: Ink, more: Attributes = {}): void {
    this.#shapes.push(label(text, { x, y, ...fill(ink), ...more }));
  }
}

const chipWidth = (text: string): number => Math.ceil(textWidth(text) * measure.char) + 10;

/** Chips in lines of at most so many pixels; a datagram without a record has one empty line. */
function inLines(chips: readonly string[], room: number): string[][] {
  const lines: string[][] = [[]];
  let used = 0;
  for (const chip of chips) {
    const width = chipWidth(chip) + measure.gap;
    if (used > 0 && used + width > room) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)?.push(chip);
    used += width;
  }
  return lines;
}
