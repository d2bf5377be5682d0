import { describe, expect, it } from 'vitest';
import { certificateViews } from '../../panel/layout/certificates.ts';
import { type Parameters, parametersView } from '../../panel/layout/parameters.ts';
import { type Kind, type Strip, stateStrips, stepsOf, wayThrough } from '../../panel/layout/stateStrip.ts';
import { applyPreset, clearOptions, emptyForm, setField } from '../../panel/state/form.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { toHex } from '../../src/base/bytes.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { pemBlocks } from '../../src/x509/pem.ts';
import { captureTrace, onlyHandshake } from '../support/reading.ts';
import { simulated } from '../support/traces.ts';

const captured = (name: string): Handshake => onlyHandshake(captureTrace(name, 'with keys'));
const strip = (handshake: Handshake, side: Strip['side'], over = true): Strip => {
  const found = stateStrips(handshake, over).find((one) => one.side === side);
  if (!found) throw new Error(`no strip of the ${side}`);
  return found;
};
const at = (found: Strip, state: string): string[] =>
  found.rungs.filter((rung) => rung.state === state).map(({ name }) => name);

describe('the state strip', () => {
  it('has for rungs what the engine’s tables wait for, in order, the ones that not every handshake has as such', () => {
    const words = (side: 'client' | 'server', version: '1.2' | '1.3', kind: Kind = {}): string =>
      stepsOf(side, version, kind)
        .map(({ signal, optional }) => (optional ? `[${signal}]` : signal))
        .join(' ');
    expect(words('client', '1.2')).toBe(
      '[hello_verify_request] server_hello certificate server_key_exchange [certificate_request] server_hello_done ' +
        '[new_session_ticket] change_cipher_spec finished',
    );
    expect(words('server', '1.2')).toBe(
      'client_hello [certificate] client_key_exchange [certificate_verify] change_cipher_spec finished',
    );
    expect(words('client', '1.3')).toBe(
      '[hello_verify_request] server_hello encrypted_extensions [certificate_request] certificate certificate_verify finished',
    );
    expect(words('client', '1.2', { rsa: true })).toContain(' certificate [server_key_exchange] ');
    expect(words('client', '1.2', { resumed: true })).toBe(
      '[hello_verify_request] server_hello [certificate] [server_key_exchange] [certificate_request] [server_hello_done] ' +
        '[new_session_ticket] change_cipher_spec finished',
    );
    expect(words('server', '1.2', { resumed: true })).toBe(
      'client_hello [certificate] [client_key_exchange] [certificate_verify] change_cipher_spec finished',
    );
    expect(words('client', '1.3', { resumed: true })).toContain('[certificate] [certificate_verify] finished');
    expect(words('server', '1.3')).toBe('client_hello [certificate] [certificate_verify] finished');
  });

  it('finds the way through any table', () => {
    const about = '';
    const way = wayThrough({
      idle: { about, on: { start: ['one'] } },
      one: { about, on: { server_hello: ['two', 'three'], key_update: ['one'] } },
      two: { about, on: { certificate: ['three'] } },
      three: { about, on: { finished: ['connected'] } },
      connected: { about, on: { new_session_ticket: ['connected'] } },
      closed: { about, on: {} },
    });
    expect(way.map(({ signal, optional }) => [signal, optional])).toEqual([
      ['key_update', true],
      ['server_hello', false],
      ['certificate', true],
      ['finished', false],
    ]);
  });

  it('shows a recovered loss as reached on both sides, with the resends as facts', () => {
    const handshake = captured('loss-small');
    for (const side of ['client', 'server'] as const) {
      const found = strip(handshake, side);
      expect(found.rungs.every(({ state }) => state === 'reached')).toBe(true);
      expect(found.facts).toContain('resent 1 flight');
      expect(found.derived).toBe(true);
    }
  });

  it('names the one thing that is missing where a handshake stopped', () => {
    const handshake = captured('hole');
    expect(at(strip(handshake, 'client'), 'stopped')).toEqual(['server_hello']);
    expect(at(strip(handshake, 'client', false), 'waiting')).toEqual(['server_hello']);
    expect(at(strip(handshake, 'client'), 'ahead')).toContain('connected');
    expect(strip(handshake, 'client').facts).toContain('resent 3 flights');
    // The server asked for a cookie and fell silent: nothing is missing that it was seen to wait for.
    expect(at(strip(handshake, 'server'), 'stopped')).toEqual([]);
    expect(strip(handshake, 'server').facts).toContain('not seen to answer');
  });

  it('takes a message for missing of which bytes never came, and what came behind it for not reached', () => {
    const client = strip(captured('pmtu_blackhole'), 'client');
    expect(at(client, 'reached')).toEqual(['hello_verify_request', 'server_hello']);
    expect(at(client, 'stopped')).toEqual(['certificate']);
    expect(at(client, 'ahead')).toEqual(
      expect.arrayContaining(['server_key_exchange', 'server_hello_done', 'finished']),
    );
  });

  it('takes a message for missing that never came at all, others behind it', () => {
    const whole = captured('good_mutual_srtp');
    const without = (handshake: Handshake): Handshake => ({
      ...handshake,
      messages: handshake.messages.filter(({ name }) => name !== 'certificate'),
    });
    const stopped = { ...whole, establishedAt: undefined, flights: whole.flights.filter(({ number }) => number < 5) };
    const client = strip(without(stopped), 'client');
    expect(at(client, 'stopped')).toEqual(['certificate']);
    // The client went on: it had what the capture missed.
    expect(at(strip(without(whole), 'client'), 'stopped')).toEqual([]);
  });

  it('takes the states of our own ends from what they told', () => {
    const handshake = onlyHandshake(simulated({ seed: 2 }));
    for (const side of ['client', 'server'] as const) {
      const found = strip(handshake, side);
      expect(found.derived).toBe(false);
      expect(at(found, 'reached').at(-1)).toBe('connected');
      expect(at(found, 'ahead')).toEqual([]);
    }
  });

  it('of a side that heard nothing says so', () => {
    const handshake = onlyHandshake(simulated({ rules: ['out:loss=100%'], timeoutMs: 20_000 }));
    const server = strip(handshake, 'server');
    expect(server.facts).toContain('never heard the client');
  });
});

