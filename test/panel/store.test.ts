import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emptyForm, rawRequest, rememberable, setField, shownProblem } from '../../panel/state/form.ts';
import type { Panel } from '../../panel/state/model.ts';
import { Publisher, type Revisions } from '../../panel/state/publishing.ts';
import { RunBook } from '../../panel/state/runBook.ts';
import { stoppable } from '../../panel/state/runs.ts';
import { createPanel } from '../../panel/state/store.ts';
import type { Snapshot } from '../../src/analysis/model.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { FakeBackground, headerOf } from '../support/fakeBackground.ts';
import { captureDirectory } from '../support/fixtures.ts';
import { recoveredLoss } from '../support/handshakes.ts';

const note = (at: number): TraceEvent => ({ kind: 'note', at, text: `at ${at}` });
const snapshot: Snapshot = {
  revision: 1,
  handshakes: [recoveredLoss()],
  unrelated: {},
  secrets: { handshakes: 0, here: 0 },
  notes: [],
  until: 0,
};

function makeBook(): RunBook {
  return new RunBook(
    () => ({ push: () => {}, snapshot: () => snapshot }),
    () => ({ outcome: 'established', lastMessage: undefined, verdict: 'It worked.', findings: [] }),
  );
}

function setUp(client = new FakeBackground()): { client: FakeBackground; panel: Panel } {
  return { client, panel: createPanel({ client, book: makeBook() }) };
}
const state = (panel: Panel) => panel.store.getState();

describe('a run', () => {
  it('that the user starts is selected, followed, and its events reach the book', async () => {
    const { client, panel } = setUp();
    await panel.actions.start();
    expect(state(panel).selection.run).toBe('run-1');
    client.tell('run-1', [note(0), note(1)]);
    client.tell('run-1', [note(2)]);
    expect(panel.book.trace('run-1')?.events.map((event) => event.at)).toEqual([0, 1, 2]);
    expect(state(panel).revisions['run-1']).toBe(panel.book.read('run-1')?.revision);
  });

  it('of sdp: is asked for with the pasted offer, and given the answer to ours', async () => {
    const { client, panel } = setUp();
    const offer = 'v=0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=setup:actpass\r\n';
    panel.actions.editForm((form) => setField(setField(form, 'target', 'sdp:'), 'description', 'hello'));
    await panel.actions.start();
    expect(client.requests).toEqual([]);
    expect(shownProblem(state(panel).form, 'description')).toContain('This is not SDP');
    panel.actions.editForm((form) => setField(form, 'description', offer));
    await panel.actions.start();
    expect(client.requests).toEqual([{ target: 'sdp:', options: {}, description: offer }]);
    // What was pasted is for this run: another target does not send it, and it is not remembered.
    expect(rawRequest(setField(state(panel).form, 'target', 'sim'))).not.toHaveProperty('description');
    expect(rememberable(state(panel).form)).not.toHaveProperty('description');

    client.addRun('ours', { target: 'sdp:', options: {} }, { ours: { type: 'offer', sdp: offer, waits: true } });
    await panel.actions.answer('ours', offer);
    expect(client.asked).toContain(`answer ours ${offer.length}`);
    expect(state(panel).runs.find(({ id }) => id === 'ours')?.ours?.waits).toBe(false);
  });

  it('goes on while the panel is closed, and a new panel has all of it', async () => {
    const { client, panel } = setUp();
    await panel.actions.start();
    client.tell('run-1', [note(0)]);
    panel.actions.dispose();
    client.tell('run-1', [note(1), note(2)], true);
    expect(panel.book.count('run-1')).toBe(1);
    const again = setUp(client).panel;
    expect(state(again).selection.run).toBe('run-1');
    expect(again.book.count('run-1')).toBe(3);
    expect(again.book.read('run-1')?.ended).toBe(true);
  });

  it('is kept and marked as interrupted when the background forgets it', async () => {
    const { client, panel } = setUp();
    await panel.actions.start();
    client.tell('run-1', [note(0), note(5)]);
    client.restart();
    expect(state(panel).runs.map((run) => [run.id, run.state])).toEqual([['run-1', 'ended']]);
    expect(panel.book.trace('run-1')?.events.at(-1)).toMatchObject({ kind: 'end', how: 'interrupted', at: 5 });
  });

  it('that ended before the background was stopped stays as it was', async () => {
    const { client, panel } = setUp();
    await panel.actions.start();
    client.tell('run-1', [note(0), { kind: 'end', at: 1, how: 'done', why: undefined }], true);
    client.restart();
    expect(panel.book.trace('run-1')?.events).toHaveLength(2);
    expect(state(panel).runs).toHaveLength(1);
  });

  it('is stopped when it is the selected one, else the newest that runs', async () => {
    const { client, panel } = setUp();
    await panel.actions.start();
    await panel.actions.start();
    panel.actions.selectRun('run-1');
    expect(stoppable(state(panel))?.id).toBe('run-1');
    await panel.actions.stop();
    expect(client.asked).toContain('stop run-1');
    expect(stoppable(state(panel))?.id).toBe('run-2');
  });
});

