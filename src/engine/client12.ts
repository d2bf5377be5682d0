/**
 * A client of DTLS 1.2 or 1.0 from the ServerHello on, in the order of the protocol: what it does with each message that its
 * table (`client12` in states.ts) lets in.
 */
import { emptyBytes, equal } from '../base/bytes.ts';
import { decode, encode } from '../codec/codec.ts';
import { makePremaster } from '../crypto/rsaKeyExchange.ts';
import { type Extension, findExtension } from '../wire/extensions.ts';
import {
  type ClientHello,
  certificate,
  certificateRequest10,
  certificateRequest12,
  certificateVerify10,
  certificateVerify12,
  clientHello,
  clientKeyExchangeEcdhe,
  clientKeyExchangeRsa,
  ecdhParamsLength,
  finished12,
  newSessionTicket12,
  type ServerHello,
  type ServerKeyExchange12,
  serverKeyExchange10,
  serverKeyExchange12,
} from '../wire/handshake.ts';
import { groups, HandshakeType, nameIn } from '../wire/registry.ts';
import { cipherSuite, cipherSuiteName } from '../wire/suites.ts';
import type { EndpointConfig, OldVersion, Session12 } from './api.ts';
import type { Association, Handshake } from './association.ts';
import { type Asked as AskedFor, chooseForClient } from './choose.ts';
import { isHybrid, mayRun } from './config.ts';
import type { SentHello } from './hello.ts';
import { Course, go, type Handlers, type Message, type Refusal, refuse } from './machine.ts';
import { misstatementsOf } from './misstatements.ts';
import { type Connected, checkResumption, type PeerProof, type SignatureVerified, verifyFinished } from './proofs.ts';
import {
  duplicateExtension,
  examineChain,
  illegal,
  malformed,
  Outbox,
  readApplication,
  type ShownCertificate,
  unasked,
  unsupported,
} from './session.ts';
import {
  type Agreed,
  checkSignature,
  deriveKeys,
  exporter,
  finishedData,
  hashOf,
  type Keys,
  keyMismatch,
  keysOf,
  parametersOf,
  renegotiationSuite,
  signedParams,
} from './session12.ts';
import { client12 } from './states.ts';
import { Transcript } from './transcript.ts';

const groupName = nameIn(groups);

interface Negotiated {
  readonly agreed: Agreed;
  readonly ticketPromised: boolean;
  readonly transcript: Transcript;
  readonly outbox: Outbox;
  /** message_seq of the ServerHello, with which the flight that ours answers begins. */
  readonly firstSeq: number;
  readonly flights: number;
}
interface Authenticated extends Negotiated {
  readonly shown: ShownCertificate;
}
interface Exchanged extends Authenticated {
  /** What ServerKeyExchange held, signed; there is none in RSA key exchange. */
  readonly signed: ServerShare | undefined;
}
interface ServerShare {
  readonly signature: SignatureVerified;
  readonly scheme: number | undefined;
  readonly group: number;
  readonly share: Uint8Array;
}
interface Asked extends Exchanged {
  readonly request: AskedFor;
}
interface Keyed extends Negotiated {
  readonly keys: Keys;
  /** All that is known of the server before its Finished. */
  readonly server: Exchanged | { readonly session: Session12; readonly peer: PeerProof };
  readonly ticket: Ticket | undefined;
}
/** A NewSessionTicket; the lifetime is a hint, 0 says nothing (RFC 5077 §3.3). */
interface Ticket {
  readonly ticket: Uint8Array;
  readonly lifetimeSeconds: number;
}

interface Client12Knowledge {
  readonly awaitCertificate: Negotiated;
  readonly awaitServerKeyExchange: Authenticated;
  readonly awaitCertificateRequest: Exchanged;
  readonly awaitServerHelloDone: Asked;
  readonly awaitNewSessionTicket: Keyed;
  readonly awaitChangeCipherSpec: Keyed;
  readonly awaitFinished: Keyed;
  readonly connected: Connected;
  readonly closed: undefined;
  readonly failed: undefined;
}

/** How long sessions are good for of which the server does not say (RFC 5246 §F.1.4), and at most. */
const dayS = 86_400;
const weekS = 604_800;

