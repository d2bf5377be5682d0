/**
 * A DTLS 1.2 server, in the order of the protocol: what it does with each message that its table (`server12` in
 * states.ts) lets in. Until a client's hello is accepted nothing is kept for anybody; after that, each step gets what its
 * state knows and hands on what the next must know.
 */
import { emptyBytes, utf8 } from '../base/bytes.ts';
import { decode, encode, tryDecode } from '../codec/codec.ts';
import type { KeyAgreement } from '../crypto/provider.ts';
import { findExtension, type ServerExtension } from '../wire/extensions.ts';
import {
  type ClientHello,
  certificate,
  certificateRequest12,
  certificateVerify12,
  clientHello,
  clientKeyExchangeEcdhe,
  ecdhParams,
  finished12,
  helloVerifyRequest,
  serverHello,
  serverKeyExchange12,
} from '../wire/handshake.ts';
import { HandshakeType, versionNumber } from '../wire/registry.ts';
import type { EndpointConfig } from './api.ts';
import type { Association, FirstHello, Handshake } from './association.ts';
import { type Choice, certificateTypesFor, chooseForServer } from './choose.ts';
import { CookieJar } from './cookie.ts';
import type { Failure } from './failure.ts';
import { Course, go, type Handlers, type Message, type Refusal, refuse } from './machine.ts';
import { type AnonymityAllowed, type Connected, checkAnonymity, type PeerProof, verifyFinished } from './proofs.ts';
import {
  type Agreed,
  alpnNames,
  checkSignature,
  deriveKeys,
  duplicateExtension,
  examineChain,
  exporter,
  finishedData,
  type Keys,
  Outbox,
  parametersOf,
  type ShownCertificate,
  signedParams,
} from './session12.ts';
import { server12 } from './states.ts';
import { Transcript } from './transcript.ts';

interface Negotiated {
  readonly agreed: Agreed;
  readonly choice: Choice;
  readonly share: KeyAgreement;
  readonly transcript: Transcript;
  readonly outbox: Outbox;
  /** Flights so far, both sides'. */
  readonly flights: number;
  /** message_seq with which the client's last flight begins. */
  readonly firstSeq: number;
}
/** What the client said of who it is. */
type Shown = { readonly certificate: ShownCertificate } | { readonly anonymous: AnonymityAllowed };
interface Introduced extends Negotiated {
  readonly shown: Shown;
}
interface ToBeProved extends Negotiated {
  readonly certificate: ShownCertificate;
  readonly keys: Keys;
}
interface Keyed extends Negotiated {
  readonly keys: Keys;
  readonly peer: PeerProof;
  /** The scheme that the client signed with. */
  readonly scheme: number | undefined;
}

interface Server12Knowledge {
  readonly idle: undefined;
  readonly awaitClientHello: undefined;
  readonly awaitCertificate: Negotiated;
  readonly awaitClientKeyExchange: Introduced;
  readonly awaitCertificateVerify: ToBeProved;
  readonly awaitChangeCipherSpec: Keyed;
  readonly awaitFinished: Keyed;
  readonly connected: Connected;
  readonly closed: undefined;
  readonly failed: undefined;
}

