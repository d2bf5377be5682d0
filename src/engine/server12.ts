/**
 * A server of DTLS 1.2 or 1.0, in the order of the protocol: what it does with each message that its table (`server12` in
 * states.ts) lets in. Until a client's hello is accepted nothing is kept for anybody; after that, each step gets what its
 * state knows and hands on what the next must know.
 */
import { concat, emptyBytes, toHex } from '../base/bytes.ts';
import { decode, encode } from '../codec/codec.ts';
import type { KeyAgreement } from '../crypto/provider.ts';
import { readPremaster } from '../crypto/rsaKeyExchange.ts';
import { findExtension, type ServerExtension } from '../wire/extensions.ts';
import {
  type ClientHello,
  certificate,
  certificateRequest10,
  certificateRequest12,
  certificateVerify10,
  certificateVerify12,
  clientKeyExchangeEcdhe,
  clientKeyExchangeRsa,
  downgradeSentinel,
  ecdhParams,
  finished12,
  newSessionTicket12,
  serverHello,
  serverKeyExchange10,
  serverKeyExchange12,
} from '../wire/handshake.ts';
import { HandshakeType, versionNumber } from '../wire/registry.ts';
import { type CipherSuite, cipherSuite } from '../wire/suites.ts';
import type { EndpointConfig, KeptSession, OldVersion } from './api.ts';
import type { Association, Handshake } from './association.ts';
import { type Choice, certificateTypesFor, chooseForServer } from './choose.ts';
import { mayRun } from './config.ts';
import type { FirstHello } from './doorstep.ts';
import type { Awaited } from './flights.ts';
import { Course, go, type Handlers, type Message, type Refusal, refuse } from './machine.ts';
import { misstatementsOf } from './misstatements.ts';
import {
  type AnonymityAllowed,
  type Connected,
  checkAnonymity,
  checkResumption,
  type PeerProof,
  verifyFinished,
} from './proofs.ts';
import {
  answerApplication,
  answerRecordSize,
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
  hashOf,
  type Keys,
  keysOf,
  parametersOf,
  renegotiationSuite,
  signedParams,
} from './session12.ts';
import { server12 } from './states.ts';
import { openTicket, sealTicket } from './tickets.ts';
import { Transcript } from './transcript.ts';

