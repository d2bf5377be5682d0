/**
 * What a DTLS 1.3 server makes of a ClientHello before it computes or keeps anything: checks, a ticket, the choice of suite,
 * group and credential; and the HelloRetryRequest for one that does not do, with a cookie that remembers what counts where
 * nothing is kept for anybody (RFC 8446 §4.1.1, §4.1.2, §4.1.4; RFC 9147 §5.1).
 */
import { emptyBytes, equal, equalConstantTime } from '../base/bytes.ts';
import { encode } from '../codec/codec.ts';
import type { Credential } from '../crypto/keys.ts';
import { keySchedule } from '../crypto/schedule13.ts';
import { truncatedHello } from '../crypto/transcript13.ts';
import { bindersLength, type Extension, findExtension } from '../wire/extensions.ts';
import { type ClientHello, clientHello, helloRetryRandom, helloRetryRequest } from '../wire/handshake.ts';
import { versionNumber } from '../wire/registry.ts';
import { type CipherSuite, cipherSuite } from '../wire/suites.ts';
import type { Association } from './association.ts';
import { type Choice13, chooseCredential13, chooseForServer13 } from './choose.ts';
import { mayRun } from './config.ts';
import type { CookieJar, RetryMemory } from './cookie.ts';
import type { FirstHello } from './doorstep.ts';
import { type Message, type Refusal, refuse } from './machine.ts';
import { checkResumption } from './proofs.ts';
import { duplicateExtension, illegal } from './session.ts';
import { openTicket, type TicketState } from './tickets.ts';
import { helloHash, retried } from './transcript.ts';

/** A HelloRetryRequest that was answered: what it asked for, and what stands before the answer in the transcript. */
export interface Retried extends RetryMemory {
  readonly before: Uint8Array;
}

interface PickedTicket {
  /** Among the identities of the hello. */
  readonly index: number;
  readonly state: TicketState;
  /** The suite to resume with. */
  readonly suite: number;
}
/** What the server makes of a hello. */
export interface Considered {
  readonly choice: Choice13;
  readonly ticket: PickedTicket | undefined;
  readonly credential: { readonly credential: Credential; readonly scheme: number } | undefined;
}

/** The HelloRetryRequest for somebody who has not proved an address: nothing is kept, the cookie remembers (RFC 9147 §5.1). */
export function retryFor(
  house: Association,
  jar: CookieJar,
  first: FirstHello,
  hello: ClientHello,
): { readonly body: Uint8Array } | Refusal {
  const considered = consider(house, first.message, hello, undefined);
  if ('refused' in considered) return considered;
  const { suite, group, share } = considered.choice;
  const memory: RetryMemory = {
    suite: suite.code,
    group: share ? undefined : group,
    helloHash: helloHash(house.env.crypto, suite.hash, first.message.body),
  };
  return { body: retryBody(memory, jar.bake13(first.from, hello, memory)) };
}

/** What a cookie says of the HelloRetryRequest that it came with. */
export function takeCookie(
  jar: CookieJar,
  first: FirstHello,
  hello: ClientHello,
  cookie: Uint8Array,
): Retried | Refusal {
  const memory = jar.check13(first.from, hello, cookie);
  if (!memory) return illegal('client_hello', 'the cookie is not ours');
  return { ...memory, before: retried(memory.helloHash, retryBody(memory, cookie)) };
}

/** RFC 8446 §4.1.4. The same bytes each time: they count in the transcript, and nobody keeps them. */
export const retryBody = (
  { suite, group }: Pick<RetryMemory, 'suite' | 'group'>,
  cookie: Uint8Array | undefined,
): Uint8Array => {
  const extensions: Extension<'hello_retry_request'>[] = [selectedVersion];
  if (group !== undefined) extensions.push({ kind: 'key_share', body: { selected_group: group } });
  if (cookie) extensions.push({ kind: 'cookie', body: { cookie } });
  return encode(helloRetryRequest, { random: helloRetryRandom, extensions, ...helloFields(suite) });
};

export const selectedVersion = {
  kind: 'supported_versions',
  body: { selected_version: versionNumber['1.3'] },
} as const;

/** RFC 9147 §5.3: the version of DTLS 1.2, and no session id, whatever the client sent. */
export const helloFields = (suite: number) => ({
  server_version: versionNumber['1.2'],
  session_id: emptyBytes,
  cipher_suite: suite,
  compression_method: 0,
});

