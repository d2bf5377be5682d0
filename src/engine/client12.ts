import { decode, encode } from '../codec/codec.ts';
import { findExtension } from '../wire/extensions.ts';
import {
  type CertificateRequest12,
  type ClientHello,
  certificate,
  certificateRequest12,
  certificateVerify12,
  clientKeyExchangeEcdhe,
  ecdhParams,
  finished12,
  newSessionTicket12,
  type ServerHello,
  serverKeyExchange12,
} from '../wire/handshake.ts';
import { groups, HandshakeType, nameIn } from '../wire/registry.ts';
import { cipherSuite, cipherSuiteName } from '../wire/suites.ts';
import type { EndpointConfig } from './api.ts';
import type { Association, Handshake } from './association.ts';
import { chooseForClient } from './choose.ts';
import { canRun, isHybrid } from './config.ts';
import type { SentHello } from './hello.ts';
import { Course, go, type Handlers, type Message, type Refusal, refuse } from './machine.ts';
import { type Connected, type SignatureVerified, verifyFinished } from './proofs.ts';
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
  type Keys,
  keyMismatch,
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
interface Signed extends Authenticated {
  readonly signature: SignatureVerified;
  readonly scheme: number;
  readonly group: number;
  readonly serverShare: Uint8Array;
}
interface Asked extends Signed {
  readonly request: CertificateRequest12;
}
interface Keyed extends Signed {
  readonly keys: Keys;
}

interface Client12Knowledge {
  readonly awaitCertificate: Negotiated;
  readonly awaitServerKeyExchange: Authenticated;
  readonly awaitCertificateRequest: Signed;
  readonly awaitServerHelloDone: Asked;
  readonly awaitNewSessionTicket: Keyed;
  readonly awaitChangeCipherSpec: Keyed;
  readonly awaitFinished: Keyed;
  readonly connected: Connected;
  readonly closed: undefined;
  readonly failed: undefined;
}

