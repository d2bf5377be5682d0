import { webcrypto } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { Carried } from '../../background/carried.ts';
import { HelperLink } from '../../background/helperLink.ts';
import { withoutSecrets } from '../../background/keeping.ts';
import { startRequest } from '../../background/start.ts';
import { BridgeError } from '../../src/bridge/panel.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { realClock, realHelper } from './fakes.ts';

const disposals: (() => void)[] = [];
afterEach(() => {
  for (const dispose of disposals.splice(0)) dispose();
});

function start(description: string | undefined, carried: Carried) {
  const { connect, dispose } = realHelper();
  disposals.push(dispose);
  return startRequest(
    { target: 'sdp:', options: { linger: 50 }, ...(description === undefined ? {} : { description }) },
    {
      helper: new HelperLink({ connect, clock: realClock, version: 'test' }),
      clock: realClock,
      wallClock: () => 1_700_000_000_000,
      crypto: nobleProvider,
      random: (length) => webcrypto.getRandomValues(new Uint8Array(length)),
      subtle: webcrypto.subtle as unknown as SubtleCrypto,
      fetch: () => Promise.reject(new Error('nothing is fetched')),
      ownStack: () => Promise.reject(new Error('no stack is asked for')),
      standIn: () => {
        throw new Error('there is no page');
      },
      tool: 'dtlscope test',
    },
    carried,
  );
}

describe('a run of sdp: in the extension', () => {
  it('meets another: an offer without one, an answer to a pasted one, each carried over by hand', async () => {
    const [offering, answering] = [new Carried(), new Carried()];
    const first = await start(undefined, offering);
    expect(offering.ours).toMatchObject({ type: 'offer', waits: true });
    const second = await start(offering.ours?.sdp, answering);
    expect(answering.ours).toMatchObject({ type: 'answer', waits: false });
    expect(answering.answer('v=0')).toBe(false);
    expect(offering.answer(answering.ours?.sdp ?? '')).toBe(true);
    expect(offering.answer('v=0')).toBe(false);
    await Promise.all([first.finished, second.finished]);
    for (const run of [first, second]) {
      const events: TraceEvent[] = [];
      run.subscribe((event) => events.push(event));
      expect(events.map(({ kind }) => kind)).toContain('connected');
      // Neither password is in what is kept.
      const pwd = /a=ice-pwd:(\S+)/.exec(offering.ours?.sdp ?? '')?.[1] ?? 'none';
      expect(JSON.stringify(events)).not.toContain(pwd);
    }
  });

  it('is refused with the reason when what was pasted is no offer', async () => {
    const error: unknown = await start('hello', new Carried()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BridgeError);
    expect((error as BridgeError).failure.problems).toEqual([
      { option: 'description', message: expect.stringContaining('This is not SDP') },
    ]);
  });

  it('ends its waiting with the run', async () => {
    const carried = new Carried();
    const run = await start(undefined, carried);
    run.stop();
    await run.finished;
    await expect(carried.wait(Promise.resolve())).resolves.toBeUndefined();
  });

  it('is kept without what was pasted', () => {
    expect(withoutSecrets({ target: 'sdp:', options: {}, description: 'a=ice-pwd:secret' })).toEqual({
      target: 'sdp:',
      options: {},
    });
  });
});