describe('offer against accept', () => {
  const view = (handshake: Handshake): Parameters => {
    const found = parametersView(handshake);
    if (!found) throw new Error('no ClientHello');
    return found;
  };
  const topic = ({ topics }: Parameters, title: string) => {
    const found = topics.find((one) => one.title.startsWith(title));
    if (!found) throw new Error(`no ${title}`);
    return found;
  };

  it('marks what was chosen, in the order of the offer, with name and number', () => {
    const { offer, accept } = topic(view(captured('good_mutual_srtp')), 'SRTP');
    expect(offer).toEqual([
      { text: 'SRTP_AEAD_AES_128_GCM', code: '0x0007', mark: undefined },
      { text: 'SRTP_AES128_CM_HMAC_SHA1_80', code: '0x0001', mark: 'chosen' },
    ]);
    expect(accept.map(({ text, mark }) => [text, mark])).toEqual([['SRTP_AES128_CM_HMAC_SHA1_80', 'chosen']]);
  });

  it('takes the signalling suite for an offer of renegotiation_info (RFC 5746)', () => {
    const found = view(captured('good_mutual_srtp'));
    expect(topic(found, 'Extensions').accept.every(({ mark }) => mark === undefined)).toBe(true);
    expect(topic(found, 'Secure renegotiation').offer[0]?.code).toBe('0x00ff');
    expect(found.missed).toEqual([]);
  });

  it('names the suites that did not meet', () => {
    const handshake = onlyHandshake(
      simulated({ client: { cipherSuites: [0xc02b] }, server: { cipherSuites: [0xcca9] }, timeoutMs: 20_000 }),
    );
    const { missed } = view(handshake);
    expect(missed.join(' ')).toContain('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256');
    expect(missed.join(' ')).toContain('TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256');
  });

  it('says when SRTP was offered and not taken', () => {
    const handshake = onlyHandshake(simulated({ server: { srtpProfiles: [] }, timeoutMs: 20_000 }));
    expect(view(handshake).missed.join(' ')).toContain('without use_srtp there are no media keys');
  });

  it('shows the offer of a handshake that was never answered', () => {
    const found = view(captured('hole'));
    expect(topic(found, 'Cipher suites').offer.length).toBeGreaterThan(3);
    expect(topic(found, 'Cipher suites').accept).toEqual([]);
    expect(topic(found, 'Cipher suites').noAccept).toBe('no ServerHello was seen');
    expect(topic(found, 'Cookie').offer[0]?.mark).toBe('chosen');
  });
});