describe('what the background tells unasked', () => {
  it('of kept runs is shown, until the panel is gone', () => {
    const { client, panel } = setUp();
    client.notice({ code: 'dropped', message: 'The oldest run made room.', runs: ['run-1'] });
    expect(state(panel).notice).toEqual({ text: 'The oldest run made room.', tone: 'quiet' });
    panel.actions.notify(undefined);
    panel.actions.dispose();
    client.notice({ code: 'not-kept', message: 'Nothing is stored.', runs: [] });
    expect(state(panel).notice).toBeUndefined();
  });
});

describe('a deletion', () => {
  const capture = (name: string) => ({ name, bytes: readFileSync(`${captureDirectory}${name}`) });
  const ids = (panel: Panel): string[] => state(panel).runs.map((run) => run.id);
  const two = async (): Promise<ReturnType<typeof setUp>> => {
    const all = setUp();
    await all.panel.actions.start();
    await all.panel.actions.start();
    all.client.tell('run-2', [note(0), note(1)], true);
    return all;
  };

  it('takes a run off the list, selects the next newest, says so and offers to undo it', async () => {
    const { client, panel } = await two();
    await panel.actions.remove('run-2');
    expect(client.asked).toContain('delete run-2');
    expect(ids(panel)).toEqual(['run-1']);
    expect(state(panel).selection.run).toBe('run-1');
    expect(state(panel).notice).toEqual({ text: 'Run 2 (sim) was deleted.', tone: 'quiet', undo: true });
    expect(state(panel).deleted).toBe(1);
  });

  it('is undone with everything: order, events, selection, and what comes after it', async () => {
    const { client, panel } = await two();
    await panel.actions.remove('run-1');
    await panel.actions.undoRemove();
    expect(ids(panel)).toEqual(['run-1', 'run-2']);
    expect(state(panel)).toMatchObject({ deleted: 0, selection: { run: 'run-1' } });
    expect(state(panel).notice).toEqual({ text: 'Run 1 (sim) is back.', tone: 'quiet' });
    client.tell('run-1', [note(3)]);
    expect(panel.book.trace('run-1')?.events.map(({ at }) => at)).toEqual([3]);
  });

  it('of everything is one deletion, and one undo', async () => {
    const { client, panel } = await two();
    await panel.actions.removeAll();
    expect([ids(panel), state(panel).selection.run, state(panel).deleted]).toEqual([[], undefined, 2]);
    expect(client.asked).toContain('delete-all');
    await panel.actions.undoRemove();
    expect(ids(panel)).toEqual(['run-1', 'run-2']);
    expect(panel.book.count('run-2')).toBe(2);
  });

  it('makes the one before it final, and lets go of its events', async () => {
    const { panel } = await two();
    await panel.actions.remove('run-2');
    expect(panel.book.count('run-2')).toBe(2);
    await panel.actions.remove('run-1');
    expect(panel.book.count('run-2')).toBe(0);
    await panel.actions.undoRemove();
    expect(ids(panel)).toEqual(['run-1']);
  });

  it('that the background refuses takes nothing away', async () => {
    const { client, panel } = await two();
    client.failNext = { code: 'disconnected', message: 'The connection broke.' };
    await panel.actions.removeAll();
    expect(ids(panel)).toEqual(['run-1', 'run-2']);
    expect(state(panel).notice).toEqual({ text: 'The connection broke.', tone: 'bad' });
  });

  it('of a file that the background could not keep is undone from here', async () => {
    const { client, panel } = setUp();
    client.failNext = { code: 'too-large', message: 'It is too large.' };
    await panel.actions.openFiles([capture('hole.pcapng')]);
    const [id] = ids(panel);
    const events = panel.book.count(id ?? '');
    await panel.actions.removeAll();
    expect(client.asked).not.toContain('delete-all');
    expect([ids(panel), state(panel).deleted]).toEqual([[], 1]);
    await panel.actions.undoRemove();
    expect([ids(panel), panel.book.count(id ?? '')]).toEqual([[id], events]);
    expect(client.asked).not.toContain('undo-delete');
  });

  it('of another panel is offered to be undone, and what another panel undid is shown', async () => {
    const { client, panel } = await two();
    await client.delete('run-1');
    expect(state(panel).deleted).toBe(1);
    await panel.actions.undoRemove();
    expect(client.state.runs.map(({ id }) => id)).toContain('run-1');
    await panel.actions.remove('run-2');
    await client.undoDelete();
    expect(ids(panel)).toContain('run-2');
    expect(state(panel).deleted).toBe(0);
  });

  it('that can’t be undone any more says so, and brings back what this panel still holds', async () => {
    const { client, panel } = await two();
    await panel.actions.removeAll();
    client.failNext = { code: 'nothing-deleted', message: 'There is no deletion that could be undone.' };
    await panel.actions.undoRemove();
    expect(ids(panel)).toEqual(['run-2']);
    expect(state(panel).notice).toMatchObject({ tone: 'bad', text: expect.stringContaining('Run 1 (sim) can’t be') });
  });
});

