/**
 * Rows as lines of characters: two lanes, client left, an arrow for each datagram with its records as chips near the
 * sender. Solid is a first sending, dashed one that was sent again, a cross ends what did not arrive. Never colour alone.
 */
import type { DatagramView, Handshake, RecordView } from '../../analysis/model.ts';
import type { Actor, PacketNumber } from '../../trace/model.ts';
import { handshakeTypeName } from '../../wire/handshake.ts';
import { alertName, ContentType, contentTypes, nameIn } from '../../wire/registry.ts';
import { ackText, alertLevel, closedText, duration, fragmentText, partText } from '../names.ts';
import { padEnd, padStart, plain, shorten, textWidth, wrap } from '../plain.ts';
import type { Paint } from '../style.ts';
import { bandParts, type Row } from './rows.ts';

/** Columns left of the lanes (time and number) and right of them (size). */
const left = 15;
const right = 8;

export class Drawing {
  readonly #paint: Paint;
  readonly #width: number;
  /** Columns from lane to lane, both included. */
  readonly #lanes: number;
  readonly #handshake: Handshake;
  /** Datagrams that stopped the handshake. */
  readonly #stopped: ReadonlySet<PacketNumber>;

  constructor(handshake: Handshake, stopped: ReadonlySet<PacketNumber>, width: number, paint: Paint) {
    this.#handshake = handshake;
    this.#stopped = stopped;
    this.#width = width;
    this.#lanes = width - left - right;
    this.#paint = paint;
  }

