import { describe, expect, it } from 'vitest';
import {
  always,
  client12,
  client13,
  clientOpening,
  expected,
  type Machine,
  server12,
  server13,
  serverOpening,
} from '../../src/engine/index.ts';
import { type Connected, verifyFinished } from '../../src/engine/proofs.ts';

const machines: Readonly<Record<string, Machine>> = {
  clientOpening,
  serverOpening,
  client12,
  server12,
  client13,
  server13,
};
/** Where each is entered: the openings at their beginning, the others where an opening hands over. */
const entries: Readonly<Record<string, readonly string[]>> = {
  clientOpening: ['idle'],
  serverOpening: ['idle'],
  client12: ['awaitCertificate'],
  server12: ['awaitCertificate', 'awaitClientKeyExchange'],
  client13: ['awaitServerHelloAgain', 'awaitEncryptedExtensions'],
  server13: ['awaitClientHelloAgain', 'awaitCertificate', 'awaitFinished'],
};

describe.each(Object.entries(machines))('the table %s', (table, machine) => {
  it('reaches every state from where it is entered', () => {
    const reached = new Set([...(entries[table] ?? []), ...Object.values(always)]);
    for (const state of reached)
      for (const targets of Object.values(machine[state]?.on ?? {})) for (const target of targets) reached.add(target);
    expect([...reached].sort()).toEqual(Object.keys(machine).sort());
  });

  it('leads only to states that it has', () => {
    for (const row of Object.values(machine))
      for (const targets of Object.values(row.on)) for (const target of targets) expect(machine).toHaveProperty(target);
    for (const target of Object.values(always)) expect(machine).toHaveProperty(target);
  });

  it('leads to connected by a Finished and nothing else', () => {
    for (const [state, row] of Object.entries(machine))
      for (const [signal, targets] of Object.entries(row.on))
        if (targets.includes('connected') && state !== 'connected') expect(signal).toBe('finished');
  });

  it('says of every state what it is for', () => {
    for (const row of Object.values(machine)) expect(row.about.length).toBeGreaterThan(10);
  });
});

it('lists what a state waits for', () => {
  expect(expected(clientOpening, 'awaitServerHello')).toEqual(['hello_verify_request', 'server_hello']);
});

it('makes a proof of a Finished only from equal bytes', () => {
  expect(verifyFinished(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3))).toBeDefined();
  expect(verifyFinished(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 4))).toBeUndefined();
  expect(verifyFinished(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2))).toBeUndefined();
});

it('does not compile a connected state without its proofs', () => {
  const proof = verifyFinished(Uint8Array.of(1), Uint8Array.of(1));
  // The type checker runs over tests: were one of these accepted, `npm run check` would fail on the unused directive.
  // @ts-expect-error a Finished that nobody verified
  const unverified: Connected['finished'] = {};
  // @ts-expect-error a signature that nobody verified, of somebody nobody trusts
  const unsigned: Connected['peer'] = { signature: {}, trusted: {} };
  // @ts-expect-error a proof of one thing is none of another
  const mixed: Connected['peer'] = { anonymous: proof };
  expect([unverified, unsigned, mixed]).toHaveLength(3);
});
