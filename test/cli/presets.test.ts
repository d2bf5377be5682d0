/** Known failures in the terminal: the list, a story with both runs, and what is written of them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presets, tell } from '../../src/cli/commands/presets.ts';
import { loadScenarios } from '../../src/cli/scenarioFiles.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { type Story, stories, storyExpectation, storyOf, storyScenario } from '../../src/scenario/index.ts';

class Screen implements Terminal {
  printed = '';
  said: string[] = [];
  readonly lively = false;
  readonly rows = undefined;
  readonly columns: number | undefined;
  readonly color: boolean;
  readonly ascii: boolean;
  constructor(columns: number | undefined, { color = false, ascii = false } = {}) {
    this.columns = columns;
    this.color = color;
    this.ascii = ascii;
  }
  print(text: string): void {
    this.printed += text;
  }
  say(line: string): void {
    this.said.push(line);
  }
  progress(): void {}
  get lines(): string[] {
    return this.printed.split('\n');
  }
}

const known = (id: string): Story => {
  const story = storyOf(id);
  if (!story) throw new Error(`no story ${id}`);
  return story;
};
const bare = (text: string): string =>
  text
    .split('\u001b[')
    .map((part, i) => (i === 0 ? part : part.replace(/^\d+m/, '')))
    .join('');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dtlscope-presets-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('presets', () => {
  it('lists every failure by its id', () => {
    const screen = new Screen(80);
    expect(presets(undefined, {}, screen)).toBe(0);
    const ids = screen.lines.flatMap((line) => /^ {2}(\S+)/.exec(line)?.slice(1) ?? []);
    expect(ids).toEqual(stories.map(({ id }) => id));
  });

  it('tells a story and shows both runs beside each other where there is room', () => {
    const screen = new Screen(140);
    expect(presets('turn-buffer', {}, screen)).toBe(0);
    const { seen, title } = known('turn-buffer');
    expect(screen.lines[0]).toBe(`${title} (S7)`);
    expect(screen.printed.replaceAll('\n', ' ')).toContain(seen);
    const heads = screen.lines.find((line) => line.startsWith('Failing:'));
    expect(heads).toMatch(/^Failing: the flight as one datagram {20,}Mended: packed up to the MTU$/);
    const column = heads?.indexOf('Mended') ?? 0;
    const hellos = screen.lines.find((line) => line.includes('┤client_hello├'));
    expect(hellos?.slice(0, column).trimEnd()).toMatch(/ 143 B$/);
    expect(hellos?.slice(column)).toMatch(/^ {6}0\.0 {4}1 ├─┤client_hello├─+▶│ {3}143 B$/);
    expect(Math.max(...screen.lines.map((line) => line.length))).toBeLessThanOrEqual(140);
    expect(screen.printed).toMatch(/A ends as established, B as truncated; the first difference is .*certificate/);
  });

  it('pads by what is seen where there are colours', () => {
    const [plain, coloured] = [new Screen(140), new Screen(140, { color: true })];
    presets('turn-buffer', {}, plain);
    presets('turn-buffer', {}, coloured);
    expect(coloured.printed).toContain('\u001b[1m');
    expect(bare(coloured.printed)).toBe(plain.printed);
  });

  it('shows them one after the other on a narrow terminal, in ASCII where nothing else is', () => {
    const screen = new Screen(80, { ascii: true });
    expect(presets('S7', {}, screen)).toBe(0);
    const starts = ['Failing:', 'Mended:'].map((head) => screen.lines.findIndex((line) => line.startsWith(head)));
    expect(starts[0]).toBeGreaterThan(0);
    expect(starts[1]).toBeGreaterThan((starts[0] ?? 0) + 20);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: everything that ASCII is
    expect(screen.printed).toMatch(/^[\x00-\x7f]*$/);
  });

  it('shows one side alone with its whole report', () => {
    const screen = new Screen(100);
    expect(presets('both-passive', { failing: true }, screen)).toBe(0);
    expect(screen.printed).toContain('✕ no-answer');
    expect(screen.printed).toContain('(both-passive)');
    expect(screen.printed).not.toContain('Mended:');
  });

  it('gives programs the story, both runs and their difference', () => {
    const screen = new Screen(undefined);
    expect(presets('role-switch', { json: true }, screen)).toBe(0);
    const { preset, runs, difference } = JSON.parse(screen.printed);
    expect(preset).toMatchObject({ id: 'role-switch', label: 'S6' });
    expect(preset.threads[0]).toBe('https://github.com/sipwise/rtpengine/issues/2157');
    expect(runs.failing).toMatchObject({ outcome: 'established', asTold: true, unmet: [] });
    expect(runs.failing.handshakes.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'established',
      'stalled',
    ]);
    expect(runs.mended.commandLine).toBe('dtlscope probe sim --role server --versions 1.2');
    expect(difference.a.file).toBe('mended');
  });

  it('writes both sides as scenario files that are read again, and a page of both without a script', () => {
    const screen = new Screen(80);
    const [scenarios, page] = [join(folder, 'known'), join(folder, 'story.html')];
    expect(presets('good-and-bad-pair', { write: scenarios, output: [page], quiet: true }, screen)).toBe(0);
    const files = ['failing', 'mended'].map((side) => join(scenarios, `good-and-bad-pair-${side}.yaml`));
    expect(screen.said).toEqual([...files, page].map((path) => `Written: ${path}`));
    const story = known('good-and-bad-pair');
    expect(loadScenarios(files).map(({ scenario }) => scenario)).toEqual([
      storyScenario(story, 'failing'),
      storyScenario(story, 'mended'),
    ]);
    const html = readFileSync(page, 'utf8');
    for (const verdict of screen.lines.filter((line) => line !== ''))
      expect(html).toContain(verdict.replace(/^\w+: /, '').replaceAll("'", '&#39;'));
    expect(html).toContain("default-src 'none'");
    expect(html).not.toContain('<script');
    expect(html.match(/<svg/g)).toHaveLength(4);
  });

  it('are named among scenario files', () => {
    const story = known('turn-buffer');
    const [failing, mended] = loadScenarios(['preset:turn-buffer', 'preset:turn-buffer:mended']);
    expect(failing?.expectation).toEqual(storyExpectation(story, 'failing'));
    expect(mended?.scenario).toEqual(storyScenario(story, 'mended'));
    expect(() => loadScenarios(['preset:nothing'])).toThrow('preset:nothing: there is no known failure "nothing"');
  });

  it('answers 1 when a run does not come as told, and says what did not', () => {
    const story = known('both-active');
    const screen = new Screen(80);
    const other = { ...story, mended: { ...story.mended, gives: { ...story.mended.gives, leads: 'flight-lost' } } };
    expect(tell(other, { quiet: true }, screen)).toBe(1);
    expect(screen.said).toEqual([
      'Not as the story tells: mended: the finding flight-lost does not appear.',
      'Not as the story tells: mended: the leading finding should be flight-lost, and is none.',
    ]);
  });

  it('refuses what is no failure, with the nearest, and files that it can not write', () => {
    const screen = new Screen(80);
    expect(() => presets('turn-bufer', {}, screen)).toThrow('did you mean turn-buffer?');
    expect(() => presets('turn-buffer', { output: ['x.sqlog'] }, screen)).toThrow('x.sqlog');
    expect(() => presets(undefined, { failing: true }, screen)).toThrow('needs to know which failure');
    expect(screen.printed).toBe('');
  });
});
