import { describe, expect, it } from 'vitest';
import { storiesLike } from '../../panel/layout/stories.ts';
import { makeRunBook } from '../../panel/reader.ts';
import { missed } from '../../panel/state/expectation.ts';
import { storyRequest } from '../../panel/state/gallery.ts';
import { createPanel } from '../../panel/state/store.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { storyTrace } from '../../src/run/index.ts';
import { readForm, stories, storyOf, storyScenario, storySides } from '../../src/scenario/index.ts';
import { editFields } from '../../src/scenario/yaml/edit.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';
import { FakeBackground } from '../support/fakeBackground.ts';

const loadTools = () => Promise.resolve({ parse: parseScenarioText, edit: editFields });

describe('the known failures', () => {
  it('ask for runs that are the stories’ own scenarios', () => {
    for (const story of stories)
      for (const side of storySides) {
        const { target, options } = storyRequest(story, side);
        const { expect: _, ...told } = storyScenario(story, side).options;
        const read = readForm('probe', target, options as Parameters<typeof readForm>[2]);
        expect(read.ok && read.value.options, `${story.id} ${side}`).toMatchObject(told);
      }
  });

  it('run both sides, pin the mended one, and show the comparison, when both are whole', async () => {
    const client = new FakeBackground();
    const book = makeRunBook();
    const { store, actions } = createPanel({ client, book, loadTools });
    const story = storyOf('turn-buffer');
    if (!story) throw new Error('no such story');
    const compared = actions.compareStory(story.id);
    await expect.poll(() => client.requests.length).toBe(2);
    for (const side of ['mended', 'failing'] as const) {
      const { events } = storyTrace(story, side, { tool: 'test', crypto: nobleProvider });
      client.tell(side === 'mended' ? 'run-1' : 'run-2', events, true);
    }
    await compared;
    const { baseline, selection, view, place, starting } = store.getState();
    expect(baseline).toEqual({ run: 'run-1', handshake: 'h1' });
    expect([selection.run, view.drawing, place, starting]).toEqual(['run-2', 'compare', 'run', false]);
    for (const run of store.getState().runs) {
      const asked = run.request.expectation;
      expect(asked && missed(asked, book.read(run.id)?.handshakes ?? [])).toEqual([]);
    }
  });

  it('are judged by all handshakes of a run, whichever is looked at', () => {
    const book = makeRunBook();
    const story = storyOf('role-switch');
    if (!story) throw new Error('no such story');
    const { header, events } = storyTrace(story, 'failing', { tool: 'test', crypto: nobleProvider });
    book.append('run-1', { header, from: 0, events, ended: true });
    const { expectation } = storyRequest(story, 'failing');
    expect(expectation && missed(expectation, book.read('run-1')?.handshakes ?? [])).toEqual([]);
  });

  it('are given to the editor as files that the form can say', async () => {
    const { store, actions } = createPanel({ client: new FakeBackground(), book: makeRunBook(), loadTools });
    await actions.editStory('turn-buffer', 'failing');
    const { scenario, form, place } = store.getState();
    expect(place).toBe('scenario');
    expect(scenario).toMatchObject({ problems: [], name: expect.stringContaining('the flight as one datagram') });
    expect(scenario?.expectation?.outcome).toBe('truncated');
    expect(form.values).toMatchObject({ role: 'server', packing: 'flight', link: 'truncate=1600' });
  });

  it('are found by what is remembered of them', () => {
    const ids = (words: string): string[] => storiesLike(stories, words).map(({ id }) => id);
    expect(ids('mediasoup#1100')).toEqual(['turn-buffer']);
    expect(ids('S2')).toContain('no-timer-on-uplink');
    expect(ids('  ')).toHaveLength(stories.length);
    expect(ids('certificate nonsense')).toEqual([]);
  });
});