export function startServer12(house: Association): Handshake {
  const { config } = house;
  const { crypto, random } = house.env;
  const cookies = config.cookie ? new CookieJar(crypto, random(32)) : undefined;

  const steps: Handlers<typeof server12, Server12Knowledge> = {
    idle: {
      start: () => go('awaitClientHello', undefined),
    },

    awaitClientHello: {
      client_hello(_, message) {
        const first = house.firstHello;
        if (cookies) {
          const read = tryDecode(clientHello, message.body);
          if (!read.ok) {
            // Whoever this is has not proved its address, so it must not be able to end anything.
            house.drop('malformed', undefined, read.error.message);
            return go('awaitClientHello', undefined);
          }
          if (!cookies.check(first.from, read.value)) {
            // A wrong cookie counts as none (RFC 6347 §4.2.1): answered alike, each time, with nothing kept.
            if (read.value.cookie.length > 0) house.drop('bad-cookie');
            sendCookie(cookies, first, read.value);
            return go('awaitClientHello', undefined);
          }
          // The ServerHello goes on from the number of the hello that it answers (RFC 6347 §4.2.1).
          house.records.openWrite(0, undefined, first.recordNumber);
        }
        return acceptHello(first, message);
      },
    },

    awaitCertificate: {
      certificate(known, message) {
        known.transcript.add(message);
        const { certificate_list } = decode(certificate, message.body);
        if (certificate_list.length === 0) {
          const anonymous = checkAnonymity(config);
          if (!anonymous) return refuse({ fault: 'peer', code: 'certificate-missing' });
          return go('awaitClientKeyExchange', { ...known, shown: { anonymous } });
        }
        const examined = examineChain(house, certificate_list);
        if ('refused' in examined) return examined;
        return go('awaitClientKeyExchange', { ...known, shown: { certificate: examined.shown } });
      },
    },

    awaitClientKeyExchange: {
      client_key_exchange(known, message) {
        known.transcript.add(message);
        const { ecdh_Yc } = decode(clientKeyExchangeEcdhe, message.body);
        const secret = known.share.agree(ecdh_Yc);
        if (!secret) return illegal('client_key_exchange', 'the key share is not a valid one');
        const keys = deriveKeys(house, known.agreed, secret, known.transcript);
        const { shown } = known;
        if ('certificate' in shown)
          return go('awaitCertificateVerify', { ...known, keys, certificate: shown.certificate });
        known.transcript.forgetBytes();
        return go('awaitChangeCipherSpec', { ...known, keys, peer: shown, scheme: undefined });
      },
    },

    awaitCertificateVerify: {
      certificate_verify(known, message) {
        const signed = decode(certificateVerify12, message.body);
        const checked = checkSignature(
          house,
          known.certificate,
          'certificate_verify',
          known.transcript.bytes(),
          signed,
        );
        if ('refused' in checked) return checked;
        known.transcript.add(message);
        known.transcript.forgetBytes();
        const peer = { signature: checked.verified, trusted: known.certificate.trusted };
        return go('awaitChangeCipherSpec', { ...known, peer, scheme: signed.algorithm });
      },
    },

    awaitChangeCipherSpec: {
      change_cipher_spec(known) {
        house.records.openRead(1, known.keys.client);
        return go('awaitFinished', known);
      },
    },

    awaitFinished: {
      finished(known, message) {
        const { agreed, keys, transcript, outbox } = known;
        const { verify_data } = decode(finished12, message.body);
        const finished = verifyFinished(finishedData(house, agreed, keys, 'client', transcript), verify_data);
        if (!finished) return refuse({ fault: 'peer', code: 'bad-finished' });
        transcript.add(message);
        outbox.changeCipherSpec();
        const ours = finishedData(house, agreed, keys, 'server', transcript);
        outbox.message(HandshakeType.finished, encode(finished12, { verify_data: ours }));
        house.records.openWrite(1, keys.server);
        house.sendFlight({
          number: known.flights + 2,
          parts: outbox.take(),
          awaited: 'nothing',
          answers: { first: known.firstSeq, last: message.seq },
        });
        const connected: Connected = {
          finished,
          peer: known.peer,
          parameters: parametersOf(agreed, known.choice.group, known.scheme),
          export: exporter(house, agreed, keys),
        };
        house.establish(connected);
        return go('connected', connected);
      },
    },

    connected: {
      client_hello(known) {
        house.refuseRenegotiation();
        return go('connected', known);
      },
    },
    closed: {},
    failed: {},
  };

  function sendCookie(jar: CookieJar, first: FirstHello, hello: ClientHello): void {
    // RFC 6347 §4.2.1: the version is that of DTLS 1.0, whatever will be agreed.
    const body = { server_version: versionNumber['1.0'], cookie: jar.bake(first.from, hello) };
    house.sendStateless(first, 2, HandshakeType.helloVerifyRequest, encode(helloVerifyRequest, body));
  }

  /** Flight 4 (RFC 6347 §4.2.4): ServerHello Certificate ServerKeyExchange [CertificateRequest] ServerHelloDone. */
  function acceptHello(first: FirstHello, message: Message) {
    const hello = decode(clientHello, message.body);
    const negotiated = negotiate(config, hello);
    if ('refused' in negotiated) return negotiated;
    const { srtpProfile, alpn, extendedMasterSecret, extensions } = negotiated;
    const choice = chooseForServer(config, crypto, {
      cipherSuites: hello.cipher_suites,
      groups: findExtension(hello.extensions, 'supported_groups')?.named_group_list,
      signatureSchemes: findExtension(hello.extensions, 'signature_algorithms')?.supported_signature_algorithms,
    });
    if ('refused' in choice) return choice;
    const { suite, credential, group, scheme } = choice;

    const agreed: Agreed = {
      suite,
      clientRandom: hello.random,
      serverRandom: random(32),
      extendedMasterSecret,
      srtpProfile,
      alpn,
    };
    house.settle(first, hello.random);
    house.records.version = versionNumber['1.2'];
    const transcript = new Transcript();
    transcript.add(message);
    transcript.hashWith(crypto, suite.hash);
    // message_seq goes on where the client's hello is: 1 after a cookie exchange, of which nothing was kept (errata 5186).
    const outbox = new Outbox(transcript, message.seq);
    outbox.message(
      HandshakeType.serverHello,
      encode(serverHello, {
        server_version: versionNumber['1.2'],
        random: agreed.serverRandom,
        session_id: emptyBytes,
        cipher_suite: suite.code,
        compression_method: 0,
        extensions: extensions.length > 0 ? extensions : undefined,
      }),
    );
    outbox.message(HandshakeType.certificate, encode(certificate, { certificate_list: [...credential.chain] }));
    const share = crypto.generate(group, random);
    const params = { curve_type: 3, named_curve: group, public: share.share };
    const signature = crypto.sign(credential.key, scheme, signedParams(agreed, encode(ecdhParams, params)), random);
    outbox.message(
      HandshakeType.serverKeyExchange,
      encode(serverKeyExchange12, { params, algorithm: scheme, signature }),
    );
    const anonymous = config.clientAuth === 'none' ? checkAnonymity(config) : undefined;
    if (!anonymous)
      outbox.message(
        HandshakeType.certificateRequest,
        encode(certificateRequest12, {
          certificate_types: certificateTypesFor(config.signatureSchemes),
          supported_signature_algorithms: [...config.signatureSchemes],
          certificate_authorities: [],
        }),
      );
    outbox.message(HandshakeType.serverHelloDone, emptyBytes);
    // A hello with a proved cookie is the third flight of the handshake, else the first.
    const flights = cookies ? 4 : 2;
    const answers = { first: message.seq, last: message.seq };
    house.sendFlight({ number: flights, parts: outbox.take(), awaited: 'flight', answers });
    const known: Negotiated = { agreed, choice, share, transcript, outbox, flights, firstSeq: message.seq + 1 };
    return anonymous ? go('awaitClientKeyExchange', { ...known, shown: { anonymous } }) : go('awaitCertificate', known);
  }

  return new Course(server12, steps, go('idle', undefined));
}