describe('certificates', () => {
  const views = (handshake: Handshake, startedAt?: number) => certificateViews(handshake, nobleProvider, startedAt);

  it('tells which link of a chain holds, and which issuer is not there', () => {
    const [good] = views(captured('bigchain_mtu300'));
    expect(good?.certificates.map(({ link }) => link.tone)).toEqual(['good', 'good', 'good']);
    const [broken] = views(captured('bigchain_unsplit'));
    expect(broken?.certificates[1]?.link.text).toBe('its issuer is not in the chain');
  });

  it('tells what the chain costs of its flight', () => {
    expect(views(captured('bigchain_mtu300'))[0]?.cost).toBe(
      '3746 B in the certificate message, 81 % of flight 4 (4603 B in 17 datagrams)',
    );
    expect(views(captured('pmtu_blackhole'))[0]?.cost).toBe(
      '3746 B in the certificate message; of flight 4 only 762 B were seen',
    );
  });

  it('takes dates for information: of the time of the handshake, not of the reading', () => {
    const [, client] = views(captured('expired_client_cert'), Date.UTC(2026, 10, 21));
    expect(client?.certificates[0]?.dates).toContain('WebRTC trusts the fingerprint, not the dates');
    const [, then] = views(captured('expired_client_cert'), Date.UTC(2023, 5, 1));
    expect(then?.certificates[0]?.dates).toBeUndefined();
  });

  it('copies as PEM what came over the wire, and fingerprints as SDP has them', () => {
    const handshake = captured('good_ecdhe_rsa');
    const [server, client] = views(handshake);
    const leaf = handshake.certificates.server[0];
    expect(pemBlocks(server?.pem ?? '').blocks.map(({ der }) => toHex(der))).toEqual([leaf && toHex(leaf.der)]);
    const [sha256, sha384, sha512, sha1] = server?.certificates[0]?.fingerprints ?? [];
    expect(sha256?.replace('sha-256 ', '').replaceAll(':', '').toLowerCase()).toBe(leaf?.sha256);
    expect([sha384, sha512, sha1].map((text) => text?.split(' ')[0])).toEqual(['sha-384', 'sha-512', 'sha-1']);
    expect(client?.absent).toBe('The server did not ask for the client’s certificate.');
  });

  it('compares with the fingerprint that was announced', () => {
    const server = bundledTestCredential('ecdsa-p256-b').chain[0];
    if (!server) throw new Error('no certificate');
    const value = nobleProvider.hash('sha256', server);
    const trace = simulated({ seed: 3 });
    for (const [announced, matches] of [
      [value, true],
      [value.map((byte) => byte ^ 1), false],
    ] as const) {
      const events = [
        { kind: 'fingerprint', at: 0, of: 'server', hash: 'sha256', value: announced } as const,
        ...trace.events,
      ];
      const [view] = views(onlyHandshake({ header: trace.header, events }));
      expect(view?.expected.map((one) => one.matches)).toEqual([matches]);
      expect(view?.expected[0]?.text).toMatch(/^sha-256 [0-9A-F]{2}:/);
    }
  });
});

describe('a preset', () => {
  it('says what it changed, in the words of the command line', () => {
    const { filled } = applyPreset(setField(emptyForm(), 'link', 'loss=5%'), 'rsa-4096-mtu-300');
    expect(filled?.title).toBe('RSA-4096 at MTU 300');
    expect(filled?.changes).toEqual([
      { flag: '--cert-gen', from: 'not set', to: 'rsa-4096' },
      { flag: '--mtu', from: '1200', to: '300' },
      { flag: '--link', from: 'loss=5%', to: 'not set' },
    ]);
  });

  it('counts lists that are too long to be read in passing', () => {
    const suites = applyPreset(emptyForm(), 'browser-2016').filled?.changes.find(({ flag }) => flag === '--suites');
    expect(suites).toEqual({ flag: '--suites', from: '9 values', to: '4 values' });
  });

  it('that changes nothing says that, and its word goes with the next change', () => {
    const once = applyPreset(emptyForm(), 'loss-30');
    const twice = applyPreset(once, 'loss-30');
    expect(twice.filled?.changes).toEqual([]);
    expect(setField(twice, 'mtu', '700').filled).toBeUndefined();
    expect(clearOptions(once).filled?.changes).toEqual([{ flag: '--link', from: 'loss=30%', to: 'not set' }]);
  });
});
