/**
 * What was offered against what was accepted, topic by topic and in the order of the wire, with IANA's names and numbers;
 * what was chosen is marked, and what did not meet is named. From the messages themselves: a handshake that failed before
 * an answer still shows its offer.
 */
import type { AlertView, Handshake } from '../../src/analysis/model.ts';
import { guessPeers } from '../../src/analysis/peers.ts';
import { fromUtf8, toHex } from '../../src/base/bytes.ts';
import { type Codec, tryDecode } from '../../src/codec/codec.ts';
import { peerText } from '../../src/report/facts.ts';
import type { Actor } from '../../src/trace/model.ts';
import { extensionCode, findExtension } from '../../src/wire/extensions.ts';
import {
  type ClientHello,
  certificateRequest12,
  clientHello,
  helloVerifyRequest,
  isHelloRetryRequest,
  type ServerHello,
  serverHelloOrRetry,
} from '../../src/wire/handshake.ts';
import {
  alertDescriptions,
  extensionTypes,
  groups,
  HandshakeType,
  nameIn,
  type Registry,
  signatureSchemes,
  srtpProfiles,
  versions,
} from '../../src/wire/registry.ts';
import { cipherSuites } from '../../src/wire/suites.ts';

export interface Item {
  readonly text: string;
  /** "0xc02b"; undefined for what has no number. */
  readonly code: string | undefined;
  /** The other side took it (in the offer), or it is in the offer (in the answer). */
  readonly mark: 'chosen' | 'answered' | 'not-offered' | undefined;
}

export interface Topic {
  readonly title: string;
  readonly offer: readonly Item[];
  readonly accept: readonly Item[];
  /** What a column says that has no items. */
  readonly noOffer: string;
  readonly noAccept: string;
}

export interface Parameters {
  readonly topics: readonly Topic[];
  /** Which stack each side probably is, with the reasons: a hint. */
  readonly hints: readonly string[];
  /** What did not meet, and what is missing that people look for, as sentences. */
  readonly missed: readonly string[];
}

export function parametersView(handshake: Handshake): Parameters | undefined {
  const client = last(handshake, 'client', HandshakeType.clientHello, clientHello);
  if (!client) return undefined;
  const answer = last(handshake, 'server', HandshakeType.serverHello, serverHelloOrRetry);
  const server = answer && !isHelloRetryRequest(answer) ? (answer as ServerHello) : undefined;
  const verify = last(handshake, 'server', HandshakeType.helloVerifyRequest, helloVerifyRequest);
  const asked = last(handshake, 'server', HandshakeType.certificateRequest, certificateRequest12);
  const { parameters } = handshake;
  const offered = client.extensions;
  const given = server?.extensions;
  const silent = server ? 'not answered' : 'no ServerHello was seen';

  const chosenVersion =
    server && (findExtension(given, 'supported_versions')?.selected_version ?? server.server_version);
  const profiles = findExtension(offered, 'use_srtp')?.SRTPProtectionProfiles ?? [];
  const protocols = findExtension(offered, 'application_layer_protocol_negotiation')?.protocol_name_list ?? [];
  const chosenProfiles = findExtension(given, 'use_srtp')?.SRTPProtectionProfiles ?? some(parameters.srtpProfile);
  const accepts = asked?.supported_signature_algorithms ?? [];
  const numbers = (
    title: string,
    registry: Registry,
    offer: readonly number[],
    accept: readonly number[],
    words: { readonly noAccept?: string } = {},
  ): Topic => ({
    title,
    offer: offer.map((code) => item(registry, code, accept.includes(code) ? 'chosen' : undefined)),
    accept: accept.map((code) => item(registry, code, offer.includes(code) ? 'chosen' : 'not-offered')),
    noOffer: 'not offered',
    noAccept: words.noAccept ?? silent,
  });
  const clientCodes = (offered ?? []).map((one) => extensionCode('client_hello', one));
  const serverCodes = (given ?? []).map((one) => extensionCode('server_hello', one));
  const topics: Topic[] = [
    numbers(
      'Versions',
      versions,
      findExtension(offered, 'supported_versions')?.versions ?? [client.client_version],
      some(chosenVersion),
    ),
    numbers('Cipher suites, in order of preference', cipherSuites, client.cipher_suites, some(server?.cipher_suite)),
    numbers(
      'Groups, in order of preference',
      groups,
      findExtension(offered, 'supported_groups')?.named_group_list ?? [],
      some(parameters.group),
      { noAccept: server ? 'no key exchange with a group was seen' : silent },
    ),
    numbers(
      'Signature algorithms',
      signatureSchemes,
      findExtension(offered, 'signature_algorithms')?.supported_signature_algorithms ?? [],
      some(parameters.signature),
      { noAccept: server ? 'no signature of the server was seen' : silent },
    ),
    ...(accepts.length === 0
      ? []
      : [
          {
            title: 'Signature algorithms for the client’s certificate',
            offer: [],
            accept: accepts.map((code) => item(signatureSchemes, code, undefined)),
            noOffer: 'the server asks',
            noAccept: '',
          },
        ]),
    numbers('SRTP profiles', srtpProfiles, profiles, chosenProfiles),
    {
      title: 'ALPN',
      offer: protocols.map((name) => word(fromUtf8(name), fromUtf8(name) === parameters.alpn ? 'chosen' : undefined)),
      accept: parameters.alpn === undefined ? [] : [word(parameters.alpn, 'chosen')],
      noOffer: 'not offered',
      noAccept: protocols.length === 0 ? 'not asked for' : silent,
    },
    cookieTopic(client, verify?.cookie),
    flagTopic('Extended master secret', clientCodes, serverCodes, 23, silent),
    renegotiationTopic(client, serverCodes, silent),
    extensionsTopic(client, clientCodes, serverCodes, silent),
  ];
  return {
    topics,
    hints: hintTexts(handshake),
    missed: missedTexts(handshake, { client, server, profiles, protocols, serverCodes, clientCodes }),
  };
}