  /** The names above the lanes. */
  head(): string[] {
    const { bold, dim } = this.#paint;
    const both = (a: string, b: string): string => {
      const [start, end] = [shorten(a, this.#lanes - 2 - textWidth(b)), shorten(b, this.#lanes)];
      return start + ' '.repeat(Math.max(1, this.#lanes - textWidth(start) - textWidth(end))) + end;
    };
    const guess = (field: string): string => (this.#handshake.inferred.includes(field) ? ' (inferred)' : '');
    return [
      `${dim(`${padStart('ms', 9)} ${padStart('#', 4)} `)}${bold(both(`client${guess('client')}`, `server${guess('server')}`))}`,
      `${' '.repeat(left)}${dim(both(plain(this.#handshake.client), plain(this.#handshake.server)))}`,
    ];
  }

  row(row: Row): string[] {
    switch (row.kind) {
      case 'band':
        return this.#band(row);
      case 'heading':
        return [
          this.#ruled(`${this.#paint.glyphs.line.repeat(2)} ${row.text} `, this.#paint.glyphs.line, this.#paint.dim),
        ];
      case 'datagram':
        return this.#datagram(row.datagram, row.remarks);
      case 'ghost':
        return this.#ghost(row);
      case 'pause':
        return [this.#between(`… ${duration(row.ms)} …`, this.#paint.dim)];
      case 'folded':
        return [this.#between(`… ${row.text} …`, this.#paint.dim)];
      case 'event': {
        const { good, bad, dim, glyphs } = this.#paint;
        const tone = { good, bad, quiet: dim }[row.tone];
        const sign = { good: glyphs.check, bad: glyphs.cross, quiet: glyphs.dot }[row.tone];
        const room = this.#width - left - 2;
        const [first = '', ...rest] = wrap(plain(row.text), room);
        return [
          `${this.#time(row.at)} ${dim(padStart(shorten(`${row.packet ?? ''}`, 4), 4))} ${tone(`${sign} ${first}`)}`,
          ...rest.map((line) => `${' '.repeat(left + 2)}${tone(line)}`),
        ];
      }
    }
  }

  #band(row: Extract<Row, { kind: 'band' }>): string[] {
    const { flight, attempt, continued } = row;
    const { glyphs, bold, dim } = this.#paint;
    const again = attempt > 0;
    const rule = again ? glyphs.dashed : glyphs.band;
    const what = bandParts(row).join(' · ');
    const style = again ? dim : bold;
    const title = `${rule.repeat(2)} ${shorten(what, this.#width - 6)} `;
    if (again || continued) return [this.#ruled(title, rule, style)];
    const names = flight.messages.map(plain).join(' · ');
    const both = `${title}${rule.repeat(2)} ${names} `;
    if (textWidth(both) <= this.#width) return [this.#ruled(both, rule, style)];
    return [this.#ruled(title, rule, style), ...wrap(names, this.#width - 3).map((line) => `   ${style(line)}`)];
  }

  #datagram(datagram: DatagramView, remarks: readonly string[]): string[] {
    const { dim, bad, warn, glyphs } = this.#paint;
    const lost = datagram.delivered === false;
    const stopped = this.#stopped.has(datagram.packet);
    const lines = this.#arrow(datagram.records.map(recordText), {
      from: datagram.from,
      resent: datagram.attempt > 0,
      lost,
      style: stopped ? bad : undefined,
    });
    const prefix = `${this.#time(datagram.at)} ${dim(padStart(shorten(`${datagram.packet}`, 4), 4))} `;
    const suffix = ` ${padStart(`${datagram.size} B`, right - 1)}`;
    const tone = stopped ? bad : lost || datagram.leftover ? warn : dim;
    return [
      ...lines.map((line, i) => (i === 0 ? prefix + line + suffix : ' '.repeat(left) + line)),
      ...remarks.flatMap((remark) => {
        const texts = wrap(plain(remark), this.#lanes - 8);
        return texts.map((text, i) =>
          this.#inside(`   ${i === 0 ? (lost ? glyphs.cross : glyphs.dot) : ' '} ${text}`, tone),
        );
      }),
    ];
  }

  #ghost({ lost, total }: Extract<Row, { kind: 'ghost' }>): string[] {
    const { warn } = this.#paint;
    const text = partText(handshakeTypeName(lost.message), lost.bytes, total);
    const label = lost.evidence === 'hole' ? 'missing' : 'lost';
    const lines = this.#arrow([text], { from: lost.from, resent: true, lost: true, style: warn });
    return lines.map((line, i) => (i === 0 ? `${warn(padStart(label, 9))}      ` : ' '.repeat(left)) + line);
  }

  /** One arrow, and a line for each chip that does not fit on it. */
  #arrow(
    chips: readonly string[],
    {
      from,
      resent,
      lost,
      style,
    }: { from: Actor; resent: boolean; lost: boolean; style: ((text: string) => string) | undefined },
  ): string[] {
    const { glyphs, dim, same } = this.#paint;
    const line = resent ? glyphs.dashed : glyphs.line;
    const stroke = style ?? (resent ? dim : same);
    const room = this.#lanes - 2;
    const [first = [], ...rest] = inLines(
      chips.map((chip) => `${glyphs.chipLeft}${shorten(plain(chip), room - 8)}${glyphs.chipRight}`),
      room - 6,
    );
    const text = first.join(line);
    const fill = Math.max(0, room - textWidth(text) - 2);
    // A cross two thirds of the way: what is lost reaches nobody.
    const gap = Math.floor(fill / 3);
    const far = lost ? `${line.repeat(fill - gap)}${glyphs.cross}${' '.repeat(gap)}` : line.repeat(fill);
    const toServer = from === 'client';
    const tip = lost ? line : toServer ? glyphs.right : glyphs.left;
    const body = toServer
      ? `${glyphs.startLeft}${line}${text}${far}${lost ? ' ' : tip}${glyphs.lane}`
      : `${glyphs.lane}${lost ? ' ' : tip}${mirror(far)}${text}${line}${glyphs.startRight}`;
    const lines = [stroke(body)];
    for (const more of rest) {
      const row = more.join(line);
      const padding = ' '.repeat(Math.max(0, room - textWidth(row) - 3));
      lines.push(stroke(`${glyphs.lane}${toServer ? `   ${row}${padding}` : `${padding}${row}   `}${glyphs.lane}`));
    }
    return lines;
  }

  /** The text with a rule behind it, over the whole width. */
  #ruled(text: string, rule: string, style: (text: string) => string): string {
    return style(text + rule.repeat(Math.max(0, this.#width - textWidth(text))));
  }

  /** Text between the lanes, in the middle. */
  #between(text: string, style: (text: string) => string): string {
    const room = this.#lanes - 2;
    const shown = shorten(text, room);
    const before = Math.floor((room - textWidth(shown)) / 2);
    return this.#inside(`${' '.repeat(before)}${shown}`, style);
  }

  #inside(text: string, style: (text: string) => string): string {
    const { lane } = this.#paint.glyphs;
    return `${' '.repeat(left)}${lane}${style(padEnd(shorten(text, this.#lanes - 2), this.#lanes - 2))}${lane}`;
  }

  #time(at: number): string {
    const ms = at - this.#handshake.startedAt;
    const text = Math.abs(ms) < 100_000 ? ms.toFixed(1) : `${(ms / 1000).toFixed(1)} s`;
    return padStart(shorten(text, 9), 9);
  }
}

const mirror = (text: string): string => [...text].reverse().join('');

/** Chips in lines of at most `width` columns. */
function inLines(chips: readonly string[], width: number): string[][] {
  const lines: string[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const chip of chips) {
    const size = textWidth(chip) + 1;
    if (used + size > width) {
      lines.push([chip]);
      used = size;
    } else {
      lines.at(-1)?.push(chip);
      used += size;
    }
  }
  return lines;
}

const contentTypeName = nameIn(contentTypes, 2);

/** What a record is: its messages when they can be read, else its type. */
export function recordText(record: RecordView): string {
  if (record.fragments.length > 0) return record.fragments.map(fragmentText).join(' + ');
  if (record.alert) return `alert ${alertLevel(record.alert.level)} ${alertName(record.alert.description)}`;
  if (record.ack) return ackText(record.ack);
  const { contentType, likely, epoch, length, protection } = record;
  if (contentType === ContentType.changeCipherSpec) return contentTypeName(contentType);
  const sealed = protection === 'encrypted' || protection === 'undecryptable';
  // RFC 9147 §4: a ciphertext of DTLS 1.3 hides its type.
  if (contentType === undefined)
    return protection === 'undecryptable'
      ? `encrypted, not opened, ${length} B`
      : closedText(likely, epoch, `${length} B`);
  return sealed ? `encrypted ${contentTypeName(contentType)}, ${length} B` : contentTypeName(contentType);
}
