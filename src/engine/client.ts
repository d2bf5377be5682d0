/**
 * A client until it knows the version: the ClientHello, cookies of DTLS 1.2, and the ServerHello by which the server chooses
 * (RFC 6347 §4.2.1, RFC 8446 §4.1.3, §4.2.1). From there the client of that version goes on.
 */
import { emptyBytes, equal } from '../base/bytes.ts';
import { decode } from '../codec/codec.ts';
import { findExtension } from '../wire/extensions.ts';
import {
  downgradeSentinel,
  type HelloRetryRequest,
  helloVerifyRequest,
  isHelloRetryRequest,
  type ServerHello,
  serverHelloOrRetry,
} from '../wire/handshake.ts';
import { type Version, versionNumber, versionOf } from '../wire/registry.ts';
import type { OldVersion, Session12, SessionTicket, SessionTicket13 } from './api.ts';
import type { Association, Handshake } from './association.ts';
import { continueClient12 } from './client12.ts';
import { continueClient13, retryClient13 } from './client13.ts';
import { mayRun } from './config.ts';
import { draftHello, type HelloAnswers, type SentHello, sendHello, shareGroups } from './hello.ts';
import { Course, go, type Handlers, type Refusal, refuse } from './machine.ts';
import { checkResumption } from './proofs.ts';
import { Relay } from './relay.ts';
import { illegal } from './session.ts';
import { clientOpening } from './states.ts';

interface Knowledge {
  readonly idle: undefined;
  readonly awaitServerHello: SentHello;
  readonly dtls12: Handshake;
  readonly dtls13: Handshake;
  readonly closed: undefined;
  readonly failed: undefined;
}

/** Cookies that a client follows before it takes the server for broken, and HelloVerifyRequests for noise. */
const mostCookies = 8;