describe('Run', () => {
  it('asks for nothing while the form is wrong, and says what is wrong from then on', async () => {
    const { client, panel } = setUp();
    panel.actions.editForm((form) => setField(form, 'mtu', '12'));
    await panel.actions.start();
    expect(client.requests).toEqual([]);
    expect(state(panel).form.submitted).toBe(true);
  });

  it('puts what the background refuses beside the field', async () => {
    const { client, panel } = setUp();
    client.failNext = {
      code: 'invalid-request',
      message: 'Two things are wrong.',
      problems: [
        { option: '--cert-gen', message: 'no such key' },
        { option: 'TARGET', message: 'no such host' },
      ],
    };
    await panel.actions.start();
    expect(state(panel).form.refused).toEqual({ certGen: 'no such key', target: 'no such host' });
    expect(state(panel).notice).toBeUndefined();
    panel.actions.editForm((form) => setField(form, 'target', 'sim'));
    expect(state(panel).form.refused).toEqual({ certGen: 'no such key' });
  });

  it('tells what went wrong otherwise, and can be pressed again', async () => {
    const { client, panel } = setUp();
    client.failNext = { code: 'helper-unavailable', message: 'The helper is not installed.' };
    await panel.actions.start();
    expect(state(panel).notice).toEqual({ text: 'The helper is not installed.', tone: 'bad' });
    expect(state(panel).starting).toBe(false);
    await panel.actions.start();
    expect(state(panel).notice).toBeUndefined();
    expect(state(panel).selection.run).toBe('run-1');
  });

  it('shows again what to do about the helper when a run fails for want of it', async () => {
    const { client, panel } = setUp();
    panel.actions.hideHelper(true);
    client.failNext = { code: 'start-failed', message: 'Something else.' };
    await panel.actions.start();
    expect(state(panel).helperHidden).toBe(state(panel).helper.kind);
    client.failNext = { code: 'helper-unavailable', message: 'The helper is not ready.' };
    await panel.actions.start();
    expect(state(panel).helperHidden).toBeUndefined();
  });
});

describe('the book of runs', () => {
  const header = headerOf('x');

  it('takes a batch twice without doubling it, and refuses one that would leave a hole', () => {
    const book = makeBook();
    expect(book.append('r', { header, from: 0, events: [note(0), note(1)], ended: false })).toBe(1);
    expect(book.append('r', { header, from: 0, events: [note(0), note(1)], ended: false })).toBeUndefined();
    expect(book.append('r', { header, from: 1, events: [note(1), note(2)], ended: false })).toBe(2);
    expect(book.append('r', { header, from: 9, events: [note(9)], ended: false })).toBeUndefined();
    expect(book.trace('r')?.events.map((event) => event.at)).toEqual([0, 1, 2]);
  });

  it('notices the end that comes without events', () => {
    const book = makeBook();
    book.append('r', { header, from: 0, events: [note(0)], ended: false });
    expect(book.append('r', { header, from: 1, events: [], ended: true })).toBe(2);
    expect(book.read('r')?.ended).toBe(true);
  });

  it('gives the same reading until something new comes', () => {
    const book = makeBook();
    book.append('r', { header, from: 0, events: [note(0)], ended: false });
    const first = book.read('r');
    expect(book.read('r')).toBe(first);
    book.append('r', { header, from: 1, events: [note(1)], ended: false });
    expect(book.read('r')).not.toBe(first);
  });
});

