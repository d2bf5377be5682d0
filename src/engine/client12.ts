/**
 * A DTLS 1.2 client, in the order of the protocol: what it does with each message that its table (`client12` in
 * states.ts) lets in. Each step gets what its state knows and hands on what the next must know; the last one cannot be
 * taken without the proofs that signature, trust and Finished were checked.
 */
import { emptyBytes, equal, utf8 } from '../base/bytes.ts';
import { decode, encode } from '../codec/codec.ts';
import { type ClientExtension, extensionCode, findExtension } from '../wire/extensions.ts';
import {
  type CertificateRequest12,
  type ClientHello,
  certificate,
  certificateRequest12,
  certificateVerify12,
  clientHello,
  clientKeyExchangeEcdhe,
  ecdhParams,
  finished12,
  helloVerifyRequest,
  newSessionTicket12,
  type ServerHello,
  serverHello,
  serverKeyExchange12,
} from '../wire/handshake.ts';
import { HandshakeType, versionNumber } from '../wire/registry.ts';
import { cipherSuite, cipherSuiteName } from '../wire/suites.ts';
import type { EndpointConfig } from './api.ts';
import type { Association, Handshake } from './association.ts';
import { chooseForClient } from './choose.ts';
import { canRun } from './config.ts';
import type { Failure } from './failure.ts';
import { Course, go, type Handlers, type Message, type Refusal, refuse } from './machine.ts';
import { type Connected, type SignatureVerified, verifyFinished } from './proofs.ts';
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
  keyMismatch,
  Outbox,
  parametersOf,
  type ShownCertificate,
  signedParams,
} from './session12.ts';
import { client12 } from './states.ts';
import { Transcript } from './transcript.ts';

interface Hello {
  readonly hello: ClientHello;
  /** message_seq of the hello that is out. */
  readonly seq: number;
  /** Flights so far, both sides'. */
  readonly flights: number;
}
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
  readonly idle: undefined;
  readonly awaitServerHello: Hello;
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

/** Cookies that a client follows before it takes the server for broken, and HelloVerifyRequests for noise. */
const mostCookies = 8;

