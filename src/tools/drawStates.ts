/**
 * Draws the state tables of the engine, for docs/states. States stand under each other in the table's
 * order, which is the protocol's; the arrow to the next state goes down, every other one leaves to the right and comes back
 * in from a lane of its own. So nothing overlaps, whatever the table says, and nobody has to move boxes by hand.
 */
import { always, ends, type Machine } from '../engine/machine.ts';
import { paths } from '../engine/paths.ts';
import { clientOpening, serverOpening } from '../engine/states.ts';

const box = { left: 24, width: 330, padding: 12 } as const;
const nameLine = 18;
const textLine = 16;
/** Between the places where lines leave and enter a box. */
const slot = 24;
const gap = 46;
const lane = 16;
const letter = { name: 8.4, label: 7.3, text: 6.6 } as const;

/** One arrow, or one line that branches: what a signal leads to from a state, other than the next state. */
interface Bus {
  readonly from: string;
  readonly signal: string;
  readonly to: readonly string[];
}
interface Layout {
  readonly name: string;
  readonly about: readonly string[];
  /** Signals to the next state. */
  readonly down: readonly string[];
  readonly out: readonly Bus[];
  readonly in: readonly Bus[];
  readonly top: number;
  readonly height: number;
}

/** What is drawn: how a side settles its version, and the whole path of each version. */
export const drawnTables: Readonly<Record<string, Machine>> = { clientOpening, serverOpening, ...paths };

/** Every drawing, by file name. */
export function stateDrawings(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(drawnTables).map(([name, machine]) => [`${name}.svg`, drawMachine(titleOf(name), machine)] as const),
  );
}

/** `client12` as `DTLS 1.2 client`, `clientOpening` as `Client, until the version is settled`. */
function titleOf(name: string): string {
  const [, role = '', major, minor] = /^(client|server)(?:(\d)(\d)|Opening)$/.exec(name) ?? [];
  if (major !== undefined) return `DTLS ${major}.${minor} ${role}`;
  return role === '' ? name : `${role.charAt(0).toUpperCase()}${role.slice(1)}, until the version is settled`;
}

export function drawMachine(title: string, machine: Machine): string {
  const rows = layOut(machine);
  const at = new Map(rows.map((row) => [row.name, row]));
  const buses = rows.flatMap((row) => row.out);
  const labels = Math.max(60, ...buses.map(({ signal }) => signal.length * letter.label + 18));
  const lanesFrom = box.left + box.width + labels;
  const lanes = assignLanes(buses, at);
  const width = lanesFrom + (Math.max(0, ...lanes.values()) + 1) * lane + box.left;
  const last = rows.at(-1);
  const endsTop = (last ? last.top + last.height : 0) + gap;
  const height = endsTop + 96;

  const shapes: string[] = [];
  rows.forEach((row, index) => {
    shapes.push(drawBox(row.name, row.about, box.left, row.top, box.width, row.height));
    const next = rows[index + 1];
    if (next && row.down.length > 0) shapes.push(drawDown(row, next));
  });
  for (const bus of buses) shapes.push(drawBus(bus, at, lanesFrom + (lanes.get(bus) ?? 0) * lane));
  shapes.push(drawEnds(machine, endsTop));

  const description = rows
    .flatMap(({ name }) =>
      Object.entries(machine[name]?.on ?? {}).map(([signal, to]) => `${name}: ${signal} to ${to.join(' or ')}`),
    )
    .join('; ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}: states</title>`,
    `<desc id="desc">${escaped(description)}</desc>`,
    `<style>${style}</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8Z"/></marker></defs>',
    `<rect class="page" width="100%" height="100%"/>`,
    `<text class="title" x="${box.left}" y="34">${escaped(title)}</text>`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n');
}

/** Boxes from top to bottom, with what leaves and enters each. */
function layOut(machine: Machine): Layout[] {
  const names = Object.keys(machine).filter((name) => !isEnd(name));
  const busesFrom = (name: string, index: number): Bus[] =>
    Object.entries(machine[name]?.on ?? {}).flatMap(([signal, to]) => {
      const others = to.filter((target) => target !== names[index + 1] && !isEnd(target));
      return others.length > 0 ? [{ from: name, signal, to: others }] : [];
    });
  const all = names.flatMap(busesFrom);
  let top = 54;
  return names.map((name, index) => {
    const about = wrapped(machine[name]?.about ?? '', box.width - 2 * box.padding);
    const out = all.filter(({ from }) => from === name);
    // In this order no line crosses another on its way in: from above the nearest first, from below the farthest.
    const rank = (bus: Bus): number => {
      const from = names.indexOf(bus.from);
      return from < index ? index - from : 3 * names.length - from;
    };
    const into = all.filter(({ to }) => to.includes(name)).reverse();
    into.sort((a, b) => rank(a) - rank(b));
    const down = Object.entries(machine[name]?.on ?? {})
      .filter(([, to]) => to.includes(names[index + 1] ?? ''))
      .map(([signal]) => signal);
    const text = 2 * box.padding + nameLine + about.length * textLine;
    const height = Math.max(text, (out.length + into.length + 1) * slot);
    const row = { name, about, down, out, in: into, top, height };
    top += height + gap + Math.max(0, down.length - 1) * textLine;
    return row;
  });
}

const isEnd = (name: string): boolean => (ends as readonly string[]).includes(name);

/** Lines come in above and leave below, so that a line down the page crosses nothing of its own box. */
const inAt = (row: Layout, bus: Bus): number => row.top + (row.in.indexOf(bus) + 1) * slot - slot / 4;
const outAt = (row: Layout, bus: Bus): number => row.top + (row.in.length + row.out.indexOf(bus) + 1) * slot - slot / 4;

/** The lane of each bus, counted from the boxes: short ones inside, so that long ones go round them. */
function assignLanes(buses: readonly Bus[], at: ReadonlyMap<string, Layout>): ReadonlyMap<Bus, number> {
  const span = (bus: Bus): { readonly from: number; readonly to: number } => {
    const source = at.get(bus.from);
    const ys = bus.to.flatMap((name) => {
      const row = at.get(name);
      return row ? [inAt(row, bus)] : [];
    });
    const all = [...ys, source ? outAt(source, bus) : 0];
    return { from: Math.min(...all), to: Math.max(...all) };
  };
  const spans = buses.map((bus) => ({ bus, ...span(bus) })).sort((a, b) => a.to - a.from - (b.to - b.from));
  const taken: (typeof spans)[] = [];
  const lanes = new Map<Bus, number>();
  for (const one of spans) {
    let free = taken.findIndex((others) => others.every(({ from, to }) => to < one.from || from > one.to));
    if (free < 0) free = taken.push([]) - 1;
    taken[free]?.push(one);
    lanes.set(one.bus, free);
  }
  return lanes;
}

function drawBox(name: string, about: readonly string[], x: number, y: number, width: number, height: number): string {
  const lines = about.map((line, index) =>
    text('about', x + box.padding, y + box.padding + nameLine + (index + 0.8) * textLine, line),
  );
  return [
    `<rect class="${isEnd(name) ? 'state end' : 'state'}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="8"/>`,
    text('name', x + box.padding, y + box.padding + 13, name),
    ...lines,
  ].join('\n');
}

