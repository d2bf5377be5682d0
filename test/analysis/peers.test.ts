/** Which stack a side probably is, measured against captures of stacks that are known. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { guessPeers } from '../../src/analysis/peers.ts';
import { defaultConfig, type EndpointConfig } from '../../src/engine/index.ts';
import { type HelloShape, profileOf, type ShapedExtension } from '../../src/profiles/index.ts';
import type { Trace } from '../../src/trace/model.ts';
import { capturedHellos } from '../profiles/capturedHellos.ts';
import { configAs } from '../support/profileConfig.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';
import { captureTrace, onlyHandshake } from '../support/reading.ts';
import { captureAt, captureHeader, simulated } from '../support/traces.ts';

/** A capture of nothing but a ClientHello, in one datagram. */
const opening = (body: Uint8Array): Trace => {
  const bytes = rawRecord({ type: 22, body: rawFragment({ type: 1, seq: 0, body }) });
  const [src, dst] = ['192.0.2.1:5000', '192.0.2.2:4433'];
  const rest = { from: undefined, contents: undefined, length: bytes.length };
  return { header: captureHeader, events: [{ kind: 'datagram', at: 0, packet: 1, src, dst, bytes, ...rest }] };
};

const renegotiationInfo: ShapedExtension = {
  kind: 'renegotiation_info',
  body: { renegotiated_connection: new Uint8Array(0) },
};
const pointFormats: ShapedExtension = { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } };
const bare: Omit<HelloShape, 'extensions'> = {
  legacyVersion: 0xfefd,
  sessionIdLength: 0,
  compressionMethods: [0],
  supportedVersions: [],
  keyShares: [],
  order: 'fixed',
};

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

  it.each(capturedHellos)('is told by the ClientHello of $id', ({ id, file }) => {
    const guess = guessPeers(onlyHandshake(opening(readFileSync(file)))).client;
    expect(guess?.stacks).toEqual([profileOf(id)?.title]);
    expect(guess?.sure).toBe('probably');
  });

  it('is ours where it is a run of ours, and Chromium where we pass for it', () => {
    const clientOf = (config: EndpointConfig) =>
      guessPeers(onlyHandshake(captureAt(simulated({ client: config, rules: ['delay=20ms'] }), 'server', false)))
        .client;
    expect(clientOf(defaultConfig('client'))).toEqual({
      stacks: ['dtlscope'],
      sure: 'probably',
      reasons: [
        'the order of its extensions',
        'the list of its cipher suites',
        'the list of its groups',
        'the list of its signature algorithms',
        'its full datagrams have 1200 bytes',
      ],
    });
    expect(clientOf({ ...defaultConfig('client'), versions: ['1.2'] })?.stacks).toEqual(['dtlscope']);
    expect(clientOf(configAs('chromium-156', 'probe'))?.stacks).toEqual(['Chromium 156']);
    expect(clientOf(configAs('gnutls', 'probe'))?.stacks).toEqual(['GnuTLS']);
  });

  it.each([
    // As their sources put the extensions of WebRTC's offer; pion as version 3 does, which says more than the captured hello.
    [
      'pion',
      { sure: 'probably', reasons: ['the order of its extensions', 'the list of its groups'] },
      [
        'signature_algorithms',
        renegotiationInfo,
        { kind: 'unknown', code: 50, body: Uint8Array.of(0, 2, 4, 3) },
        'supported_groups',
        pointFormats,
        'use_srtp',
        'extended_master_secret',
      ],
    ],
    [
      'Mbed TLS 3',
      { sure: 'perhaps', reasons: ['the order of its extensions'] },
      [
        'supported_groups',
        'signature_algorithms',
        pointFormats,
        'extended_master_secret',
        'use_srtp',
        'session_ticket',
      ],
    ],
  ] as const)('is told by the order in which %s puts its extensions', (title, expected, extensions) => {
    const hello: HelloShape = { ...bare, extensions };
    const trace = captureAt(
      simulated({ client: { hello, sessionTicket: true }, rules: ['delay=20ms'] }),
      'server',
      false,
    );
    const guess = guessPeers(onlyHandshake(trace)).client;
    expect(guess).toMatchObject({ stacks: [title], ...expected });
  });

  it('stays open between those that share what was seen', () => {
    expect(guessIn('dtls13_nss_mutual_pq').client?.stacks).toEqual(['Firefox ESR 153', 'NSS']);
    expect(guessIn('chromium_janus_srtp').server).toEqual({
      stacks: ['Chromium 156', 'pion', 'dtlscope'],
      sure: 'perhaps',
      reasons: ['its certificate is called WebRTC'],
    });
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
