import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { type Instant, instant } from '../../src/base/time.ts';
import { decode, encode } from '../../src/codec/codec.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { createEndpoint, type EndpointConfig, type Failure } from '../../src/engine/index.ts';
import type { GivenOptions } from '../../src/scenario/index.ts';
import { type ClientExtension, extensionCode } from '../../src/wire/extensions.ts';
import {
  type ClientHello,
  clientHello,
  helloRetryRandom,
  helloRetryRequest,
  helloVerifyRequest,
  serverHello,
} from '../../src/wire/handshake.ts';
import { configAs } from '../support/profileConfig.ts';
import { capturedHellos } from './capturedHellos.ts';

const peer = '192.0.2.1:4433';

/** What of the settings a client needs that nobody answers. */
const clientAs = (id: string, given: GivenOptions = {}): EndpointConfig => configAs(id, 'probe', [], given);

interface Sent {
  readonly at: Instant;
  readonly bytes: Uint8Array;
}

/** A client that nobody answers, for as long as told; its datagrams with their times. */
class Silence {
  readonly sent: Sent[] = [];
  readonly failures: Failure[] = [];
  readonly #endpoint: ReturnType<typeof createEndpoint>;
  #wait: Instant | undefined;

  constructor(config: EndpointConfig, seed = 1) {
    this.#endpoint = createEndpoint(config, { crypto: nodeProvider, random: new Prng(seed).bytes, peer });
    this.#feed({ kind: 'start' }, instant(0));
  }

  until(end: number): this {
    while (this.#wait !== undefined && this.#wait <= end) this.#feed({ kind: 'timeout' }, this.#wait);
    return this;
  }

  receive(bytes: Uint8Array, at: number): void {
    this.#feed({ kind: 'datagram', bytes, from: peer }, instant(at));
  }

  #feed(input: Parameters<ReturnType<typeof createEndpoint>['handle']>[0], at: Instant): void {
    this.#endpoint.handle(input, at);
    for (;;) {
      const output = this.#endpoint.poll();
      if (output.kind === 'transmit') this.sent.push({ at, bytes: output.bytes });
      if (output.kind === 'event' && output.event.kind === 'failed') this.failures.push(output.event.failure);
      if (output.kind === 'wait') {
        this.#wait = output.until;
        return;
      }
    }
  }
}

const number = (bytes: Uint8Array, at: number, length: number): number =>
  bytes.subarray(at, at + length).reduce((sum, byte) => sum * 256 + byte, 0);

/** A plaintext datagram of one handshake fragment, read by hand: RFC 6347 §4.1 and §4.2.2. */
const fragmentIn = ({ bytes }: Sent) => ({
  type: bytes[0],
  version: number(bytes, 1, 2),
  record: number(bytes, 5, 6),
  seq: number(bytes, 17, 2),
  offset: number(bytes, 19, 3),
  length: number(bytes, 22, 3),
  total: number(bytes, 14, 3),
  body: bytes.subarray(25),
});

/** The first ClientHello among datagrams, put together. */
function helloIn(sent: readonly Sent[], seq = 0): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const one of sent) {
    const fragment = fragmentIn(one);
    if (fragment.seq !== seq) continue;
    parts.push(fragment.body);
    if (fragment.offset + fragment.length === fragment.total) break;
  }
  return concat(...parts);
}

/** A hello without what differs each time: random, key shares, and the order of extensions where the stack shuffles them. */
function withoutChance(bytes: Uint8Array, shuffled: boolean): string {
  const hello: ClientHello = decode(clientHello, bytes);
  const extensions = (hello.extensions ?? []).map(
    (extension): ClientExtension =>
      extension.kind === 'key_share'
        ? {
            kind: 'key_share',
            body: {
              client_shares: extension.body.client_shares.map(({ group, key_exchange }) => ({
                group,
                key_exchange: new Uint8Array(key_exchange.length),
              })),
            },
          }
        : extension,
  );
  if (shuffled) extensions.sort((a, b) => extensionCode('client_hello', a) - extensionCode('client_hello', b));
  return toHex(encode(clientHello, { ...hello, random: new Uint8Array(32), extensions }));
}
const kindsOf = (bytes: Uint8Array): string =>
  (decode(clientHello, bytes).extensions ?? []).map(({ kind }) => kind).join(' ');

const srtpNames = (codes: readonly number[]): readonly string[] =>
  codes.length === 0 ? [] : [codes.map((code) => `0x${code.toString(16).padStart(4, '0')}`).join(',')];

describe.each(capturedHellos)('our ClientHello as $id', ({ id, file, srtp, alpn, length }) => {
  const config = clientAs(id, {
    ...(srtp.length > 0 && { srtp: srtpNames(srtp) }),
    ...(alpn.length > 0 && { alpn: [alpn.join(',')] }),
  });

  it('differs from the captured one in random bytes, key shares and shuffled order alone', () => {
    const ours = helloIn(new Silence(config).sent);
    expect(ours).toHaveLength(length);
    const shuffled = config.hello?.order === 'shuffled';
    expect(withoutChance(ours, shuffled)).toBe(withoutChance(new Uint8Array(readFileSync(file)), shuffled));
  });

  it('goes out in records as old as every server reads', () => {
    for (const one of new Silence(config).sent) expect(fragmentIn(one)).toMatchObject({ type: 22, version: 0xfeff });
  });

  it('has random bytes and key shares of its own each time', () => {
    const [a, b] = [1, 2].map((seed) => helloIn(new Silence(config, seed).sent));
    expect(a).not.toEqual(b);
  });
});