describe('many events at once', () => {
  it('publish one revision a frame', async () => {
    const client = new FakeBackground();
    const frames: (() => void)[] = [];
    const panel = createPanel({ client, book: makeBook(), later: (publish) => frames.push(publish) });
    await panel.actions.start();
    for (let i = 0; i < 100; i++) client.tell('run-1', [note(i)]);
    expect(frames).toHaveLength(1);
    expect(state(panel).revisions).toEqual({});
    for (const publish of frames.splice(0)) publish();
    expect(state(panel).revisions['run-1']).toBe(panel.book.read('run-1')?.revision);
    client.tell('run-1', [note(100)]);
    expect(frames).toHaveLength(1);
  });

  it('start with the form given, which is the default one otherwise', () => {
    expect(state(setUp().panel).form).toEqual(emptyForm());
  });
});

describe('the revisions of runs', () => {
  /** A publisher whose readings take so many milliseconds, and whose frames a test lets pass. */
  function publisher(readingMs: number) {
    let time = 0;
    let waiting: (() => void)[] = [];
    const told: Revisions[] = [];
    const prepared: Revisions[] = [];
    const made = new Publisher({
      later: (work) => waiting.push(work),
      now: () => time,
      prepare: (revisions) => {
        prepared.push(revisions);
        time += readingMs;
      },
      tell: (revisions) => told.push(revisions),
    });
    const frame = (): void => {
      time += 16;
      const due = waiting;
      waiting = [];
      for (const work of due) work();
    };
    return { made, told, prepared, frame, setTime: (to: number) => (time = to) };
  }

  it('go out once a frame, all that came since together', () => {
    const { made, told, frame } = publisher(1);
    made.publish('a', 1);
    made.publish('a', 2);
    made.publish('b', 7);
    expect(told).toEqual([]);
    frame();
    expect(told).toEqual([{ a: 2, b: 7 }]);
    made.publish('a', 3);
    frame();
    frame();
    expect(told).toEqual([{ a: 2, b: 7 }, { a: 3 }]);
  });

  it('wait a frame for their picture when the reading takes long, and the next reading rests longer than it took', () => {
    const { made, told, prepared, frame } = publisher(40);
    made.publish('a', 1);
    frame();
    expect([prepared.length, told.length]).toEqual([1, 0]);
    made.publish('a', 2);
    frame();
    expect(told).toEqual([{ a: 1 }]);
    for (let i = 0; i < 5; i++) frame();
    expect(prepared).toHaveLength(1);
    for (let i = 0; i < 6; i++) frame();
    expect(told).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('go on when the clock is set back', () => {
    const { made, told, frame, setTime } = publisher(40);
    made.publish('a', 1);
    frame();
    frame();
    setTime(-1e9);
    made.publish('a', 2);
    frame();
    frame();
    expect(told).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('are read once each, however often views ask while more comes in', async () => {
    let read = 0;
    const book = new RunBook(
      () => ({ push: () => {}, snapshot: () => ({ ...snapshot, revision: ++read }) }),
      () => ({ outcome: 'established', lastMessage: undefined, verdict: 'It worked.', findings: [] }),
    );
    const waiting: (() => void)[] = [];
    const client = new FakeBackground();
    const panel = createPanel({ client, book, later: (work) => waiting.push(work) });
    await panel.actions.start();
    for (let i = 0; i < 5; i++) {
      client.tell('run-1', [note(i)]);
      book.read('run-1', state(panel).revisions['run-1'] ?? 0);
    }
    const before = read;
    for (const work of waiting.splice(0)) work();
    book.read('run-1', state(panel).revisions['run-1']);
    expect(read).toBe(before + 1);
    expect(state(panel).revisions['run-1']).toBe(book.read('run-1')?.revision);
  });
});
