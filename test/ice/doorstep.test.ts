import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { checkRequest, readBinding } from '../../src/ice/binding.ts';
import { Doorstep } from '../../src/ice/doorstep.ts';
import { checkIntegrity, shortTermKey } from '../../src/wire/stunIntegrity.ts';

const local = { ufrag: 'ours', pwd: 'ourpasswordourpassword' };
const from = '192.0.2.2:2000';
const on = '192.0.2.1:1000';

const checkOf = (over: { readonly pwd?: string; readonly role?: 'controlling' | 'controlled' } = {}): Uint8Array =>
  checkRequest(
    {
      transactionId: new Uint8Array(12).fill(7),
      local: { ufrag: 'them', pwd: 'theirpasswordtheirpass' },
      remote: { ...local, pwd: over.pwd ?? local.pwd },
      role: over.role ?? 'controlled',
      tieBreaker: new Uint8Array(8),
      priority: 1,
      useCandidate: false,
    },
    nodeProvider,
  );
const doorstep = (): Doorstep => new Doorstep(local, 'controlling', nodeProvider);

describe('a peer that is early', () => {
  it('[3] gets an answer to its check under our password, and is kept for the agent', () => {
    const door = doorstep();
    const answer = door.take(checkOf(), from, on);
    const read = answer && readBinding(answer);
    expect(read && 'class' in read && [read.class, read.id]).toEqual(['success', '07'.repeat(12)]);
    expect(answer && checkIntegrity(answer, shortTermKey(local.pwd), nodeProvider).verdict).toBe('good');
    expect(door.visitors()).toEqual([{ bytes: checkOf(), from, on, answered: true }]);
    expect(door.visitors()).toEqual([]);
  });

  it.each([
    ['a check under another password', checkOf({ pwd: 'anotherpasswordanother' })],
    ['a check that claims our role', checkOf({ role: 'controlling' })],
    ['DTLS', Uint8Array.of(22, 0xfe, 0xfd)],
    ['what is no STUN that can be read', Uint8Array.of(0, 1, 0, 0)],
  ])('[3] is left to the agent with %s', (_, bytes) => {
    const door = doorstep();
    expect(door.take(bytes, from, on)).toBeUndefined();
    expect(door.visitors()).toEqual([{ bytes, from, on, answered: false }]);
  });

  it('is kept within bounds, and answered all the same', () => {
    const door = doorstep();
    for (let i = 0; i < 200; i++) expect(door.take(checkOf(), from, on)).toBeDefined();
    expect(door.visitors()).toHaveLength(64);
  });
});
