/** Which stack a side probably is, measured against captures of stacks that are known. */
import { describe, expect, it } from 'vitest';
import { guessPeers } from '../../src/analysis/peers.ts';
import { captureTrace, onlyHandshake } from '../support/reading.ts';
import { simulated } from '../support/traces.ts';

const guessIn = (name: string) => guessPeers(onlyHandshake(captureTrace(name, 'with keys')));

describe('the stack of a side', () => {
  it.each([
    ['loss-small', 'OpenSSL 3.0', 'OpenSSL 3.0'],
    ['lossy_retransmit', 'OpenSSL 3.0', 'OpenSSL 3.0'],
    ['good_mutual_srtp', 'OpenSSL 3.0', undefined],
    // The client is Janus, which is built with OpenSSL and has a list of suites of its own.
    ['chromium_janus_srtp', 'OpenSSL 3.0', 'Chromium 156'],
    ['dtls10_rsa_cbc', undefined, undefined],
  ])('in %s is told, or not told', (name, client, server) => {
    const guess = guessIn(name);
    expect(guess.client?.stacks[0]).toBe(client);
    expect(guess.server?.stacks[0]).toBe(server);
    for (const side of [guess.client, guess.server]) expect(side?.reasons.length ?? 1).toBeGreaterThan(0);
  });

  it('is told with the reasons, the strongest first', () => {
    expect(guessIn('hole').client).toEqual({
      stacks: ['OpenSSL 3.0'],
      sure: 'probably',
      reasons: [
        'the order of its extensions',
        'the list of its cipher suites',
        'the list of its groups',
        'the list of its signature algorithms',
        'its first timer is 1015 ms',
      ],
    });
  });

  it('is never guessed of our own end', () => {
    expect(guessPeers(onlyHandshake(simulated({})))).toEqual({ client: undefined, server: undefined });
  });

  it('is what STUN says where nothing else tells', () => {
    const handshake = onlyHandshake(captureTrace('dtls10_rsa_cbc', 'with keys'));
    const guess = guessPeers({ ...handshake, software: { client: 'libjuice', server: undefined } });
    expect(guess.client).toEqual({
      stacks: ['libjuice'],
      sure: 'perhaps',
      reasons: ['its STUN messages say “libjuice”'],
    });
  });
});
