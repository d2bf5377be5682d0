/**
 * A server until it knows the version: cookies of both versions, with nothing kept for anybody who has not proved an address
 * (RFC 6347 §4.2.1, RFC 9147 §5.1), and the choice among the versions that a ClientHello offers (RFC 8446 §4.2.1). From there
 * the server of that version goes on.
 */
import { decode, encode, tryDecode } from '../codec/codec.ts';
import { findExtension } from '../wire/extensions.ts';
import { type ClientHello, clientHello, helloVerifyRequest } from '../wire/handshake.ts';
import { HandshakeType, type Version, versionNumber } from '../wire/registry.ts';
import type { Association, Handshake } from './association.ts';
import { type CookieJar, cookiesFor } from './cookie.ts';
import type { FirstHello } from './doorstep.ts';
import type { Failure } from './failure.ts';
import { Course, go, type Handlers, type Refusal, refuse } from './machine.ts';
import { type Retried, retryFor, takeCookie } from './offer13.ts';
import { Relay } from './relay.ts';
import { continueServer12 } from './server12.ts';
import { continueServer13 } from './server13.ts';
import { serverOpening } from './states.ts';

interface Knowledge {
  readonly idle: undefined;
  readonly awaitClientHello: undefined;
  readonly dtls12: Handshake;
  readonly dtls13: Handshake;
  readonly closed: undefined;
  readonly failed: undefined;
}

export function startServer(house: Association): Handshake {
  const { config } = house;
  const { crypto, random } = house.env;
  const cookies = cookiesFor(config, crypto, random);

  /** The version is chosen before the hello is whole. */
  const guesses = config.faults?.versionFrom === 'first-fragment';

  const steps: Handlers<typeof serverOpening, Knowledge> = {
    idle: {
      start: () => go('awaitClientHello', undefined),
    },

    awaitClientHello: {
      client_hello(_, message) {
        const first = house.doorstep.hello;
        if (!cookies) return accept(first, decode(clientHello, message.body), 1, undefined);
        // Whoever this is has not proved its address, so it must not be able to end anything.
        const read = tryDecode(clientHello, message.body);
        if (!read.ok) {
          house.drop('malformed', undefined, read.error.message);
          return go('awaitClientHello', undefined);
        }
        const hello = read.value;
        const proved = choose(first, hello) === '1.3' ? prove13(cookies, first, hello) : prove12(cookies, first, hello);
        if (!proved) return go('awaitClientHello', undefined);
        // The ServerHello goes on from the number of the hello that it answers (RFC 6347 §4.2.1).
        house.records.openWrite(0, undefined, config.faults?.numbers === 'from-zero' ? 0 : first.recordNumber);
        return accept(first, hello, 3, proved === true ? undefined : proved);
      },
    },
    dtls12: {},
    dtls13: {},
    closed: {},
    failed: {},
  };

  /** The newest version that both speak. With supported_versions that list alone counts (RFC 8446 §4.2.1). */
  function choose(first: FirstHello, hello: ClientHello): Version | undefined {
    const extensions = guesses ? seenIn(first.firstFragment, hello) : hello.extensions;
    const listed = findExtension(extensions, 'supported_versions')?.versions;
    return (['1.3', '1.2', '1.0'] as const).find((version) => {
      if (!config.versions.includes(version)) return false;
      const number = versionNumber[version];
      if (listed) return listed.includes(number);
      // Version numbers of DTLS fall as versions rise; a client may know versions that nobody here does (RFC 5246 §E.1).
      return version !== '1.3' && hello.client_version <= number;
    });
  }

  function prove12(jar: CookieJar, first: FirstHello, hello: ClientHello): boolean {
    if (jar.check(first.from, hello)) return true;
    if (!jar.answers(first.from)) {
      house.drop('repeated-message', undefined, 'client_hello');
      return false;
    }
    // A wrong cookie counts as none (RFC 6347 §4.2.1): answered alike, each time, with nothing kept.
    if (hello.cookie.length > 0) house.drop('bad-cookie');
    // RFC 6347 §4.2.1: the version is that of DTLS 1.0, whatever will be agreed.
    const body = { server_version: versionNumber['1.0'], cookie: jar.bake(first.from, hello) };
    house.doorstep.answer(first, 2, HandshakeType.helloVerifyRequest, encode(helloVerifyRequest, body));
    return false;
  }

  function prove13(jar: CookieJar, first: FirstHello, hello: ClientHello): Retried | undefined {
    const cookie = findExtension(hello.extensions, 'cookie')?.cookie;
    if (!cookie && !jar.answers(first.from)) {
      house.drop('repeated-message', undefined, 'client_hello');
      return undefined;
    }
    const answer = cookie ? takeCookie(jar, first, hello, cookie) : retryFor(house, jar, first, hello);
    if ('refused' in answer) {
      // RFC 9147 §5.1: a cookie that is not ours is answered with illegal_parameter; there is nothing to end.
      if (cookie) house.drop('bad-cookie');
      house.doorstep.refuse(first, answer.refused);
      return undefined;
    }
    if ('helloHash' in answer) return answer;
    house.doorstep.answer(first, 2, HandshakeType.serverHello, answer.body);
    return undefined;
  }

  /** `flights`: how many there were, with this hello's. `retried`: a HelloRetryRequest was before it. */
  function accept(first: FirstHello, hello: ClientHello, flights: number, retried: Retried | undefined) {
    const version = choose(first, hello);
    if (version === undefined) return refuse(versionFault(hello));
    const next: Handshake | Refusal =
      version === '1.3'
        ? continueServer13(house, first, hello, flights, retried)
        : continueServer12(house, first, hello, flights, version);
    if ('refused' in next) return next;
    return version === '1.3' ? go('dtls13', next) : go('dtls12', next);
  }

  function versionFault(hello: ClientHello): Failure {
    const offered = findExtension(hello.extensions, 'supported_versions')?.versions ?? [hello.client_version];
    const supported = config.versions.map((version) => versionNumber[version]);
    return { fault: 'mismatch', code: 'version', offered, supported };
  }

  /** The extensions of a hello that end within its first bytes. */
  function seenIn(length: number, hello: ClientHello): ClientHello['extensions'] {
    return hello.extensions?.filter(
      (_, i, all) => encode(clientHello, { ...hello, extensions: all.slice(0, i + 1) }).length <= length,
    );
  }

  return new Relay(new Course(serverOpening, steps, go('idle', undefined)), ['dtls12', 'dtls13']);
}
