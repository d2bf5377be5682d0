/** Sweep and check across the end of the background's process. */
import { describe, expect, it } from 'vitest';
import { keepJobs, type StoredJob } from '../../background/jobs.ts';
import { Sweeps } from '../../background/sweeps.ts';
import { BridgeError, type JsonValue } from '../../src/bridge/panel.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';
import { noPages } from './fakes.ts';

/** A process of the background over what earlier ones have stored. */
function setUp(stored: Map<string, StoredJob>, broken = false) {
  const due: (() => void)[] = [];
  const complaints: string[] = [];
  const schedule = (_ms: number, wake: () => void) => {
    due.push(wake);
    return () => {};
  };
  const complain = (what: string): void => void complaints.push(what);
  const sweeps = new Sweeps({
    ...{ schedule, complain, crypto: nobleProvider, tool: 'dtlscope test', busy: () => () => {} },
    start: () => Promise.reject(new Error('nothing goes over a network here')),
    credentials: async () => [],
    keep: () => Promise.reject(new Error('nothing is kept here')),
  });
  const archive = {
    loadJobs: () => (broken ? Promise.reject(new Error('no disk')) : Promise.resolve([...stored.values()])),
    keepJob: async (job: StoredJob) => void stored.set(job.kind, structuredClone(job)),
  };
  const checks = { ...noPages.checks, restore: () => {} };
  const ready = keepJobs({ archive, sweeps, checks, schedule, complain });
  const until = async (holds: () => boolean): Promise<void> => {
    for (let turns = 0; !holds(); turns++) {
      if (turns > 500) throw new Error('it never came to that');
      for (const wake of due.splice(0)) wake();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { sweeps, ready, until, complaints };
}

const text = 'version: 1\ntarget: sim\nversions: ["1.2"]\ngroups: [x25519]\nsweep: { mtu: [300, 600, 1200] }\n';
function request() {
  const parsed = parseScenarioText(text);
  if (!parsed.ok) throw new Error(parsed.problems[0]?.what);
  const root = JSON.parse(JSON.stringify(parsed.root)) as JsonValue;
  return { text, root, file: 'test.yaml', secrets: {}, files: {} };
}

describe('a sweep', () => {
  it('that is done is there for the next process, whole', async () => {
    const stored = new Map<string, StoredJob>();
    const first = setUp(stored);
    await first.ready;
    first.sweeps.start(request());
    await first.until(() => first.sweeps.kept?.status.state === 'done');
    const next = setUp(stored);
    await next.ready;
    const { status, text: itsText, head, lines } = first.sweeps.kept ?? {};
    expect(lines).toHaveLength(3);
    expect(next.sweeps.kept).toMatchObject({ status, text: itsText, head, lines });
    // Numbers go on, so that a panel that was told of the earlier one is told all of the next.
    next.sweeps.start(request());
    expect(next.sweeps.kept?.status.number).toBe(2);
  });

  it('that went on when the process ended is stopped, with what it had, and says why it can not go on', async () => {
    const stored = new Map<string, StoredJob>();
    const first = setUp(stored);
    await first.ready;
    first.sweeps.start(request());
    await first.until(() => (stored.get('sweep') as { readonly lines?: readonly string[] })?.lines?.length === 1);
    const next = setUp(stored);
    await next.ready;
    expect(next.sweeps.kept?.status).not.toHaveProperty('at');
    expect(next.sweeps.kept).toMatchObject({ status: { state: 'stopped' }, lines: { length: 1 } });
    expect(() => next.sweeps.resume()).toThrow(BridgeError);
    await expect(next.sweeps.open(1, 1)).rejects.toThrow('No handshake of this cell was kept');
    next.sweeps.clear();
    const last = setUp(stored);
    await last.ready;
    expect(last.sweeps.kept).toBeUndefined();
  });

  it('that began before the store was read is not replaced by what was in it, and a store that fails is told of', async () => {
    const stored = new Map<string, StoredJob>();
    const first = setUp(stored);
    first.sweeps.start(request());
    await first.until(() => first.sweeps.kept?.status.state === 'done');
    const next = setUp(stored);
    next.sweeps.start({ ...request(), file: 'other.yaml' });
    await next.ready;
    expect(next.sweeps.kept?.head).toContain('other.yaml');
    const broken = setUp(stored, true);
    await broken.ready;
    expect(broken.complaints).toEqual(['sweep and check were not read back']);
    expect(broken.sweeps.kept).toBeUndefined();
  });
});