function hintTexts(handshake: Handshake): string[] {
  const guesses = guessPeers(handshake);
  return (['client', 'server'] as const).flatMap((actor) => {
    const text = peerText(guesses[actor]);
    return text === undefined ? [] : [`The ${actor} is ${text}.`];
  });
}

function cookieTopic(client: ClientHello, sent: Uint8Array | undefined): Topic {
  const returned = client.cookie.length > 0;
  return {
    title: 'Cookie',
    offer: returned ? [word(`${client.cookie.length} B: ${short(client.cookie)}`, 'chosen')] : [],
    accept:
      sent === undefined ? [] : [word(`${sent.length} B asked for: ${short(sent)}`, returned ? 'chosen' : undefined)],
    noOffer: sent === undefined ? 'none: the server asked for none' : 'not returned',
    noAccept: 'no HelloVerifyRequest',
  };
}

function flagTopic(
  title: string,
  offered: readonly number[],
  given: readonly number[],
  code: number,
  silent: string,
): Topic {
  const both = offered.includes(code) && given.includes(code);
  return {
    title,
    offer: offered.includes(code) ? [item(extensionTypes, code, both ? 'chosen' : undefined)] : [],
    accept: given.includes(code) ? [item(extensionTypes, code, both ? 'chosen' : 'not-offered')] : [],
    noOffer: 'not offered',
    noAccept: silent,
  };
}

/** RFC 5746 §3.4: the signalling suite counts as the extension. */
function renegotiationTopic(client: ClientHello, given: readonly number[], silent: string): Topic {
  const scsv = client.cipher_suites.includes(0x00ff);
  const extension = (client.extensions ?? []).some((one) => one.kind === 'renegotiation_info');
  const answered = given.includes(0xff01);
  const mark = answered ? 'chosen' : undefined;
  return {
    title: 'Secure renegotiation',
    offer: [
      ...(extension ? [item(extensionTypes, 0xff01, mark)] : []),
      ...(scsv ? [item(cipherSuites, 0x00ff, mark)] : []),
    ],
    accept: answered ? [item(extensionTypes, 0xff01, 'chosen')] : [],
    noOffer: 'not offered',
    noAccept: silent,
  };
}

/** Both lists in the order of the wire: the order alone may tell one stack from another. */
function extensionsTopic(
  client: ClientHello,
  offered: readonly number[],
  given: readonly number[],
  silent: string,
): Topic {
  return {
    title: 'Extensions, in order',
    offer: offered.map((code) => item(extensionTypes, code, given.includes(code) ? 'answered' : undefined)),
    accept: given.map((code) => item(extensionTypes, code, invited(client, offered, code) ? undefined : 'not-offered')),
    noOffer: 'none',
    noAccept: silent,
  };
}

/** RFC 5746 §3.6: the signalling suite invites renegotiation_info as the extension itself does. */
const invited = (client: ClientHello, offered: readonly number[], code: number): boolean =>
  offered.includes(code) || (code === 0xff01 && client.cipher_suites.includes(0x00ff));