function drawDown(row: Layout, next: Layout): string {
  const x = box.left + 40;
  const y = row.top + row.height;
  return [
    `<path class="arrow" d="M${px(x)} ${px(y)}V${px(next.top)}" marker-end="url(#tip)"/>`,
    ...row.down.map((signal, index) => text('signal', x + 12, y + 26 + index * textLine, signal)),
  ].join('\n');
}

function drawBus(bus: Bus, at: ReadonlyMap<string, Layout>, x: number): string {
  const right = box.left + box.width;
  const source = at.get(bus.from);
  if (!source) return '';
  const start = outAt(source, bus);
  const targets = bus.to.flatMap((name) => at.get(name) ?? []).map((row) => inAt(row, bus));
  const all = [start, ...targets];
  return [
    `<path class="arrow" d="M${px(right)} ${px(start)}H${px(x)}M${px(x)} ${px(Math.min(...all))}V${px(Math.max(...all))}"/>`,
    ...targets.map((y) => `<path class="arrow" d="M${px(x)} ${px(y)}H${px(right)}" marker-end="url(#tip)"/>`),
    text('signal', right + 10, start - 5, bus.signal),
  ].join('\n');
}

/** What leads out of every state, once for all. */
function drawEnds(machine: Machine, top: number): string {
  const width = (box.width - 20) / 2;
  return Object.entries(always)
    .map(([signal, end], index) => {
      const x = box.left + index * (width + 20);
      const about = wrapped(machine[end]?.about ?? '', width - 2 * box.padding);
      return [
        text('signal', x, top - 12, `any state: ${signal}`),
        drawBox(end, about, x, top, width, 2 * box.padding + nameLine + Math.max(1, about.length) * textLine),
      ].join('\n');
    })
    .join('\n');
}

function wrapped(about: string, width: number): string[] {
  const lines: string[] = [];
  // An RFC stays with its number and section.
  for (const word of about.split(/(?<!RFC) (?!§)/)) {
    const line = lines.at(-1);
    if (line !== undefined && (line.length + 1 + word.length) * letter.text <= width)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const text = (kind: string, x: number, y: number, content: string): string =>
  `<text class="${kind}" x="${px(x)}" y="${px(y)}">${escaped(content)}</text>`;
const px = (value: number): string => String(Math.round(value * 10) / 10);
const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Colours for both themes; the page's own ground, since nobody knows what it is shown on. */
const style = `
text{font-family:system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1c2430}
.title{font-size:18px;font-weight:600}
.name{font-size:14px;font-weight:600}
.about{font-size:12px;fill:#4c5666}
.signal{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px;fill:#0b5394}
.page{fill:#ffffff}
.state{fill:#f3f6fa;stroke:#7a8798}
.end{fill:#ffffff;stroke-dasharray:4 3}
.arrow{fill:none;stroke:#5b6777;stroke-width:1.3}
.tip{fill:#5b6777}
@media (prefers-color-scheme:dark){
text{fill:#e6eaf0}
.about{fill:#a9b4c2}
.signal{fill:#8ec5ff}
.page{fill:#14181f}
.state{fill:#1f2630;stroke:#7a8798}
.end{fill:#14181f}
.arrow{stroke:#9aa7b8}
.tip{fill:#9aa7b8}
}
`;