/** Goes on from a ServerHello of DTLS 1.2. */
export function continueClient12(
  house: Association,
  known: SentHello,
  message: Message,
  answer: ServerHello,
): Handshake | Refusal {
  const { config } = house;
  const { crypto, random } = house.env;
  const agreed = agree(config, known.hello, answer);
  if ('refused' in agreed) return agreed;
  house.agree('1.2');
  house.records.peerLimit = agreed.recordSizeLimit;
  house.inbox.anchor(message.seq + 1);
  const transcript = new Transcript();
  transcript.add({ type: HandshakeType.clientHello, seq: known.seq, body: known.body });
  transcript.add(message);
  transcript.hashWith(crypto, agreed.suite.hash);

  const steps: Handlers<typeof client12, Client12Knowledge> = {
    awaitCertificate: {
      certificate(known, message) {
        known.transcript.add(message);
        const { certificate_list } = decode(certificate, message.body);
        const examined = examineChain(house, certificate_list);
        if ('refused' in examined) return examined;
        const mismatch = keyMismatch(examined.shown.key, known.agreed.suite);
        if (mismatch) return refuse(mismatch);
        return go('awaitServerKeyExchange', { shown: examined.shown, ...known });
      },
    },

    awaitServerKeyExchange: {
      server_key_exchange(known, message) {
        known.transcript.add(message);
        const { params, algorithm, signature } = decode(serverKeyExchange12, message.body);
        if (!config.groups.includes(params.named_curve) || isHybrid(params.named_curve))
          return illegal('server_key_exchange', `group 0x${params.named_curve.toString(16)} was not offered`);
        if (!crypto.supportsGroup(params.named_curve)) return unsupported(`group ${groupName(params.named_curve)}`);
        // The bytes that were received are what was signed.
        const signed = message.body.subarray(0, encode(ecdhParams, params).length);
        const checked = checkSignature(house, known.shown, 'server_key_exchange', signedParams(known.agreed, signed), {
          algorithm,
          signature,
        });
        if ('refused' in checked) return checked;
        return go('awaitCertificateRequest', {
          signature: checked.verified,
          scheme: algorithm,
          group: params.named_curve,
          serverShare: params.public,
          ...known,
        });
      },
    },

    awaitCertificateRequest: {
      certificate_request(known, message) {
        known.transcript.add(message);
        return go('awaitServerHelloDone', { request: decode(certificateRequest12, message.body), ...known });
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
        const { agreed, keys, transcript } = known;
        const { verify_data } = decode(finished12, message.body);
        const finished = verifyFinished(finishedData(house, agreed, keys, 'server', transcript), verify_data);
        if (!finished) return refuse({ fault: 'peer', code: 'bad-finished' });
        const connected: Connected = {
          finished,
          peer: { signature: known.signature, trusted: known.shown.trusted },
          parameters: parametersOf(agreed, known.group, known.scheme),
          export: exporter(house, agreed, keys),
        };
        house.establish(connected);
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
  function answerServer(known: Signed, request: CertificateRequest12 | undefined, message: Message) {
    const { transcript, outbox, agreed } = known;
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
    const ours = crypto.respond(known.group, known.serverShare, random);
    if (!ours) return illegal('server_key_exchange', 'the key share is not a valid one');
    outbox.message(0, HandshakeType.clientKeyExchange, encode(clientKeyExchangeEcdhe, { ecdh_Yc: ours.share }));
    const keys = deriveKeys(house, agreed, ours.secret, transcript);
    if (own) {
      const signature = crypto.sign(own.credential.key, own.scheme, transcript.bytes(), random);
      outbox.message(
        0,
        HandshakeType.certificateVerify,
        encode(certificateVerify12, { algorithm: own.scheme, signature }),
      );
    }
    transcript.forgetBytes();
    outbox.changeCipherSpec();
    const verify_data = finishedData(house, agreed, keys, 'client', transcript);
    // The only one under the new keys (RFC 5246 §7.1).
    outbox.message(1, HandshakeType.finished, encode(finished12, { verify_data }));
    house.records.openWrite(1, keys.client);
    house.sendFlight({
      number: known.flights + 1,
      parts: outbox.take(),
      awaited: 'last-flight',
      answers: { first: known.firstSeq, last: message.seq },
    });
    const keyed: Keyed = { keys, ...known };
    return known.ticketPromised ? go('awaitNewSessionTicket', keyed) : go('awaitChangeCipherSpec', keyed);
  }

  function takeTicket(known: Keyed, message: Message) {
    known.transcript.add(message);
    decode(newSessionTicket12, message.body);
    return go('awaitChangeCipherSpec', known);
  }

  const negotiated: Negotiated = {
    agreed,
    ticketPromised: findExtension(answer.extensions, 'session_ticket') !== undefined,
    transcript,
    outbox: new Outbox(transcript, known.seq + 1),
    firstSeq: message.seq,
    flights: known.flights + 1,
  };
  return new Course(client12, steps, go('awaitCertificate', negotiated));
}

/** What the server chose, if it may be chosen (RFC 5246 §7.4.1.3). */
function agree(
  config: EndpointConfig,
  hello: ClientHello,
  answer: ServerHello,
): (Agreed & { readonly recordSizeLimit: number }) | Refusal {
  if (!hello.cipher_suites.includes(answer.cipher_suite))
    return illegal('server_hello', `${cipherSuiteName(answer.cipher_suite)} was not offered`);
  const suite = cipherSuite(answer.cipher_suite);
  // RFC 8446 §B.4: a suite of 1.3 is none of 1.2.
  if (suite && !suite.versions.includes('1.2')) return illegal('server_hello', `${suite.name} in DTLS 1.2`);
  if (!suite || !canRun(answer.cipher_suite, '1.2')) return unsupported(cipherSuiteName(answer.cipher_suite));
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
    suite,
    clientRandom: hello.random,
    serverRandom: answer.random,
    extendedMasterSecret,
    recordSizeLimit: limit ?? Number.POSITIVE_INFINITY,
    ...application,
  };
}