/** Goes on from a ServerHello of DTLS 1.2 or 1.0. */
export function continueClient12(
  house: Association,
  known: SentHello,
  message: Message,
  answer: ServerHello,
  version: OldVersion,
): Handshake | Refusal {
  const { config } = house;
  const { crypto, random } = house.env;
  const { session } = known.draft;
  const resuming = session && answer.session_id.length > 0 && equal(answer.session_id, known.hello.session_id);
  const agreed = agree(config, known.hello, answer, version, resuming ? session : undefined);
  if ('refused' in agreed) return agreed;
  house.agree(version);
  house.limitRecords(agreed.recordSizeLimit);
  house.inbox.anchor(message.seq + 1);
  const transcript = new Transcript();
  house.transcript = transcript;
  transcript.add({ type: HandshakeType.clientHello, seq: known.seq, body: known.body });
  transcript.add(message);
  transcript.hashWith(crypto, hashOf(agreed));

  /** The verify_data of our Finished. */
  let finishedWith = emptyBytes;

  const steps: Handlers<typeof client12, Client12Knowledge> = {
    awaitCertificate: {
      certificate(known, message) {
        known.transcript.add(message);
        const { certificate_list } = decode(certificate, message.body);
        const examined = examineChain(house, certificate_list);
        if ('refused' in examined) return examined;
        const mismatch = keyMismatch(examined.shown.key, known.agreed);
        if (mismatch) return refuse(mismatch);
        return agreed.suite.keyExchange === 'rsa'
          ? go('awaitCertificateRequest', { shown: examined.shown, signed: undefined, ...known })
          : go('awaitServerKeyExchange', { shown: examined.shown, ...known });
      },
    },

    awaitServerKeyExchange: {
      server_key_exchange(known, message) {
        known.transcript.add(message);
        const read: Pick<ServerKeyExchange12, 'params' | 'signature'> & Partial<ServerKeyExchange12> =
          version === '1.0' ? decode(serverKeyExchange10, message.body) : decode(serverKeyExchange12, message.body);
        const { params, algorithm } = read;
        if (!config.groups.includes(params.named_curve) || isHybrid(params.named_curve))
          return illegal('server_key_exchange', `group 0x${params.named_curve.toString(16)} was not offered`);
        if (!crypto.supportsGroup(params.named_curve)) return unsupported(`group ${groupName(params.named_curve)}`);
        // The bytes that were received are what was signed.
        const covered = signedParams(known.agreed, message.body.subarray(0, ecdhParamsLength(params.public)));
        const checked = checkSignature(house, known.shown, 'server_key_exchange', covered, read);
        if ('refused' in checked) return checked;
        const signed: ServerShare = {
          signature: checked.verified,
          scheme: algorithm,
          group: params.named_curve,
          share: params.public,
        };
        return go('awaitCertificateRequest', { signed, ...known });
      },
    },

    awaitCertificateRequest: {
      certificate_request(known, message) {
        known.transcript.add(message);
        const request =
          version === '1.0' ? decode(certificateRequest10, message.body) : decode(certificateRequest12, message.body);
        return go('awaitServerHelloDone', { request, ...known });
      },
      server_hello_done: (known, message) => answerServer(known, undefined, message),
    },

    awaitServerHelloDone: {
      server_hello_done: (known, message) => answerServer(known, known.request, message),
    },

    awaitNewSessionTicket: { new_session_ticket: takeTicket },

    awaitChangeCipherSpec: {
      new_session_ticket: takeTicket,
      change_cipher_spec(known) {
        house.records.openRead(1, known.keys.server);
        return go('awaitFinished', known);
      },
    },

    awaitFinished: {
      finished(known, message) {
        const { agreed, keys, transcript, server } = known;
        const { verify_data } = decode(finished12, message.body);
        const finished = verifyFinished(finishedData(house, agreed, keys, 'server', transcript), verify_data);
        if (!finished) return refuse({ fault: 'peer', code: 'bad-finished' });
        const resumed = 'session' in server;
        if (resumed) {
          transcript.add(message);
          sendFinished(known, 'nothing', message);
        }
        const signed = resumed ? undefined : server.signed;
        const connected: Connected = {
          finished,
          peer: resumed
            ? server.peer
            : { trusted: server.shown.trusted, ...(signed ? { signature: signed.signature } : { finished }) },
          parameters: parametersOf(agreed, signed?.group, signed?.scheme, resumed),
          export: exporter(house, agreed, keys),
        };
        house.establish(connected);
        offerToResume(known);
        if (config.faults?.afterFinished === 'renegotiates')
          house.sendAside(HandshakeType.clientHello, 0, renegotiationHello());
        return go('connected', connected);
      },
    },

    connected: {
      hello_request(known) {
        house.refuseRenegotiation();
        return go('connected', known);
      },
    },
    closed: {},
    failed: {},
  };

  /** Flight 5 (RFC 6347 §4.2.4): [Certificate] ClientKeyExchange [CertificateVerify] ChangeCipherSpec Finished. */
  function answerServer(known: Exchanged, request: AskedFor | undefined, message: Message) {
    const { transcript, outbox, agreed, shown, signed } = known;
    if (message.body.length > 0) return malformed('server_hello_done', 'has a body');
    transcript.add(message);
    const own = request && chooseForClient(config, crypto, request);
    // Without one that fits, an empty Certificate is the answer (RFC 5246 §7.4.6).
    if (request)
      outbox.message(
        0,
        HandshakeType.certificate,
        encode(certificate, { certificate_list: [...(own?.credential.chain ?? [])] }),
      );
    const exchange = signed ? ecdhe(signed) : rsa(shown);
    if ('refused' in exchange) return exchange;
    outbox.message(0, HandshakeType.clientKeyExchange, exchange.body);
    const keys = deriveKeys(house, agreed, exchange.premaster, transcript);
    if (own) {
      const signature = crypto.sign(own.credential.key, own.scheme, transcript.bytes(), random);
      const body =
        version === '1.0'
          ? encode(certificateVerify10, { signature })
          : encode(certificateVerify12, { algorithm: own.scheme, signature });
      outbox.message(0, HandshakeType.certificateVerify, body);
    }
    transcript.forgetBytes();
    const keyed: Keyed = { keys, server: known, ticket: undefined, ...known };
    sendFinished(keyed, 'last-flight', message);
    return known.ticketPromised ? go('awaitNewSessionTicket', keyed) : go('awaitChangeCipherSpec', keyed);
  }

  interface KeyExchange {
    readonly body: Uint8Array;
    readonly premaster: Uint8Array;
  }

  function ecdhe({ group, share }: ServerShare): KeyExchange | Refusal {
    const ours = crypto.respond(group, share, random);
    if (!ours) return illegal('server_key_exchange', 'the key share is not a valid one');
    return { body: encode(clientKeyExchangeEcdhe, { ecdh_Yc: ours.share }), premaster: ours.secret };
  }

  function rsa({ key }: ShownCertificate): KeyExchange | Refusal {
    const made = key.kind === 'rsa' ? makePremaster(crypto, key, known.hello.client_version, random) : undefined;
    if (!made) return refuse({ fault: 'peer', code: 'bad-certificate', what: 'no secret can be encrypted to its key' });
    const body = encode(clientKeyExchangeRsa, { encrypted_pre_master_secret: made.encrypted });
    return { body, premaster: made.premaster };
  }

  /** ChangeCipherSpec and Finished, the end of each of our flights. `last`: the last message of the flight that it answers. */
  function sendFinished(known: Keyed, awaited: 'last-flight' | 'nothing', last: Message): void {
    const { outbox, keys } = known;
    outbox.changeCipherSpec();
    const verify_data = finishedData(house, known.agreed, keys, 'client', known.transcript);
    finishedWith = verify_data;
    // The only one under the new keys (RFC 5246 §7.1).
    outbox.message(1, HandshakeType.finished, encode(finished12, { verify_data }));
    house.records.openWrite(1, keys.client);
    house.sendFlight({
      number: known.flights + 1,
      parts: outbox.take(),
      awaited,
      answers: { first: known.firstSeq, last: last.seq },
    });
  }

  /** Our hello again, which now holds what proves that it is ours (RFC 5746 §3.5). */
  function renegotiationHello(): Uint8Array {
    const { hello } = known;
    const renegotiation: Extension<'client_hello'> = {
      kind: 'renegotiation_info',
      body: { renegotiated_connection: finishedWith },
    };
    return encode(clientHello, {
      ...hello,
      ...{ random: random(32), session_id: emptyBytes, cookie: emptyBytes },
      cipher_suites: hello.cipher_suites.filter((code) => code !== renegotiationSuite),
      extensions: [...(hello.extensions ?? []).filter(({ kind }) => kind !== renegotiation.kind), renegotiation],
    });
  }

  function takeTicket(known: Keyed, message: Message) {
    known.transcript.add(message);
    const { ticket, ticket_lifetime_hint } = decode(newSessionTicket12, message.body);
    const lifetimeSeconds = Math.min(ticket_lifetime_hint || dayS, weekS);
    return go('awaitChangeCipherSpec', { ...known, ticket: { ticket, lifetimeSeconds } });
  }

  /** Tells of something to resume from, if the server gave anything new. An empty ticket is none (RFC 5077 §3.3). */
  function offerToResume({ agreed, keys, server, ticket }: Keyed): void {
    const resumed = 'session' in server;
    const fresh = ticket && ticket.ticket.length > 0 ? ticket : undefined;
    if (!fresh && (resumed || answer.session_id.length === 0)) return;
    house.event({
      kind: 'ticket',
      ticket: {
        version,
        sessionId: fresh ? emptyBytes : answer.session_id,
        ticket: fresh?.ticket,
        masterSecret: keys.master,
        cipherSuite: agreed.suite.code,
        extendedMasterSecret: agreed.extendedMasterSecret,
        lifetimeSeconds: fresh?.lifetimeSeconds ?? dayS,
        receivedAt: house.now,
        peerLeaf: resumed ? server.session.peerLeaf : server.shown.leaf,
      },
    });
  }

  const negotiated: Negotiated = {
    agreed,
    ticketPromised: findExtension(answer.extensions, 'session_ticket') !== undefined,
    transcript,
    outbox: new Outbox(transcript, known.seq + 1, misstatementsOf(config)),
    firstSeq: message.seq,
    flights: known.flights + 1,
  };
  if (!resuming) return new Course(client12, steps, go('awaitCertificate', negotiated));

  // RFC 5246 §7.3: the server goes first, and our flight is the last. The session's server was trusted when the hello was made.
  const resumed = checkResumption(config, crypto.hash('sha256', session.peerLeaf));
  if (!resumed) return illegal('server_hello', 'a session that was not offered');
  transcript.forgetBytes();
  const keys = keysOf(house, agreed, session.masterSecret);
  const keyed: Keyed = { keys, server: { session, peer: { resumed } }, ticket: undefined, ...negotiated };
  const start = negotiated.ticketPromised ? go('awaitNewSessionTicket', keyed) : go('awaitChangeCipherSpec', keyed);
  return new Course(client12, steps, start);
}

