import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ends } from '../../src/engine/machine.ts';
import * as tables from '../../src/engine/states.ts';
import { drawMachine, drawnTables, stateDrawings } from '../../src/tools/drawStates.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'states');

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
const attribute = (tag: string, name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
const boxesOf = (svg: string): Rect[] =>
  [...svg.matchAll(/<rect class="state[^>]*>/g)].map(([tag]) => ({
    x: Number(attribute(tag, 'x')),
    y: Number(attribute(tag, 'y')),
    width: Number(attribute(tag, 'width')),
    height: Number(attribute(tag, 'height')),
  }));
/** Where texts stand, as wide as the widest usual font makes them. */
const textsOf = (svg: string): (Rect & { readonly kind: string; readonly content: string })[] =>
  [...svg.matchAll(/<text class="([^"]*)"([^>]*)>([^<]*)</g)].map(([, kind = '', tag = '', content = '']) => {
    const letter = kind === 'title' ? 11 : kind === 'name' ? 8.8 : kind === 'signal' ? 7.25 : 6.7;
    const y = Number(attribute(tag, 'y'));
    return { kind, content, x: Number(attribute(tag, 'x')), y: y - 11, width: content.length * letter, height: 13 };
  });
const overlap = (a: Rect, b: Rect): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe('the drawings of the state tables', () => {
  it('are those of the tables as they are now: npm run docs draws them', async () => {
    const drawn = stateDrawings();
    expect((await readdir(folder)).sort()).toEqual([...drawn.keys()].sort());
    for (const [file, svg] of drawn) expect(await readFile(join(folder, file), 'utf8'), file).toBe(svg);
  });

  it.each(Object.entries(drawnTables))('show every state and every arrow of %s', (name, machine) => {
    const svg = stateDrawings().get(`${name}.svg`) ?? '';
    const texts = textsOf(svg);
    for (const state of Object.keys(machine))
      expect(texts.filter((one) => one.kind === 'name' && one.content === state)).toHaveLength(1);
    // Several signals to the next state share one arrow, with a text each; all other arrows have a head of their own.
    const states = Object.keys(machine);
    const rows = Object.values(machine).map(({ on }, index) => {
      const arrows = Object.values<readonly string[]>(on);
      const down = arrows.filter((to) => to.includes(states[index + 1] ?? '')).length;
      const aside = arrows.map((to) => to.filter((target) => target !== states[index + 1]).length);
      return {
        down,
        aside: aside.reduce((sum, count) => sum + count, 0),
        lines: aside.filter((count) => count > 0).length,
      };
    });
    const sum = (count: (row: (typeof rows)[number]) => number): number =>
      rows.reduce((all, row) => all + count(row), 0);
    expect(svg.match(/marker-end/g)).toHaveLength(sum(({ down, aside }) => Math.min(1, down) + aside));
    expect(texts.filter((one) => one.kind === 'signal')).toHaveLength(
      sum(({ down, lines }) => down + lines) + ends.length,
    );
  });

  it.each(Object.entries(drawnTables))('lead from idle to every state of %s', (_name, machine) => {
    const reached = new Set<string>(['idle', ...ends]);
    for (const state of reached)
      for (const targets of Object.values<readonly string[]>(machine[state]?.on ?? {}))
        for (const target of targets) reached.add(target);
    expect([...reached].sort()).toEqual(Object.keys(machine).sort());
  });

  it('leave out no table of the engine', () => {
    const drawn = new Set(Object.values(drawnTables).flatMap((machine) => Object.keys(machine)));
    for (const machine of Object.values(tables))
      for (const state of Object.keys(machine)) expect(drawn).toContain(state);
  });

  it.each([...stateDrawings()])('%s has no box on a box, no text on a text, and nothing outside', (_file, svg) => {
    const [, width = 0, height = 0] = (/viewBox="0 0 (\S+) (\S+)"/.exec(svg) ?? []).map(Number);
    const boxes = boxesOf(svg);
    const texts = textsOf(svg);
    for (const list of [boxes, texts])
      list.forEach((one, index) => {
        for (const other of list.slice(index + 1))
          expect(overlap(one, other), JSON.stringify([one, other])).toBe(false);
        expect(
          one.x >= 0 && one.y >= 0 && one.x + one.width <= width && one.y + one.height <= height,
          JSON.stringify(one),
        ).toBe(true);
      });
    // Signals stand outside the boxes, names and words inside one.
    for (const one of texts) {
      const touching = boxes.filter((rect) => overlap(rect, one));
      expect(touching.length, one.content).toBe(one.kind === 'signal' || one.kind === 'title' ? 0 : 1);
    }
  });

  it('draw states that branch, skip, go back and wait where they are', () => {
    const about = 'waits';
    const svg = drawMachine('made up', {
      a: { about, on: { start: ['b', 'c', 'd'], certificate: ['b'] } },
      b: { about, on: { finished: ['a'], server_hello: ['b', 'd'] } },
      c: { about, on: { finished: ['d'] } },
      d: { about, on: {} },
      ...Object.fromEntries(ends.map((end) => [end, { about: 'over', on: {} }])),
    });
    expect(boxesOf(svg)).toHaveLength(6);
    expect(svg).toContain('a: start to b or c or d');
  });
});
