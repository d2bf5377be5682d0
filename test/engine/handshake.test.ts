import { describe, expect, it } from 'vitest';
import { credential } from '../support/credentials.ts';
import { Pair } from '../support/pair.ts';

const ecdsa = await credential('ecdsa-p256');

describe('a handshake', () => {
  it('completes in four flights', () => {
    const pair = new Pair({ server: { credentials: [ecdsa] } }).run();
    expect(pair.agreed).toBe(true);
  });
});