describe('our ClientHello as chromium-156', () => {
  it('has its extensions in another order for another association, and in the same one after a HelloVerifyRequest', () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const run = new Silence(clientAs('chromium-156'), seed);
      const first = helloIn(run.sent);
      const body = encode(helloVerifyRequest, { server_version: 0xfeff, cookie: new Uint8Array(20).fill(7) });
      run.receive(plaintext(3, body), 10);
      const second = helloIn(run.sent, 1);
      expect(second).toHaveLength(1433);
      expect(kindsOf(second)).toBe(kindsOf(first));
      orders.add(kindsOf(first));
    }
    expect(orders.size).toBeGreaterThan(15);
  });

  it('without DTLS 1.3 has nothing of it, and fits one datagram', () => {
    const { sent } = new Silence(clientAs('chromium-156', { versions: ['1.2'] }));
    expect(sent).toHaveLength(1);
    const hello = decode(clientHello, helloIn(sent));
    expect(hello.cipher_suites.some((suite) => suite >> 8 === 0x13)).toBe(false);
    expect(hello.cipher_suites).toHaveLength(11);
    for (const kind of ['supported_versions', 'key_share', 'psk_key_exchange_modes'])
      expect(kindsOf(sent[0] ? helloIn(sent) : new Uint8Array())).not.toContain(kind);
  });
});

/** A handshake message of a server in a record of epoch 0, all in one. */
function plaintext(type: number, body: Uint8Array): Uint8Array {
  const record = [22, 0xfe, 0xfd, ...new Array<number>(8).fill(0), 0, body.length + 12];
  const message = [type, 0, 0, body.length, 0, 0, 0, 0, 0, 0, 0, body.length];
  return Uint8Array.of(...record, ...message, ...body);
}

describe('what is offered for shape alone', () => {
  const common = { server_version: 0xfefd, session_id: new Uint8Array(0), compression_method: 0 };

  it('ends the run as unsupported when the server asks for a share of an FFDHE group', () => {
    const run = new Silence(clientAs('firefox-153'));
    const retry = encode(helloRetryRequest, {
      ...common,
      random: helloRetryRandom,
      cipher_suite: 0x1301,
      extensions: [
        { kind: 'supported_versions', body: { selected_version: 0xfefc } },
        { kind: 'key_share', body: { selected_group: 0x0100 } },
      ],
    });
    run.receive(plaintext(2, retry), 10);
    expect(run.failures).toEqual([{ fault: 'local', code: 'unsupported', what: 'group ffdhe2048' }]);
  });

  it.each([
    ['chromium-156', 0xc013, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'],
    ['chromium-156', 0x0035, 'TLS_RSA_WITH_AES_256_CBC_SHA'],
    ['openssl-3.0', 0x009f, 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384'],
    ['gnutls', 0xc0ad, 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM'],
  ])('ends the run of %s as unsupported when the server picks suite %s', (id, cipher_suite, name) => {
    const run = new Silence(clientAs(id));
    const answer = encode(serverHello, { ...common, random: new Uint8Array(32).fill(9), cipher_suite, extensions: [] });
    run.receive(plaintext(2, answer), 10);
    expect(run.failures).toHaveLength(1);
    expect(run.failures[0]).toMatchObject({ fault: 'local', code: 'unsupported', what: expect.stringContaining(name) });
  });
});

/** A sending as its datagrams: `1200 [0,1175) 263 [1175,1413)`, and the time since the sending before it. */
function sendings(sent: readonly Sent[]): { readonly after: number; readonly datagrams: string }[] {
  const times = [...new Set(sent.map(({ at }) => at))];
  return times.map((at, index) => ({
    after: at - (times[index - 1] ?? 0),
    datagrams: sent
      .filter((one) => one.at === at)
      .map((one) => {
        const { offset, length } = fragmentIn(one);
        return `${one.bytes.length} [${offset},${offset + length})`;
      })
      .join(' '),
  }));
}

describe('our retransmissions into silence', () => {
  it('as chromium-156 are the same fragments at doubling times from 50 ms, under new record numbers', () => {
    const { sent } = new Silence(clientAs('chromium-156')).until(45_000);
    const all = sendings(sent);
    expect(new Set(all.map(({ datagrams }) => datagrams))).toEqual(new Set(['1200 [0,1175) 263 [1175,1413)']));
    expect(all.map(({ after }) => after)).toEqual([0, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800]);
    const records = sent.map((one) => fragmentIn(one).record);
    expect(records).toEqual(records.map((_, index) => index));
  });

  it('as firefox-153 go in smaller datagrams from the third, and wait no longer than 10 s', () => {
    const { sent } = new Silence(clientAs('firefox-153')).until(40_000);
    const all = sendings(sent);
    expect(all.map(({ after }) => after)).toEqual([0, 50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(all.slice(0, 3).map(({ datagrams }) => datagrams)).toEqual(
      new Array(3).fill('1408 [0,1383) 103 [1383,1461)'),
    );
    for (const { datagrams } of all.slice(3)) expect(datagrams).toBe('1188 [0,1163) 323 [1163,1461)');
  });

  it('as openssl-3.0 are the whole hello after 1, 2, 4, 8 s', () => {
    const { sent } = new Silence(clientAs('openssl-3.0', { mtu: ['1472'] })).until(16_000);
    expect(sendings(sent).map(({ after }) => after)).toEqual([0, 1000, 2000, 4000, 8000]);
  });
});
