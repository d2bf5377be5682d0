/**
 * A DTLS 1.2 server, in the order of the protocol: what it does with each message that its table (`server12` in
 * states.ts) lets in. Until a client's hello is accepted nothing is kept for anybody; after that, each step gets what its
 * state knows and hands on what the next must know.
 */
import { concat, emptyBytes } from '../base/bytes.ts';
import { decode, encode } from '../codec/codec.ts';
import type { KeyAgreement } from '../crypto/provider.ts';
import { findExtension, type ServerExtension } from '../wire/extensions.ts';
import {
  type ClientHello,
  certificate,
  certificateRequest12,
  certificateVerify12,
  clientKeyExchangeEcdhe,
  downgradeSentinel,
  ecdhParams,
  finished12,
  serverHello,
  serverKeyExchange12,
} from '../wire/handshake.ts';
import { HandshakeType, versionNumber } from '../wire/registry.ts';
import type { EndpointConfig } from './api.ts';
import type { Association, Handshake } from './association.ts';
import { type Choice, certificateTypesFor, chooseForServer } from './choose.ts';
import type { FirstHello } from './doorstep.ts';
import { Course, go, type Handlers, type Refusal, refuse } from './machine.ts';
import { type AnonymityAllowed, type Connected, checkAnonymity, type PeerProof, verifyFinished } from './proofs.ts';
import {
  answerApplication,
  duplicateExtension,
  examineChain,
  illegal,
  Outbox,
  type ShownCertificate,
} from './session.ts';
import {
  type Agreed,
  checkSignature,
  deriveKeys,
  exporter,
  finishedData,
  type Keys,
  parametersOf,
  renegotiationSuite,
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
  readonly awaitCertificate: Negotiated;
  readonly awaitClientKeyExchange: Introduced;
  readonly awaitCertificateVerify: ToBeProved;
  readonly awaitChangeCipherSpec: Keyed;
  readonly awaitFinished: Keyed;
  readonly connected: Connected;
  readonly closed: undefined;
  readonly failed: undefined;
}

/** Goes on from a ClientHello that was accepted. `flights`: how many there were, with that hello's. */
export function continueServer12(
  house: Association,
  first: FirstHello,
  hello: ClientHello,
  flights: number,
): Handshake | Refusal {
  const { config } = house;
  const { crypto, random } = house.env;

  const steps: Handlers<typeof server12, Server12Knowledge> = {
    awaitCertificate: {
      certificate(known, message) {
        known.transcript.add(message);
        const { certificate_list } = decode(certificate, message.body);
        if (certificate_list.length === 0) {
          const anonymous = checkAnonymity(config);
          if (!anonymous) return refuse({ fault: 'peer', code: 'certificate-missing' });
          return go('awaitClientKeyExchange', { shown: { anonymous }, ...known });
        }
        const examined = examineChain(house, certificate_list);
        if ('refused' in examined) return examined;
        return go('awaitClientKeyExchange', { shown: { certificate: examined.shown }, ...known });
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
          return go('awaitCertificateVerify', { keys, certificate: shown.certificate, ...known });
        known.transcript.forgetBytes();
        return go('awaitChangeCipherSpec', { keys, peer: shown, scheme: undefined, ...known });
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
        return go('awaitChangeCipherSpec', { peer, scheme: signed.algorithm, ...known });
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
        outbox.message(1, HandshakeType.finished, encode(finished12, { verify_data: ours }));
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

  /** Flight 4 (RFC 6347 §4.2.4): ServerHello Certificate ServerKeyExchange [CertificateRequest] ServerHelloDone. */
  function acceptHello() {
    const { message } = first;
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
      serverRandom: serverRandom(),
      extendedMasterSecret,
      srtpProfile,
      alpn,
    };
    house.settle(first, hello.random);
    house.agree('1.2');
    const transcript = new Transcript();
    transcript.add(message);
    transcript.hashWith(crypto, suite.hash);
    // message_seq goes on where the client's hello is: 1 after a cookie exchange, of which nothing was kept (errata 5186).
    const outbox = new Outbox(transcript, message.seq);
    outbox.message(
      0,
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
    outbox.message(0, HandshakeType.certificate, encode(certificate, { certificate_list: [...credential.chain] }));
    const share = crypto.generate(group, random);
    const params = { curve_type: 3, named_curve: group, public: share.share };
    const signature = crypto.sign(credential.key, scheme, signedParams(agreed, encode(ecdhParams, params)), random);
    outbox.message(
      0,
      HandshakeType.serverKeyExchange,
      encode(serverKeyExchange12, { params, algorithm: scheme, signature }),
    );
    const anonymous = config.clientAuth === 'none' ? checkAnonymity(config) : undefined;
    if (!anonymous)
      outbox.message(
        0,
        HandshakeType.certificateRequest,
        encode(certificateRequest12, {
          certificate_types: certificateTypesFor(config.signatureSchemes),
          supported_signature_algorithms: [...config.signatureSchemes],
          certificate_authorities: [],
        }),
      );
    outbox.message(0, HandshakeType.serverHelloDone, emptyBytes);
    const answers = { first: message.seq, last: message.seq };
    house.sendFlight({ number: flights + 1, parts: outbox.take(), awaited: 'flight', answers });
    const known: Negotiated = {
      agreed,
      choice,
      share,
      transcript,
      outbox,
      flights: flights + 1,
      firstSeq: message.seq + 1,
    };
    return anonymous ? go('awaitClientKeyExchange', { shown: { anonymous }, ...known }) : go('awaitCertificate', known);
  }

  /** RFC 8446 §4.1.3: who speaks 1.3 and agrees on 1.2 says so where the signature covers it. */
  function serverRandom(): Uint8Array {
    const bytes = random(32);
    return config.versions.includes('1.3') ? concat(bytes.subarray(0, 24), downgradeSentinel['1.2']) : bytes;
  }

  const accepted = acceptHello();
  return 'refused' in accepted ? accepted : new Course(server12, steps, accepted);
}

/** What does not hang on the credential: each extension that we answer (RFC 5246 §7.4.1.2). */
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

  const application = answerApplication(config, offered);
  if ('refused' in application) return application;
  return { ...application, extendedMasterSecret, extensions: [...extensions, ...application.extensions] };
}