interface Told {
  readonly client: ClientHello;
  readonly server: ServerHello | undefined;
  readonly profiles: readonly number[];
  readonly protocols: readonly Uint8Array[];
  readonly clientCodes: readonly number[];
  readonly serverCodes: readonly number[];
}

function missedTexts(handshake: Handshake, told: Told): string[] {
  const { client, server, profiles, protocols, clientCodes, serverCodes } = told;
  const { parameters } = handshake;
  const out: string[] = [];
  for (const { failure } of handshake.failures) {
    const list = (key: string): readonly number[] => {
      const value = failure[key];
      return Array.isArray(value) ? value.filter((one): one is number => typeof one === 'number') : [];
    };
    const sides = (registry: Registry): string =>
      `offered ${names(registry, list('offered'))}; the other side takes ${names(registry, list('supported'))}`;
    if (failure.fault !== 'mismatch') continue;
    if (failure.code === 'version') out.push(`No common version: ${sides(versions)}.`);
    else if (failure.code === 'no-common-suite') out.push(`No common cipher suite: ${sides(cipherSuites)}.`);
    else if (failure.code === 'no-common-group') out.push(`No common group: ${sides(groups)}.`);
    else if (failure.code === 'no-common-signature')
      out.push(`No common signature algorithm: offered ${names(signatureSchemes, list('offered'))}.`);
  }
  if (!server) {
    const alert = handshake.alerts.find((one) => one.from === 'server' && one.level === 2);
    if (alert) out.push(`The server chose nothing: it answered with ${alertText(alert)}.`);
    return out;
  }
  const tls13 = parameters.version === '1.3';
  if (!client.cipher_suites.includes(server.cipher_suite))
    out.push(`The server chose ${nameIn(cipherSuites)(server.cipher_suite)}, which the client did not offer.`);
  if (!tls13 && profiles.length > 0 && !serverCodes.includes(14))
    out.push('The client offered SRTP profiles, and the server took none: without use_srtp there are no media keys.');
  if (parameters.srtpProfile !== undefined && profiles.length > 0 && !profiles.includes(parameters.srtpProfile))
    out.push(`The server chose ${nameIn(srtpProfiles)(parameters.srtpProfile)}, which the client did not offer.`);
  if (!tls13 && protocols.length > 0 && parameters.alpn === undefined)
    out.push('The client offered ALPN protocols, and the server chose none.');
  if (!tls13 && clientCodes.includes(23) && !serverCodes.includes(23))
    out.push('The client offered extended_master_secret, and the server did not take it (RFC 7627).');
  const uninvited = serverCodes.filter((code) => !invited(client, clientCodes, code));
  if (uninvited.length > 0)
    out.push(`The server answered with extensions that were not offered: ${names(extensionTypes, uninvited)}.`);
  return out;
}

const alertText = (alert: AlertView): string => nameIn(alertDescriptions, 2)(alert.description);
const names = (registry: Registry, codes: readonly number[]): string =>
  codes.length === 0 ? 'none' : codes.map(nameIn(registry)).join(', ');

/** The last whole message of a type from a side: after a cookie or a retry, the one that counts. */
function last<T>(handshake: Handshake, from: Actor, type: number, codec: Codec<T>): T | undefined {
  const message = handshake.messages.filter((one) => one.from === from && one.message === type && one.complete).at(-1);
  const decoded = message && tryDecode(codec, message.body);
  return decoded?.ok ? decoded.value : undefined;
}

const some = (value: number | undefined): readonly number[] => (value === undefined ? [] : [value]);
const word = (text: string, mark: Item['mark']): Item => ({ text, code: undefined, mark });

/** Values that are sent to keep the other side tolerant: 0x0a0a, 0x1a1a, … (RFC 8701 §2). */
const isGrease = (code: number): boolean => (code & 0x0f0f) === 0x0a0a && code >> 8 === (code & 0xff);

const item = (registry: Registry, code: number, mark: Item['mark']): Item => ({
  text: isGrease(code) ? 'GREASE (RFC 8701)' : (registry[code] ?? 'unknown'),
  code: `0x${code.toString(16).padStart(4, '0')}`,
  mark,
});

/** The beginning of a cookie: enough to tell two apart. */
const short = (bytes: Uint8Array): string => `${toHex(bytes.subarray(0, 8))}${bytes.length > 8 ? '…' : ''}`;