/** What every state knows. */
interface Begun {
  readonly agreed: Agreed;
  readonly transcript: Transcript;
  readonly outbox: Outbox;
  /** Flights so far, both sides'. */
  readonly flights: number;
  /** message_seq with which the client's last flight begins. */
  readonly firstSeq: number;
  /** What the client can resume by, later: the id that we gave, or a ticket that we promised. */
  readonly sessionId: Uint8Array;
  readonly ticketPromised: boolean;
}
interface Negotiated extends Begun {
  readonly choice: Choice;
  /** Our half of the key agreement; there is none in RSA key exchange. */
  readonly share: KeyAgreement | undefined;
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
interface Keyed extends Begun {
  readonly keys: Keys;
  readonly peer: PeerProof;
  /** The group, and the scheme that the client signed with. */
  readonly group: number | undefined;
  readonly scheme: number | undefined;
  readonly leafHash: Uint8Array | undefined;
  /** Our Finished is out already. */
  readonly resumed: boolean;
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
  version: OldVersion,
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
        const secret = known.share ? ecdhe(known.share, message) : rsa(known.choice, message);
        if ('refused' in secret) return secret;
        const keys = deriveKeys(house, known.agreed, secret.premaster, known.transcript);
        const { shown } = known;
        if ('certificate' in shown)
          return go('awaitCertificateVerify', { keys, certificate: shown.certificate, ...known });
        known.transcript.forgetBytes();
        const group = known.choice.signed?.group;
        const rest = { group, scheme: undefined, leafHash: undefined, resumed: false };
        return go('awaitChangeCipherSpec', { keys, peer: shown, ...rest, ...known });
      },
    },

    awaitCertificateVerify: {
      certificate_verify(known, message) {
        const signed: { readonly algorithm?: number; readonly signature: Uint8Array } =
          version === '1.0' ? decode(certificateVerify10, message.body) : decode(certificateVerify12, message.body);
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
        const { trusted, leaf } = known.certificate;
        const rest = { group: known.choice.signed?.group, leafHash: crypto.hash('sha256', leaf), resumed: false };
        const peer = { signature: checked.verified, trusted };
        return go('awaitChangeCipherSpec', { peer, scheme: signed.algorithm, ...rest, ...known });
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
        const { agreed, keys, transcript } = known;
        const { verify_data } = decode(finished12, message.body);
        const finished = verifyFinished(finishedData(house, agreed, keys, 'client', transcript), verify_data);
        if (!finished) return refuse({ fault: 'peer', code: 'bad-finished' });
        if (!known.resumed) {
          transcript.add(message);
          giveSession(known);
          sendFinished(known, keys);
          house.sendFlight({
            number: known.flights + 2,
            parts: known.outbox.take(),
            awaited: 'nothing',
            answers: { first: known.firstSeq, last: message.seq },
          });
        }
        const connected: Connected = {
          finished,
          peer: known.peer,
          parameters: parametersOf(agreed, known.group, known.scheme, known.resumed),
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

  interface Premaster {
    readonly premaster: Uint8Array;
  }

  function ecdhe(share: KeyAgreement, message: Message): Premaster | Refusal {
    const { ecdh_Yc } = decode(clientKeyExchangeEcdhe, message.body);
    const premaster = share.agree(ecdh_Yc);
    return premaster ? { premaster } : illegal('client_key_exchange', 'the key share is not a valid one');
  }

  function rsa({ credential: { key } }: Choice, message: Message): Premaster | Refusal {
    if (key.kind !== 'rsa') throw new Error('RSA key exchange was chosen without an RSA key');
    const { encrypted_pre_master_secret: encrypted } = decode(clientKeyExchangeRsa, message.body);
    return { premaster: readPremaster(crypto, key, hello.client_version, encrypted, random) };
  }

  /** Makes the association one to resume: under its id, and by a ticket (RFC 5246 §7.3, RFC 5077 §3.3). */
  function giveSession({ agreed, keys, leafHash, sessionId, ticketPromised, outbox }: Keyed): void {
    const { suite, extendedMasterSecret } = agreed;
    const session = { version, suite: suite.code, extendedMasterSecret, leafHash };
    if (sessionId.length > 0) config.sessions?.set(toHex(sessionId), { masterSecret: keys.master, ...session });
    if (!ticketPromised || !config.tickets) return;
    const state = { psk: keys.master, issuedAt: house.now, ...session };
    const body = encode(newSessionTicket12, {
      ticket_lifetime_hint: config.tickets.lifetimeSeconds,
      ticket: sealTicket(crypto, config.tickets, state, random),
    });
    outbox.message(0, HandshakeType.newSessionTicket, body);
  }

  /** ChangeCipherSpec and Finished, the end of each of our flights under keys. */
  function sendFinished({ agreed, transcript, outbox }: Begun, keys: Keys): void {
    outbox.changeCipherSpec();
    const verify_data = finishedData(house, agreed, keys, 'server', transcript);
    outbox.message(1, HandshakeType.finished, encode(finished12, { verify_data }));
    house.records.openWrite(1, keys.server);
  }

  /**
   * The session that the client offers, if it may be resumed; a ticket goes before an id (RFC 5077 §3.4). Extended master
   * secret must be as it was (RFC 7627 §5.3).
   */
  function offeredSession(extendedMasterSecret: boolean): KeptSession | Refusal | undefined {
    const ticket = findExtension(hello.extensions, 'session_ticket')?.ticket;
    const session = ticket && ticket.length > 0 ? ticketed(ticket) : config.sessions?.get(toHex(hello.session_id));
    if (session?.version !== version || !checkResumption(config, session.leafHash)) return undefined;
    const { suite } = session;
    if (!hello.cipher_suites.includes(suite) || !config.cipherSuites.includes(suite) || !mayRun(config, suite, version))
      return undefined;
    if (session.extendedMasterSecret && !findExtension(hello.extensions, 'extended_master_secret'))
      return refuse({ fault: 'mismatch', code: 'no-extended-master-secret' });
    return session.extendedMasterSecret === extendedMasterSecret ? session : undefined;
  }

  function ticketed(ticket: Uint8Array): KeptSession | undefined {
    const state = config.tickets && openTicket(crypto, config.tickets, version, ticket, house.now);
    return state && { ...state, version, masterSecret: state.psk };
  }

  function acceptHello() {
    const negotiated = negotiate(config, hello);
    if ('refused' in negotiated) return negotiated;
    const session = offeredSession(negotiated.extendedMasterSecret);
    if (session && 'refused' in session) return session;
    return session ? resume(negotiated, session) : begin(negotiated);
  }

  /** What stands at the head of every flight that answers a hello. */
  function answerHello(negotiated: Hello, suite: CipherSuite, sessionId: Uint8Array, ticketPromised: boolean): Begun {
    const { message } = first;
    const { srtpProfile, alpn, extendedMasterSecret, extensions } = negotiated;
    const encryptThenMac = negotiated.encryptThenMac && suite.cipher.kind === 'cbc';
    const agreed: Agreed = {
      version,
      suite,
      clientRandom: hello.random,
      serverRandom: serverRandom(),
      extendedMasterSecret,
      encryptThenMac,
      srtpProfile,
      alpn,
    };
    if (encryptThenMac) extensions.push({ kind: 'encrypt_then_mac', body: {} });
    if (ticketPromised) extensions.push({ kind: 'session_ticket', body: {} });
    house.settle(first, hello.random);
    house.agree(version);
    house.limitRecords(negotiated.recordSizeLimit);
    const transcript = new Transcript();
    house.transcript = transcript;
    transcript.add(message);
    transcript.hashWith(crypto, hashOf(agreed));
    // message_seq goes on where the client's hello is: 1 after a cookie exchange, of which nothing was kept (errata 5186).
    const outbox = new Outbox(transcript, message.seq, misstatementsOf(config));
    outbox.message(
      0,
      HandshakeType.serverHello,
      encode(serverHello, {
        server_version: versionNumber[version],
        random: agreed.serverRandom,
        session_id: sessionId,
        cipher_suite: suite.code,
        compression_method: 0,
        extensions: extensions.length > 0 ? extensions : undefined,
      }),
    );
    return { agreed, transcript, outbox, flights: flights + 1, firstSeq: message.seq + 1, sessionId, ticketPromised };
  }

  function sendAnswer({ outbox }: Begun, awaited: Awaited): void {
    const { seq } = first.message;
    house.sendFlight({ number: flights + 1, parts: outbox.take(), awaited, answers: { first: seq, last: seq } });
  }

  /** The abbreviated handshake (RFC 5246 §7.3): ServerHello ChangeCipherSpec Finished; the last flight is the client's. */
  function resume(negotiated: Hello, session: KeptSession) {
    const suite = cipherSuite(session.suite);
    const resumed = checkResumption(config, session.leafHash);
    if (!suite || !resumed) throw new Error('a session was offered that may not be resumed');
    const begun = answerHello(negotiated, suite, hello.session_id, false);
    const keys = keysOf(house, begun.agreed, session.masterSecret);
    begun.transcript.forgetBytes();
    sendFinished(begun, keys);
    sendAnswer(begun, 'last-flight');
    const rest = { group: undefined, scheme: undefined, leafHash: session.leafHash, resumed: true };
    return go('awaitChangeCipherSpec', { keys, peer: { resumed }, ...rest, ...begun });
  }

  /** Flight 4 (RFC 6347 §4.2.4): ServerHello Certificate [ServerKeyExchange] [CertificateRequest] ServerHelloDone. */
  function begin(negotiated: Hello) {
    const choice = chooseForServer(config, crypto, version, {
      cipherSuites: hello.cipher_suites,
      groups: findExtension(hello.extensions, 'supported_groups')?.named_group_list,
      signatureSchemes: findExtension(hello.extensions, 'signature_algorithms')?.supported_signature_algorithms,
    });
    if ('refused' in choice) return choice;
    const { suite, credential, signed } = choice;
    const ticketPromised =
      (config.tickets?.count ?? 0) > 0 && findExtension(hello.extensions, 'session_ticket') !== undefined;
    const sessionId = config.sessions && !ticketPromised ? random(32) : emptyBytes;
    const begun = answerHello(negotiated, suite, sessionId, ticketPromised);
    const { outbox, agreed } = begun;
    outbox.message(0, HandshakeType.certificate, encode(certificate, { certificate_list: [...credential.chain] }));
    const share = signed && crypto.generate(signed.group, random);
    if (signed && share) {
      const params = { curve_type: 3, named_curve: signed.group, public: share.share };
      const { scheme } = signed;
      const signature = crypto.sign(credential.key, scheme, signedParams(agreed, encode(ecdhParams, params)), random);
      const body =
        version === '1.0'
          ? encode(serverKeyExchange10, { params, signature })
          : encode(serverKeyExchange12, { params, algorithm: scheme, signature });
      outbox.message(0, HandshakeType.serverKeyExchange, body);
    }
    const anonymous = config.clientAuth === 'none' ? checkAnonymity(config) : undefined;
    if (!anonymous) {
      const request = {
        certificate_types: certificateTypesFor(config.signatureSchemes),
        supported_signature_algorithms: [...config.signatureSchemes],
        certificate_authorities: [],
      };
      const body = version === '1.0' ? encode(certificateRequest10, request) : encode(certificateRequest12, request);
      outbox.message(0, HandshakeType.certificateRequest, body);
    }
    outbox.message(0, HandshakeType.serverHelloDone, emptyBytes);
    sendAnswer(begun, 'flight');
    const known: Negotiated = { choice, share, ...begun };
    return anonymous ? go('awaitClientKeyExchange', { shown: { anonymous }, ...known }) : go('awaitCertificate', known);
  }

  /** RFC 8446 §4.1.3: who speaks a newer version and agrees on this one says so where the signature covers it. */
  function serverRandom(): Uint8Array {
    const bytes = random(32);
    // Who guessed the version does not know that there is anything to say.
    const guessed = config.faults?.versionFrom !== undefined;
    const newer = config.versions.some((one) => versionNumber[one] < versionNumber[version]);
    return newer && !guessed ? concat(bytes.subarray(0, 24), downgradeSentinel[version]) : bytes;
  }

  const accepted = acceptHello();
  return 'refused' in accepted ? accepted : new Course(server12, steps, accepted);
}

/** What a hello and the settings agree on, whatever the suite, and the extensions that say so. */
interface Hello {
  readonly srtpProfile: number | undefined;
  readonly alpn: string | undefined;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  /** The client's. */
  readonly recordSizeLimit: number | undefined;
  readonly extensions: ServerExtension[];
}

/** What does not hang on the credential: each extension that we answer (RFC 5246 §7.4.1.2). */
function negotiate(config: EndpointConfig, hello: ClientHello): Hello | Refusal {
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
  const sizes = answerRecordSize(config, offered, '1.2');
  if ('refused' in sizes) return sizes;
  extensions.push(...sizes.extensions);

  const application = answerApplication(config, offered);
  if ('refused' in application) return application;
  return {
    srtpProfile: application.srtpProfile,
    alpn: application.alpn,
    extendedMasterSecret,
    // RFC 7366 §3: answered once the suite is known to be one of AES-CBC.
    encryptThenMac: config.encryptThenMac !== false && findExtension(offered, 'encrypt_then_mac') !== undefined,
    recordSizeLimit: sizes.limit,
    extensions: [...extensions, ...application.extensions],
  };
}
