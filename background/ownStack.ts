/**
 * This browser's own WebRTC stack as a peer. Where the background is a document (Firefox) it is right here; a service worker
 * (Chromium) has none, and opens an offscreen document for as long as somebody needs it.
 */

import type { RandomSource } from '../src/base/random.ts';
import type { Port, Schedule } from '../src/bridge/port.ts';
import type { CryptoProvider } from '../src/crypto/provider.ts';
import {
  findSignalledPath,
  OfferedSignalling,
  type PathRunSpec,
  type Run,
  type SignalledSpec,
  startPathRun,
} from '../src/run/index.ts';
import { readPathFact, type SignallingFact } from '../src/trace/pathFacts.ts';
import { OwnStackEnd } from './ownStackEnd.ts';

export interface StackPeer {
  readonly offer: string;
  answer(sdp: string): void;
  close(): void;
}

/** Begins a connection; rejects with why there is none. `hear` takes what the stack says of itself. */
export type OpenOwnStack = (hear: (fact: SignallingFact) => void) => Promise<StackPeer>;

/** How long a document may take to make an offer. ms */
const patienceMs = 10_000;

/** The part of `chrome.offscreen` that is used. */
export interface OffscreenApi {
  createDocument(options: {
    readonly url: string;
    readonly reasons: readonly string[];
    readonly justification: string;
  }): Promise<void>;
  closeDocument(): Promise<void>;
}

/** In the document that the background is. */
export const openHere: OpenOwnStack = async (hear) => {
  const end = new OwnStackEnd(hear);
  return { offer: await end.offer(), answer: (sdp) => void end.answer(sdp), close: () => end.close() };
};

/** In an offscreen document, which is closed with the last connection in it. */
export function openOffscreen(api: OffscreenApi, connect: () => Port, schedule: Schedule): OpenOwnStack {
  let connections = 0;
  /** One after the other: there can be one document, and none while it is being closed. */
  let line: Promise<void> = Promise.resolve();
  const inLine = (work: () => Promise<void>): Promise<void> => {
    const done = line.then(work);
    line = done.catch(() => {});
    return done;
  };
  const release = (): void => {
    connections--;
    void inLine(async () => {
      if (connections === 0) await api.closeDocument();
    }).catch(() => {
      // It is gone already.
    });
  };
  return async (hear) => {
    connections++;
    try {
      await inLine(() => ensureDocument(api));
      return await connectTo(connect(), hear, release, schedule);
    } catch (error) {
      release();
      throw error;
    }
  };
}

async function ensureDocument(api: OffscreenApi): Promise<void> {
  try {
    await api.createDocument({
      url: 'offscreen.html',
      reasons: ['WEB_RTC'],
      justification: 'Shows what this browser’s own WebRTC stack sends and takes.',
    });
  } catch (error) {
    // The one from before, perhaps of a worker that was stopped.
    if (!/single offscreen/i.test(error instanceof Error ? error.message : '')) throw error;
  }
}

function connectTo(
  port: Port,
  hear: (fact: SignallingFact) => void,
  release: () => void,
  schedule: Schedule,
): Promise<StackPeer> {
  let released = false;
  const close = (): void => {
    if (released) return;
    released = true;
    port.disconnect();
    release();
  };
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      port.disconnect();
      reject(new Error(`this browser’s WebRTC stack is not to be had: ${why}`));
    };
    const cancel = schedule(patienceMs, () => fail(`it made no offer in ${patienceMs} ms`));
    port.onMessage((message) => {
      if (typeof message !== 'object' || message === null || !('kind' in message)) return;
      const said = message as Readonly<Record<string, unknown>>;
      if (said['kind'] === 'offer' && typeof said['sdp'] === 'string') {
        cancel();
        resolve({ offer: said['sdp'], answer: (sdp) => port.post(sdp), close });
      } else if (said['kind'] === 'failed') {
        cancel();
        fail(String(said['why']));
      } else {
        const read = readPathFact('signalling', said);
        if (read.ok) hear(read.fact);
      }
    });
    port.onDisconnect((why) => {
      cancel();
      fail(why ?? 'its document is gone');
    });
  });
}

/** A run against it: the browser offers and comes to us, as it would to a gateway. */
export async function startOwnStackRun(
  open: OpenOwnStack,
  spec: Omit<PathRunSpec, 'find'>,
  signalled: Pick<SignalledSpec, 'hosts' | 'setup' | 'preferred' | 'fingerprints' | 'config'> & {
    readonly crypto: CryptoProvider;
    readonly random: RandomSource;
  },
): Promise<Run> {
  let signalling: OfferedSignalling | undefined;
  const stack = await open((fact) => signalling?.fact(fact));
  const offered = new OfferedSignalling({
    offer: stack.offer,
    answered: (sdp) => stack.answer(sdp),
    closed: () => stack.close(),
  });
  signalling = offered;
  return startPathRun({
    ...spec,
    find: (search) =>
      findSignalledPath(
        {
          ...signalled,
          signalling: (tell) => offered.telling(tell),
          ...{ relay: undefined, lite: true, kinds: [] },
          // The browser finds the way to us; of its candidates nothing is needed.
          connect: () => Promise.resolve(undefined),
          resolve: () => Promise.resolve(undefined),
        },
        search,
      ),
  });
}