const illegal = (message: string, what: string): Refusal =>
  refuse({ fault: 'peer', code: 'illegal-parameter', message, what });

/** What does not hang on the credential: version, and each extension that we answer (RFC 5246 §7.4.1.2). */
function negotiate(
  config: EndpointConfig,
  hello: ClientHello,
):
  | {
      readonly srtpProfile: number | undefined;
      readonly alpn: string | undefined;
      readonly extendedMasterSecret: boolean;
      readonly extensions: ServerExtension[];
    }
  | Refusal {
  const wrongVersion = versionFault(hello);
  if (wrongVersion) return refuse(wrongVersion);
  const { extensions: offered } = hello;
  const fault = duplicateExtension('client_hello', offered);
  if (fault) return refuse(fault);
  if (!hello.compression_methods.includes(0)) return illegal('client_hello', 'null compression is not offered');
  const formats = findExtension(offered, 'ec_point_formats');
  if (formats && !formats.ec_point_format_list.includes(0))
    return illegal('client_hello', 'ec_point_formats lacks uncompressed');

  const extensions: ServerExtension[] = [];
  // RFC 5746 §3.6: by extension or by signalling suite; anything in it would mean a renegotiation.
  const renegotiation = findExtension(offered, 'renegotiation_info');
  if (renegotiation && renegotiation.renegotiated_connection.length > 0)
    return refuse({ fault: 'mismatch', code: 'unsupported', what: 'renegotiation_info is not empty' });
  if (renegotiation || hello.cipher_suites.includes(renegotiationSuite))
    extensions.push({ kind: 'renegotiation_info', body: { renegotiated_connection: emptyBytes } });

  const extendedMasterSecret =
    config.extendedMasterSecret !== 'off' && findExtension(offered, 'extended_master_secret') !== undefined;
  if (!extendedMasterSecret && config.extendedMasterSecret === 'require')
    return refuse({ fault: 'mismatch', code: 'no-extended-master-secret' });
  if (extendedMasterSecret) extensions.push({ kind: 'extended_master_secret', body: {} });
  if (formats) extensions.push({ kind: 'ec_point_formats', body: { ec_point_format_list: [0] } });

  // RFC 5764 §4.1.1: one of the client's profiles, or no extension at all. Never an MKI (RFC 8827 §6.5).
  const profiles = findExtension(offered, 'use_srtp')?.SRTPProtectionProfiles ?? [];
  const srtpProfile = config.srtpProfiles.find((profile) => profiles.includes(profile));
  if (srtpProfile !== undefined)
    extensions.push({
      kind: 'use_srtp',
      body: { SRTPProtectionProfiles: [srtpProfile], srtp_mki: emptyBytes },
    });

  // RFC 7301 §3.2: a server that speaks none of the client's protocols says so; one that speaks none at all is silent.
  const names = alpnNames(findExtension(offered, 'application_layer_protocol_negotiation'));
  const alpn = config.alpn.find((name) => names.includes(name));
  if (names.length > 0 && config.alpn.length > 0) {
    if (alpn === undefined) return refuse({ fault: 'mismatch', code: 'no-application-protocol', offered: names });
    extensions.push({
      kind: 'application_layer_protocol_negotiation',
      body: { protocol_name_list: [utf8(alpn)] },
    });
  }
  return { srtpProfile, alpn, extendedMasterSecret, extensions };
}

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3). */
const renegotiationSuite = 0x00ff;

/** Version numbers of DTLS fall as versions rise. A hello with supported_versions means that list (RFC 8446 §4.2.1). */
function versionFault(hello: ClientHello): Failure | undefined {
  const listed = findExtension(hello.extensions, 'supported_versions')?.versions;
  const ours = versionNumber['1.2'];
  const major = hello.client_version >> 8;
  const fits = listed ? listed.includes(ours) : major === 0xfe && hello.client_version <= ours;
  return fits
    ? undefined
    : { fault: 'mismatch', code: 'version', offered: listed ?? [hello.client_version], supported: [ours] };
}