export function startClient(house: Association): Handshake {
  const { config } = house;
  const { crypto, random } = house.env;

  const steps: Handlers<typeof clientOpening, Knowledge> = {
    idle: {
      start() {
        const draft = draftHello(config, house.env, usable12(house));
        const shares = new Map(
          shareGroups(config, draft, crypto).map((group) => [group, crypto.generate(group, random)] as const),
        );
        const answers: HelloAnswers = {
          legacyCookie: emptyBytes,
          cookie: undefined,
          shares: [...shares].map(([group, { share }]) => ({ group, key_exchange: share })),
        };
        return go(
          'awaitServerHello',
          sendHello(house, { draft, answers, seq: 0, flights: 1, shares, tickets: usable(house) }),
        );
      },
    },

    awaitServerHello: {
      hello_verify_request(known, message) {
        const { cookie } = decode(helloVerifyRequest, message.body);
        // DTLS 1.3 has no such message (RFC 9147 §5.1): whoever sends it does not speak 1.3.
        if (config.versions.every((version) => version === '1.3'))
          return refuse({
            fault: 'mismatch',
            code: 'version',
            offered: [versionNumber['1.3']],
            supported: [versionNumber['1.2']],
          });
        // The version in it means nothing (RFC 6347 §4.2.1). The same cookie again answers a copy of our first hello; a
        // new one is followed, from the same parameters, so that a server which lost its secret is not lost for us.
        if (equal(cookie, known.hello.cookie) || known.seq >= mostCookies) {
          house.drop('repeated-message', undefined, 'hello_verify_request');
          return go('awaitServerHello', known);
        }
        const answers = { ...known.answers, legacyCookie: cookie };
        return go(
          'awaitServerHello',
          sendHello(house, { ...known, answers, seq: known.seq + 1, flights: known.flights + 2 }),
        );
      },

      server_hello(known, message) {
        const answer = decode(serverHelloOrRetry, message.body);
        const selected = selectedVersion(answer);
        if (isHelloRetryRequest(answer) || selected !== undefined) {
          const fault = wrongVersion(known, selected);
          if (fault) return fault;
          // RFC 9147 §5.1: a server that asked for a cookie as one of DTLS 1.2 can't have meant 1.3.
          if (known.hello.cookie.length > 0) return illegal('server_hello', 'DTLS 1.3 after a HelloVerifyRequest');
          const next = isHelloRetryRequest(answer)
            ? retryClient13(house, known, message, answer)
            : continueClient13(house, known, undefined, message, answer);
          return 'refused' in next ? next : go('dtls13', next);
        }
        const version = olderVersion(known, answer);
        if (typeof version !== 'string') return version;
        const fault = downgraded(version, answer);
        if (fault) return fault;
        const next = continueClient12(house, known, message, answer, version);
        return 'refused' in next ? next : go('dtls12', next);
      },
    },
    dtls12: {},
    dtls13: {},
    closed: {},
    failed: {},
  };

  /** A version by the extension must be one that it offered, and newer than 1.2 (RFC 8446 §4.2.1). */
  function wrongVersion({ hello }: SentHello, selected: number | undefined): Refusal | undefined {
    const offered = findExtension(hello.extensions, 'supported_versions')?.versions;
    if (!offered) return refuse({ fault: 'peer', code: 'unsupported-extension', extension: 43 });
    if (selected === versionNumber['1.3'] && offered.includes(selected)) return undefined;
    if (selected !== undefined && offered.includes(selected) && versionOf(selected) === undefined)
      return refuse({ fault: 'local', code: 'unsupported', what: `version 0x${selected.toString(16)}` });
    return illegal('server_hello', `supported_versions selects 0x${(selected ?? 0).toString(16)}`);
  }

  /** The version of a ServerHello that does not speak 1.3. */
  function olderVersion({ hello }: SentHello, answer: ServerHello): OldVersion | Refusal {
    const version = versionOf(answer.server_version);
    if (version !== undefined && version !== '1.3' && config.versions.includes(version)) return version;
    const offered = findExtension(hello.extensions, 'supported_versions')?.versions ?? [hello.client_version];
    return refuse({ fault: 'mismatch', code: 'version', offered, supported: [answer.server_version] });
  }

  /** RFC 8446 §4.1.3: a server that speaks a newer version, and was made to believe that we do not. */
  function downgraded(version: OldVersion, { random: bytes }: ServerHello): Refusal | undefined {
    const end = bytes.subarray(24);
    const says = (lost: Version): Refusal =>
      illegal('server_hello', `its random says that DTLS ${lost} was offered and lost on the way`);
    const from12 = equal(end, downgradeSentinel['1.0']);
    if (config.versions.includes('1.3') && (from12 || equal(end, downgradeSentinel['1.2']))) return says('1.3');
    return version === '1.0' && config.versions.includes('1.2') && from12 ? says('1.2') : undefined;
  }

  return new Relay(new Course(clientOpening, steps, go('idle', undefined)), ['dtls12', 'dtls13']);
}

const selectedVersion = (answer: ServerHello | HelloRetryRequest): number | undefined =>
  (isHelloRetryRequest(answer)
    ? findExtension(answer.extensions, 'supported_versions')
    : findExtension(answer.extensions, 'supported_versions')
  )?.selected_version;

/** What may be offered now: not too old (RFC 8446 §4.6.1), not weak, of a server that is still trusted. */
const mayResume = (
  { config, env, now }: Association,
  { version, cipherSuite, lifetimeSeconds, receivedAt, peerLeaf }: SessionTicket,
): boolean =>
  config.versions.includes(version) &&
  config.cipherSuites.includes(cipherSuite) &&
  mayRun(config, cipherSuite, version) &&
  now - receivedAt <= lifetimeSeconds * 1000 &&
  checkResumption(config, env.crypto.hash('sha256', peerLeaf)) !== undefined;

const usable = (house: Association): readonly SessionTicket13[] =>
  (house.config.resume ?? []).filter((one) => one.version === '1.3').filter((one) => mayResume(house, one));

/** The first session of an older version; a secret without extended master secret is not one where that is required. */
const usable12 = (house: Association): Session12 | undefined =>
  (house.config.resume ?? [])
    .filter((one) => one.version !== '1.3')
    .find(
      (one) => mayResume(house, one) && (one.extendedMasterSecret || house.config.extendedMasterSecret !== 'require'),
    );