export function startClient12(house: Association): Handshake {
  const { config } = house;
  const { crypto, random } = house.env;

  const steps: Handlers<typeof client12, Client12Knowledge> = {
    idle: {
      start() {
        const hello = firstHello(config, random(32));
        const known = { hello, seq: 0, flights: 1 };
        sendHello(known);
        return go('awaitServerHello', known);
      },
    },

    awaitServerHello: {
      hello_verify_request(known, message) {
        const { cookie } = decode(helloVerifyRequest, message.body);
        // The version in it means nothing (RFC 6347 §4.2.1). The same cookie again answers a copy of our first hello; a
        // new one is followed, from the same parameters, so that a server which lost its secret is not lost for us.
        if (equal(cookie, known.hello.cookie) || known.seq >= mostCookies) {
          house.drop('repeated-message', undefined, 'hello_verify_request');
          return go('awaitServerHello', known);
        }
        const next = { hello: { ...known.hello, cookie }, seq: known.seq + 1, flights: known.flights + 2 };
        sendHello(next);
        return go('awaitServerHello', next);
      },
      server_hello(known, message) {
        const answer = decode(serverHello, message.body);
        const agreed = agree(config, known.hello, answer);
        if ('refused' in agreed) return agreed;
        house.records.version = versionNumber['1.2'];
        house.inbox.anchor(message.seq + 1);
        const transcript = new Transcript();
        transcript.add({ type: HandshakeType.clientHello, seq: known.seq, body: encode(clientHello, known.hello) });
        transcript.add(message);
        transcript.hashWith(crypto, agreed.suite.hash);
        return go('awaitCertificate', {
          agreed,
          ticketPromised: findExtension(answer.extensions, 'session_ticket') !== undefined,
          transcript,
          outbox: new Outbox(transcript, known.seq + 1),
          firstSeq: message.seq,
          flights: known.flights + 1,
        });
      },
    },

    awaitCertificate: {
      certificate(known, message) {
        known.transcript.add(message);
        const { certificate_list } = decode(certificate, message.body);
        const examined = examineChain(house, certificate_list);
        if ('refused' in examined) return examined;
        const mismatch = keyMismatch(examined.shown.key, known.agreed.suite);
        if (mismatch) return refuse(mismatch);
        return go('awaitServerKeyExchange', { ...known, shown: examined.shown });
      },
    },

    awaitServerKeyExchange: {
      server_key_exchange(known, message) {
        known.transcript.add(message);
        const { params, algorithm, signature } = decode(serverKeyExchange12, message.body);
        if (!config.groups.includes(params.named_curve))
          return illegal('server_key_exchange', `group 0x${params.named_curve.toString(16)} was not offered`);
        if (!crypto.supportsGroup(params.named_curve))
          return refuse({ fault: 'mismatch', code: 'unsupported', what: `group 0x${params.named_curve.toString(16)}` });
        // The bytes that were received are what was signed.
        const signed = message.body.subarray(0, encode(ecdhParams, params).length);
        const checked = checkSignature(house, known.shown, 'server_key_exchange', signedParams(known.agreed, signed), {
          algorithm,
          signature,
        });
        if ('refused' in checked) return checked;
        return go('awaitCertificateRequest', {
          ...known,
          signature: checked.verified,
          scheme: algorithm,
          group: params.named_curve,
          serverShare: params.public,
        });
      },
    },

    awaitCertificateRequest: {
      certificate_request(known, message) {
        known.transcript.add(message);
        return go('awaitServerHelloDone', { ...known, request: decode(certificateRequest12, message.body) });
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

  function sendHello({ hello, seq, flights }: Hello): void {
    const body = encode(clientHello, hello);
    // What a HelloVerifyRequest answers is not kept from: a repeat of it is seen by its cookie.
    const parts = [{ kind: 'message', epoch: 0, type: HandshakeType.clientHello, seq, body }] as const;
    house.sendFlight({ number: flights, parts, awaited: 'flight', answers: undefined });
  }

  /** Flight 5 (RFC 6347 §4.2.4): [Certificate] ClientKeyExchange [CertificateVerify] ChangeCipherSpec Finished. */
  function answerServer(known: Signed, request: CertificateRequest12 | undefined, message: Message) {
    const { transcript, outbox, agreed } = known;
    if (message.body.length > 0) return malformed('server_hello_done', 'has a body');
    transcript.add(message);
    const own = request && chooseForClient(config, crypto, request);
    // Without one that fits, an empty Certificate is the answer (RFC 5246 §7.4.6).
    if (request)
      outbox.message(
        HandshakeType.certificate,
        encode(certificate, { certificate_list: [...(own?.credential.chain ?? [])] }),
      );
    const ours = crypto.respond(known.group, known.serverShare, random);
    if (!ours) return illegal('server_key_exchange', 'the key share is not a valid one');
    outbox.message(HandshakeType.clientKeyExchange, encode(clientKeyExchangeEcdhe, { ecdh_Yc: ours.share }));
    const keys = deriveKeys(house, agreed, ours.secret, transcript);
    if (own) {
      const signature = crypto.sign(own.credential.key, own.scheme, transcript.bytes(), random);
      outbox.message(
        HandshakeType.certificateVerify,
        encode(certificateVerify12, { algorithm: own.scheme, signature }),
      );
    }
    transcript.forgetBytes();
    outbox.changeCipherSpec();
    const verify_data = finishedData(house, agreed, keys, 'client', transcript);
    outbox.message(HandshakeType.finished, encode(finished12, { verify_data }));
    house.records.openWrite(1, keys.client);
    house.sendFlight({
      number: known.flights + 1,
      parts: outbox.take(),
      awaited: 'last-flight',
      answers: { first: known.firstSeq, last: message.seq },
    });
    const keyed: Keyed = { ...known, keys };
    return known.ticketPromised ? go('awaitNewSessionTicket', keyed) : go('awaitChangeCipherSpec', keyed);
  }

  function takeTicket(known: Keyed, message: Message) {
    known.transcript.add(message);
    decode(newSessionTicket12, message.body);
    return go('awaitChangeCipherSpec', known);
  }

  return new Course(client12, steps, go('idle', undefined));
}

const illegal = (message: string, what: string): Refusal =>
  refuse({ fault: 'peer', code: 'illegal-parameter', message, what });
const malformed = (message: string, why: string): Refusal =>
  refuse({ fault: 'peer', code: 'malformed', message, at: 0, why });

/** The hello with an empty cookie; the one with a cookie differs in nothing else (RFC 6347 §4.2.1). */
function firstHello(config: EndpointConfig, random: Uint8Array): ClientHello {
  const extensions: ClientExtension[] = [];
  if (config.extendedMasterSecret !== 'off') extensions.push({ kind: 'extended_master_secret', body: {} });
  extensions.push(
    { kind: 'renegotiation_info', body: { renegotiated_connection: emptyBytes } },
    { kind: 'supported_groups', body: { named_group_list: [...config.groups] } },
    { kind: 'ec_point_formats', body: { ec_point_format_list: [0] } },
  );
  if (config.sessionTicket) extensions.push({ kind: 'session_ticket', body: { ticket: emptyBytes } });
  if (config.alpn.length > 0)
    extensions.push({
      kind: 'application_layer_protocol_negotiation',
      body: { protocol_name_list: config.alpn.map(utf8) },
    });
  extensions.push({
    kind: 'signature_algorithms',
    body: { supported_signature_algorithms: [...config.signatureSchemes] },
  });
  if (config.srtpProfiles.length > 0)
    extensions.push({
      kind: 'use_srtp',
      body: { SRTPProtectionProfiles: [...config.srtpProfiles], srtp_mki: emptyBytes },
    });
  return {
    client_version: versionNumber['1.2'],
    random,
    session_id: emptyBytes,
    cookie: emptyBytes,
    cipher_suites: [...config.cipherSuites],
    compression_methods: [0],
    extensions,
  };
}

/** What the server chose, if it may be chosen (RFC 5246 §7.4.1.3). */
function agree(config: EndpointConfig, hello: ClientHello, answer: ServerHello): Agreed | Refusal {
  if (answer.server_version !== hello.client_version)
    return refuse({
      fault: 'mismatch',
      code: 'version',
      offered: [hello.client_version],
      supported: [answer.server_version],
    });
  if (!hello.cipher_suites.includes(answer.cipher_suite))
    return illegal('server_hello', `${cipherSuiteName(answer.cipher_suite)} was not offered`);
  const suite = canRun(answer.cipher_suite) ? cipherSuite(answer.cipher_suite) : undefined;
  if (!suite) return refuse({ fault: 'mismatch', code: 'unsupported', what: cipherSuiteName(answer.cipher_suite) });
  if (answer.compression_method !== 0) return illegal('server_hello', 'compression was not offered');

  const { extensions } = answer;
  const fault = unasked(hello, answer) ?? duplicateExtension('server_hello', extensions);
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

  // RFC 5764 §4.1.3: one profile of those offered, and our MKI, which is none.
  const srtp = findExtension(extensions, 'use_srtp');
  const [srtpProfile, ...more] = srtp?.SRTPProtectionProfiles ?? [];
  if (srtp) {
    if (srtpProfile === undefined || more.length > 0 || !config.srtpProfiles.includes(srtpProfile))
      return illegal('server_hello', 'use_srtp does not hold one of the profiles that were offered');
    if (srtp.srtp_mki.length > 0) return illegal('server_hello', 'use_srtp holds an MKI that was not offered');
  }
  // RFC 7301 §3.1.
  const protocols = findExtension(extensions, 'application_layer_protocol_negotiation');
  const [alpn, ...others] = alpnNames(protocols);
  if (protocols && (alpn === undefined || others.length > 0 || !config.alpn.includes(alpn)))
    return illegal('server_hello', 'ALPN does not hold one of the protocols that were offered');

  return {
    suite,
    clientRandom: hello.random,
    serverRandom: answer.random,
    extendedMasterSecret,
    srtpProfile,
    alpn,
  };
}

/** RFC 5246 §7.4.1.4: a server answers only what it was asked. */
function unasked(hello: ClientHello, answer: ServerHello): Failure | undefined {
  const asked = new Set((hello.extensions ?? []).map((extension) => extensionCode('client_hello', extension)));
  const extension = (answer.extensions ?? [])
    .map((found) => extensionCode('server_hello', found))
    .find((code) => !asked.has(code));
  return extension === undefined ? undefined : { fault: 'peer', code: 'unsupported-extension', extension };
}
