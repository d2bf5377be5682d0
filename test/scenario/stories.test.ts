/** Each known failure fails and is mended as its story tells, every time the same. */
import { describe, expect, it } from 'vitest';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { rules } from '../../src/diagnosis/rules/index.ts';
import { storyTrace, storyUnmet } from '../../src/run/index.ts';
import {
  readScenarioFile,
  type Story,
  type StorySide,
  stories,
  storyExpectation,
  storyFile,
  storyScenario,
  storySides,
  threadUrl,
} from '../../src/scenario/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';
import type { Trace } from '../../src/trace/model.ts';
import { toSqlog } from '../../src/trace/qlog/write.ts';
import { snapshotOf } from '../support/reading.ts';
import { remembering } from '../support/rememberingCrypto.ts';

const crypto = remembering(nobleProvider);
const traceOf = (story: Story, side: StorySide): Trace => storyTrace(story, side, { tool: 'test', crypto });
const textOf = (trace: Trace): string => toSqlog(trace, { withKeys: true });

function unmetIn(story: Story, side: StorySide, trace: Trace): readonly string[] {
  const told = snapshotOf(trace).handshakes.map((handshake) => ({ handshake, diagnosis: diagnose(handshake) }));
  return storyUnmet(story, side, told);
}

const cases = stories.flatMap((story) => storySides.map((side) => ({ id: story.id, side, story })));

describe('a story', () => {
  it.each(cases)(
    '$id, $side: ten times in a row the same bytes at the same times, and as it tells',
    ({ story, side }) => {
      const first = storyTrace(story, side, { tool: 'test', crypto: nobleProvider });
      expect(unmetIn(story, side, first)).toEqual([]);
      const text = textOf(first);
      for (let again = 1; again < 10; again++) expect(textOf(traceOf(story, side)) === text).toBe(true);
    },
  );

  it.each(cases.filter(({ story }) => !story.chance))('$id, $side: so with other seeds', ({ story, side }) => {
    for (const seed of [2, 77, 40_000]) {
      // What keys come out matters nothing here, and the other provider is faster.
      const trace = storyTrace(story, side, { tool: 'test', crypto: nodeProvider, seed });
      expect(unmetIn(story, side, trace), `${seed}`).toEqual([]);
    }
  });

  it.each(stories)('$id is told in three sentences, one each', ({ seen, cause, cure, title, stands }) => {
    for (const sentence of [seen, cause, cure, ...(stands === undefined ? [] : [stands])]) {
      expect(sentence).toMatch(/^[A-Z].*[^.]\.$/);
      // One full stop, at the end; those in numbers and versions have no space behind them.
      expect(sentence.slice(0, -1)).not.toMatch(/[.?!] /);
    }
    expect(title).toMatch(/^[A-Z].*[^.]$/);
  });
});

describe('the table of stories', () => {
  it('has each once, with links, and findings that there are', () => {
    const known = new Set(rules.map(({ id }) => id));
    expect(new Set(stories.map(({ id }) => id)).size).toBe(stories.length);
    expect(new Set(stories.map(({ title }) => title)).size).toBe(stories.length);
    for (const story of stories) {
      expect(story.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9.]+)*$/);
      expect(story.rows.length, story.id).toBeGreaterThan(0);
      for (const thread of story.threads)
        expect(threadUrl(thread)).toMatch(/^https:\/\/github\.com\/[\w.-]+\/[\w.-]+\/issues\/\d+$/);
      for (const side of storySides) {
        const { must, mustNot } = storyExpectation(story, side).findings;
        for (const id of [...must, ...mustNot]) expect(known, `${story.id}, ${side}`).toContain(id);
      }
    }
  });

  it('gives files that make the same run and expect the same', () => {
    for (const { story, side } of cases) {
      const parsed = parseScenarioText(storyFile(story, side));
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
      const read = readScenarioFile(parsed.root, {
        env: () => undefined,
        file: (path) => ({ path, found: false }),
      });
      if (!read.ok) throw new Error(JSON.stringify(read.problems));
      expect(read.file.scenario).toEqual(storyScenario(story, side));
      expect(read.file.expectation).toEqual(storyExpectation(story, side));
      expect(read.file.name).toBe(`${story.title}: ${story[side].label}`);
    }
  });
});