/** Checks a hello and chooses, as far as nothing has to be computed for it (RFC 8446 §4.1.1, §4.1.2, §9.2). */
export function consider(
  house: Association,
  message: Message,
  hello: ClientHello,
  retriedBefore: Retried | undefined,
): Considered | Refusal {
  const { config, env } = house;
  const name = 'client_hello';
  const { extensions } = hello;
  const missing = (extension: number): Refusal =>
    refuse({ fault: 'peer', code: 'missing-extension', message: name, extension });
  // RFC 9147 §5.3.
  if (hello.cookie.length > 0) return illegal(name, 'legacy_cookie is not empty');
  if (hello.compression_methods.length !== 1 || hello.compression_methods[0] !== 0)
    return illegal(name, 'legacy_compression_methods is not null alone');
  const duplicate = duplicateExtension(name, extensions);
  if (duplicate) return refuse(duplicate);
  const psks = findExtension(extensions, 'pre_shared_key');
  // RFC 8446 §4.2.11: last, or the binders would not cover the rest; and of no use without the modes (§4.2.9).
  if (psks && extensions?.at(-1)?.kind !== 'pre_shared_key')
    return illegal(name, 'pre_shared_key is not the last extension');
  if (psks && !findExtension(extensions, 'psk_key_exchange_modes')) return missing(45);
  const groups = findExtension(extensions, 'supported_groups')?.named_group_list;
  const shares = findExtension(extensions, 'key_share')?.client_shares;
  if (!groups) return missing(10);
  if (!shares) return missing(51);
  // RFC 8446 §4.2.8.
  if (shares.some(({ group }, i) => shares.findIndex((other) => other.group === group) !== i))
    return illegal(name, 'two key shares of one group');
  if (shares.some(({ group }) => !groups.includes(group)))
    return illegal(name, 'a key share of a group that is not offered');

  const picked = pickTicket(house, message, hello, retriedBefore);
  if (picked && 'refused' in picked) return picked;
  const offer = { cipherSuites: hello.cipher_suites, groups, shares };
  const choice = chooseForServer13(config, env.crypto, offer, retriedBefore?.suite ?? picked?.suite);
  if ('refused' in choice) return choice;
  if (retriedBefore) {
    // RFC 8446 §4.1.2: the hello after a HelloRetryRequest holds what it asked for.
    if (choice.suite.code !== retriedBefore.suite) return illegal(name, 'the suite of the HelloRetryRequest is gone');
    const [only, ...more] = shares;
    if (retriedBefore.group !== undefined && (only?.group !== retriedBefore.group || more.length > 0))
      return illegal(name, 'not the one key share that was asked for');
    if (!choice.share) return illegal(name, 'the key share of before is gone');
  }
  const ticket = picked && cipherSuite(picked.state.suite)?.hash === choice.suite.hash ? picked : undefined;
  if (ticket) return { choice, ticket, credential: undefined };
  const schemes = findExtension(extensions, 'signature_algorithms')?.supported_signature_algorithms;
  if (!schemes) return missing(13);
  const credential = chooseCredential13(config, env.crypto, schemes);
  if (!credential) return refuse({ fault: 'mismatch', code: 'no-common-signature', offered: schemes });
  return { choice, ticket, credential };
}

/** Tickets of one hello that are tried: more are only there to cost time. */
const mostTickets = 4;

/** The first ticket that is ours, not too old, and of somebody whom the settings let in; its binder must be right. */
function pickTicket(
  house: Association,
  message: Message,
  hello: ClientHello,
  retriedBefore: Retried | undefined,
): PickedTicket | Refusal | undefined {
  const { config, env, now } = house;
  const policy = config.tickets;
  const psks = findExtension(hello.extensions, 'pre_shared_key');
  if (!psks) return undefined;
  if (psks.identities.length !== psks.binders.length)
    return illegal('client_hello', 'as many binders as identities are needed');
  // RFC 8446 §4.2.9: psk_dhe_ke, or the key exchange would lose its forward secrecy.
  if (!policy || !takesTickets(hello)) return undefined;
  for (const [index, { identity }] of psks.identities.slice(0, mostTickets).entries()) {
    const state = openTicket(env.crypto, policy, '1.3', identity, now);
    const suite = state && suiteFor(state.suite);
    if (!state || !suite || !checkResumption(config, state.leafHash)) continue;
    const schedule = keySchedule(env.crypto, suite.hash);
    const running = env.crypto.runningHash(suite.hash);
    if (retriedBefore) running.update(retriedBefore.before);
    running.update(truncatedHello(message.body, bindersLength(psks)));
    const binder = schedule.verifyData(
      schedule.binderKey(schedule.earlySecret(state.psk), 'resumption'),
      running.digest(),
    );
    // RFC 8446 §4.2.11: whoever has the ticket and not its key is not to be answered otherwise.
    if (!equalConstantTime(binder, psks.binders[index] ?? emptyBytes))
      return refuse({ fault: 'peer', code: 'bad-signature', message: 'client_hello (PSK binder)' });
    return { index, state, suite: suite.code };
  }
  return undefined;

  /** The ticket's suite or another with its hash, of those that both have; after a HelloRetryRequest that one's or none. */
  function suiteFor(code: number): CipherSuite | undefined {
    const hash = cipherSuite(code)?.hash;
    const common = retriedBefore
      ? [retriedBefore.suite]
      : [code, ...config.cipherSuites].filter(
          (one) => config.cipherSuites.includes(one) && hello.cipher_suites.includes(one) && mayRun(config, one, '1.3'),
        );
    return common.flatMap((one) => cipherSuite(one) ?? []).find((suite) => suite.hash === hash);
  }
}

/** Whether a client takes tickets that keep forward secrecy: psk_dhe_ke (RFC 8446 §4.2.9). */
export const takesTickets = (hello: ClientHello): boolean =>
  findExtension(hello.extensions, 'psk_key_exchange_modes')?.ke_modes.includes(1) ?? false;

/** RFC 8446 §4.1.2: the second hello is the first, but for key shares, cookie, early data, tickets and padding. */
export function sameHello(first: ClientHello, second: ClientHello): boolean {
  const fixed = (hello: ClientHello): Uint8Array =>
    encode(clientHello, {
      ...hello,
      extensions: (hello.extensions ?? []).filter(({ kind }) => !mayChange.includes(kind)),
    });
  return equal(fixed(first), fixed(second));
}

const mayChange: readonly string[] = ['key_share', 'cookie', 'early_data', 'pre_shared_key', 'padding'];
