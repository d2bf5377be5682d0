import { describe, expect, it } from 'vitest';
import { openOffscreen } from '../../background/ownStack.ts';
import type { SignallingFact } from '../../src/trace/pathFacts.ts';
import { type FakePort, FakeTimers, portPair, settle } from '../bridge/ports.ts';

/** Chromium with a document that does what the test makes it do. */
function chromium(refuse?: string) {
  const timers = new FakeTimers();
  const documents: FakePort[] = [];
  const done: string[] = [];
  const open = openOffscreen(
    {
      createDocument: async () => {
        done.push('create');
        if (refuse !== undefined) throw new Error(refuse);
      },
      closeDocument: async () => {
        done.push('close');
      },
    },
    () => {
      const [near, far] = portPair();
      documents.push(far);
      return near;
    },
    timers.schedule,
  );
  const facts: SignallingFact[] = [];
  return { timers, documents, done, facts, open: () => open((fact) => facts.push(fact)) };
}

describe('the document with this browser’s own stack', () => {
  it('offers, takes our answer, says how it stands, and is closed with the last connection', async () => {
    const { open, documents, done, facts } = chromium();
    const opening = [open(), open()];
    await settle();
    const answers: unknown[] = [];
    for (const document of documents) {
      document.onMessage((message) => answers.push(message));
      document.post({ kind: 'offer', sdp: 'v=0' });
    }
    const [one, two] = await Promise.all(opening);
    expect(one?.offer).toBe('v=0');
    one?.answer('our answer');
    documents[0]?.post({ kind: 'stack', connection: 'connected', dtls: 'connected', version: 'FEFC' });
    documents[0]?.post({ kind: 'stack', connection: 7 });
    await settle();
    expect(answers).toEqual(['our answer']);
    expect(facts).toMatchObject([{ kind: 'stack', connection: 'connected', version: 'FEFC', error: undefined }]);
    one?.close();
    one?.close();
    await settle();
    expect(done).not.toContain('close');
    two?.close();
    await settle();
    expect(done.at(-1)).toBe('close');
    expect(documents.map(({ open: isOpen }) => isOpen)).toEqual([false, false]);
  });

  it('may be there already, of a worker that was stopped', async () => {
    const { open, documents } = chromium('Only a single offscreen document may be created.');
    const opening = open();
    await settle();
    documents[0]?.post({ kind: 'offer', sdp: 'v=0' });
    expect((await opening).offer).toBe('v=0');
  });

  it.each([
    ['can not be made', 'no memory', () => {}, 'no memory'],
    [
      'has no WebRTC',
      undefined,
      (document: FakePort) => document.post({ kind: 'failed', why: 'disabled' }),
      'disabled',
    ],
    ['goes away', undefined, (document: FakePort) => document.breakOff(), 'its document is gone'],
  ] as const)('%s: that is said, and nothing is left open', async (_what, refuse, act, why) => {
    const { open, documents, done } = chromium(refuse);
    const failed = expect(open()).rejects.toThrow(why);
    await settle();
    for (const document of documents) act(document);
    await failed;
    await settle();
    expect(done).toEqual(['create', 'close']);
  });

  it('that says nothing is not waited for without end', async () => {
    const { open, timers } = chromium();
    const failed = expect(open()).rejects.toThrow('no offer in 10000 ms');
    await timers.pass(10_000);
    await failed;
  });
});
