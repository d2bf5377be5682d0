/** Dumps of chrome://webrtc-internals, and what they bring to a capture of the same call. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { joinCalls } from '../../src/analysis/calls.ts';
import { Prng } from '../../src/base/random.ts';
import { openFile } from '../../src/capture/open.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { Trace } from '../../src/trace/model.ts';
import { capture, dump, receiver, sender } from '../support/internalsDump.ts';
import { onlyHandshake } from '../support/reading.ts';

const callsIn = (bytes: Uint8Array) => {
  const opened = openFile(bytes);
  if (opened.kind !== 'internals') throw new Error(opened.kind);
  return opened.calls;
};
const joined = (bytes: Uint8Array): { trace: Trace; by: readonly string[] } => {
  const { trace, found } = joinCalls(capture, callsIn(bytes));
  return { trace, by: found.map(({ by }) => by) };
};

describe('a dump of webrtc-internals', () => {
  it('is known by its content, and holds descriptions without passwords', () => {
    const [call] = callsIn(dump());
    expect(call?.ufrags).toEqual([sender, receiver]);
    expect(JSON.stringify(call)).not.toContain('0123456789012345678901');
  });

  it('is joined to the capture of its call by user fragments, and its fingerprints are checked', () => {
    const { trace, by } = joined(dump());
    expect(by).toEqual(['user fragment']);
    const read = onlyHandshake(trace);
    expect(read.fingerprints.map(({ of, matches }) => [of, matches])).toEqual([
      ['server', true],
      ['client', true],
    ]);
    const facts = read.path.map(({ fact }) => fact.kind);
    for (const kind of ['description', 'roles', 'state', 'stack']) expect(facts).toContain(kind);
    expect(diagnose(read).outcome).toBe('established');
  });

  it('shows that a certificate is not the announced one', () => {
    const read = onlyHandshake(joined(dump({ wrong: true })).trace);
    expect(diagnose(read).outcome).toBe('fingerprint-mismatch');
  });

  it('of another call changes nothing', () => {
    const { trace, by } = joined(dump({ ours: 'aaaa', peers: 'bbbb', wrong: true }));
    expect(by).toEqual([]);
    expect(trace.events).toEqual(capture.events);
  });

  it('as Chromium 156 saves it has both descriptions, candidates, states with their times, and what the transport says', () => {
    const calls = callsIn(readFileSync(new URL('../fixtures/internals/chromium-156.json', import.meta.url)));
    for (const { ufrags } of calls) expect(ufrags).toEqual(['q3Pu', 'aDBX']);
    const [offerer, answerer] = calls.map(({ facts }) =>
      facts.map(({ at, event }) => {
        expect(at).toBeGreaterThan(1_795_295_036_000);
        const { fact } = event as { readonly fact?: Readonly<Record<string, unknown>> };
        if (event.kind === 'fingerprint') return `fingerprint of the ${event.of}`;
        return [fact?.['of'], fact?.['kind'], fact?.['type'] ?? fact?.['to'] ?? fact?.['client'] ?? fact?.['role']]
          .join(' ')
          .trim();
      }),
    );
    const of = (ours: 'offer' | 'answer') => [
      ...(ours === 'offer'
        ? ['ours description offer', 'peers description answer']
        : ['peers description offer', 'ours description answer']),
      ...Array.from({ length: 2 }, () => 'ours candidate host'),
      ...Array.from({ length: 2 }, () => 'peers candidate host'),
    ];
    expect(offerer?.slice().sort()).toEqual(
      [
        ...of('offer'),
        'state checking',
        'state connected',
        'stack server',
        'roles answer',
        'fingerprint of the server',
        'fingerprint of the client',
      ].sort(),
    );
    expect(answerer).toContain('stack client');
  });

  it('that is cut, or noise, never throws and says so', () => {
    const bytes = dump();
    const random = new Prng(9);
    for (let i = 0; i < 300; i++) {
      const cut = bytes.slice(0, random.int(bytes.length));
      if (i % 2) cut[random.int(cut.length || 1)] = random.int(256);
      const opened = openFile(cut);
      if (opened.kind === 'internals' && opened.calls.length === 0) expect(opened.problems.length).toBeGreaterThan(0);
    }
  });
});