/** What the server chose, if it may be chosen (RFC 5246 §7.4.1.3). */
function agree(
  config: EndpointConfig,
  hello: ClientHello,
  answer: ServerHello,
  version: OldVersion,
  /** The session that the server resumes. */
  session: Session12 | undefined,
): (Agreed & { readonly recordSizeLimit: number | undefined }) | Refusal {
  if (!hello.cipher_suites.includes(answer.cipher_suite))
    return illegal('server_hello', `${cipherSuiteName(answer.cipher_suite)} was not offered`);
  const suite = cipherSuite(answer.cipher_suite);
  // RFC 8446 §B.4: a suite of 1.3 is none of 1.2; AEAD and SHA-256 are none of 1.0 (RFC 5246 §1.2).
  if (suite && !suite.versions.includes(version)) return illegal('server_hello', `${suite.name} in DTLS ${version}`);
  if (!suite || !mayRun(config, answer.cipher_suite, version)) return unsupported(cipherSuiteName(answer.cipher_suite));
  // RFC 5246 §7.4.1.3: version and suite of a session stay as they were.
  if (session && (session.version !== version || session.cipherSuite !== suite.code))
    return illegal('server_hello', 'a session of another version or suite is resumed');
  if (answer.compression_method !== 0) return illegal('server_hello', 'compression was not offered');

  const { extensions } = answer;
  // The suite asked for renegotiation_info as the extension would have.
  const byExtension = hello.cipher_suites.includes(renegotiationSuite)
    ? extensions?.filter(({ kind }) => kind !== 'renegotiation_info')
    : extensions;
  const fault =
    duplicateExtension('server_hello', extensions) ?? unasked(hello.extensions, 'server_hello', byExtension);
  if (fault) return refuse(fault);
  // RFC 5746 §3.4: empty in a first handshake; absent means an old server, which we do not mind without renegotiation.
  const renegotiation = findExtension(extensions, 'renegotiation_info');
  if (renegotiation && renegotiation.renegotiated_connection.length > 0)
    return refuse({ fault: 'mismatch', code: 'unsupported', what: 'renegotiation_info is not empty' });
  // RFC 8422 §5.1.2: uncompressed points must be among the server's formats.
  const formats = findExtension(extensions, 'ec_point_formats');
  if (formats && !formats.ec_point_format_list.includes(0))
    return illegal('server_hello', 'ec_point_formats lacks uncompressed');
  const extendedMasterSecret = findExtension(extensions, 'extended_master_secret') !== undefined;
  if (!extendedMasterSecret && config.extendedMasterSecret === 'require')
    return refuse({ fault: 'mismatch', code: 'no-extended-master-secret' });
  // RFC 7627 §5.3: a session that is resumed has it when it had it, and only then.
  if (session && session.extendedMasterSecret !== extendedMasterSecret)
    return session.extendedMasterSecret
      ? refuse({ fault: 'mismatch', code: 'no-extended-master-secret' })
      : illegal('server_hello', 'extended_master_secret for a session that was made without');
  const limit = findExtension(extensions, 'record_size_limit')?.record_size_limit;
  // RFC 8449 §4.
  if (limit !== undefined && limit < 64) return illegal('server_hello', `record_size_limit is ${limit}`);
  const application = readApplication(
    config,
    'server_hello',
    findExtension(extensions, 'use_srtp'),
    findExtension(extensions, 'application_layer_protocol_negotiation'),
  );
  if ('refused' in application) return application;

  return {
    version,
    suite,
    clientRandom: hello.random,
    serverRandom: answer.random,
    extendedMasterSecret,
    encryptThenMac: findExtension(extensions, 'encrypt_then_mac') !== undefined,
    recordSizeLimit: limit,
    srtpProfile: application.srtpProfile,
    alpn: application.alpn,
  };
}
