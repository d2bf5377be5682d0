/**
 * A DTLS 1.3 client from the ServerHello on, in the order of the protocol: what it does with each message that its table
 * (`client13` in states.ts) lets in. Each step gets what its state knows and hands on what the next must know; the last one
 * cannot be taken without the proofs that signature, trust and Finished were checked.
 */
import { decode } from '../codec/codec.ts';
import { type ClientExtension, extensionCode, findExtension } from '../wire/extensions.ts';
import {
  certificateRequest13,
  encryptedExtensions,
  type HelloRetryRequest,
  isHelloRetryRequest,
  newSessionTicket13,
  type ServerHello,
  serverHelloOrRetry,
} from '../wire/handshake.ts';
import { groups, HandshakeType, nameIn, versionNumber } from '../wire/registry.ts';
import { type CipherSuite, cipherSuite, cipherSuiteName } from '../wire/suites.ts';
import type { SessionTicket13 } from './api.ts';
import type { Association, Handshake } from './association.ts';
import { chooseCredential13 } from './choose.ts';
import { canRun } from './config.ts';
import { type SentHello, sendHello } from './hello.ts';
import { Course, go, type Handlers, type Message, type Refusal, refuse } from './machine.ts';
import { misstatementsOf } from './misstatements.ts';
import { type Connected, checkResumption, type PeerProof, verifyFinished } from './proofs.ts';
import {
  duplicateExtension,
  examineChain,
  illegal,
  Outbox,
  readApplication,
  type ShownCertificate,
  unasked,
  unsupported,
} from './session.ts';
import {
  type Agreed13,
  checkCertificateVerify,
  emptyChain,
  finishedBody,
  parameters13,
  readChain,
  readFinished,
  showCertificate,
} from './session13.ts';
import { client13 } from './states.ts';
import { Traffic13, withKeyUpdates } from './traffic13.ts';
import { helloHash, retried, Transcript13 } from './transcript.ts';

/** What a HelloRetryRequest leaves behind. */
interface Retry {
  readonly suite: CipherSuite;
  /** The group that it asked a share of. */
  readonly group: number | undefined;
  /** What stands for the first hello and for itself in the transcript. */
  readonly before: Uint8Array;
}
interface Asked {
  readonly hello: SentHello;
  readonly retry: Retry;
}
interface Keyed {
  readonly hello: SentHello;
  readonly suite: CipherSuite;
  readonly group: number;
  /** The ticket that the server took. */
  readonly ticket: SessionTicket13 | undefined;
  readonly transcript: Transcript13;
  readonly traffic: Traffic13;
  /** Handshake Secret, and the traffic secrets that come from it. */
  readonly secret: Uint8Array;
  readonly client: Uint8Array;
  readonly server: Uint8Array;
  /** message_seq of the ServerHello. */
  readonly firstSeq: number;
}
interface Negotiated extends Keyed {
  readonly agreed: Agreed13;
  /** Signature schemes of the CertificateRequest; `undefined` when there was none. */
  readonly request: readonly number[] | undefined;
}
interface Shown extends Negotiated {
  readonly shown: ShownCertificate;
}
interface Proved extends Negotiated {
  readonly peer: PeerProof;
  readonly peerLeaf: Uint8Array;
  readonly scheme: number | undefined;
}
interface Live {
  readonly connected: Connected;
  readonly traffic: Traffic13;
  readonly suite: CipherSuite;
  readonly resumption: Uint8Array;
  readonly peerLeaf: Uint8Array;
}

interface Client13Knowledge {
  readonly awaitServerHelloAgain: Asked;
  readonly awaitEncryptedExtensions: Keyed;
  readonly awaitCertificateRequest: Negotiated;
  readonly awaitCertificate: Negotiated;
  readonly awaitCertificateVerify: Shown;
  readonly awaitFinished: Proved;
  readonly connected: Live;
  readonly closed: undefined;
  readonly failed: undefined;
}

const groupName = nameIn(groups);

/** Goes on from a ServerHello of DTLS 1.3. */
export function continueClient13(
  house: Association,
  hello: SentHello,
  retry: Retry | undefined,
  message: Message,
  answer: ServerHello,
): Handshake | Refusal {
  const keyed = takeServerHello(house, hello, retry, message, answer);
  return 'refused' in keyed ? keyed : runClient13(house, keyed);
}

/** Goes on from a HelloRetryRequest: answers it, and waits for the ServerHello. */
export function retryClient13(
  house: Association,
  known: SentHello,
  message: Message,
  answer: HelloRetryRequest,
): Handshake | Refusal {
  const { crypto, random } = house.env;
  const name = 'hello_retry_request';
  const fault = duplicateExtension(name, answer.extensions);
  if (fault) return refuse(fault);
  const suite = checkHello(house, known, answer);
  if ('refused' in suite) return suite;
  const unknown = (answer.extensions ?? []).find(({ kind }) => kind === 'unknown');
  if (unknown) return refuse({ fault: 'peer', code: 'unsupported-extension', extension: extensionCode(name, unknown) });
  const group = findExtension(answer.extensions, 'key_share')?.selected_group;
  const cookie = findExtension(answer.extensions, 'cookie')?.cookie;
  // RFC 8446 §4.1.4, §4.2.8: it must lead to another hello, and to a group that we offered without a share of it.
  if (group === undefined && cookie === undefined) return illegal(name, 'it asks for nothing');
  if (group !== undefined) {
    const offered = findExtension(known.hello.extensions, 'supported_groups')?.named_group_list ?? [];
    if (!offered.includes(group)) return illegal(name, `group ${groupName(group)} was not offered`);
    if (known.shares.has(group)) return illegal(name, `a share of ${groupName(group)} is there already`);
    if (!crypto.supportsGroup(group)) return unsupported(`group ${groupName(group)}`);
  }
  house.agree('1.3');
  house.inbox.anchor(message.seq + 1);
  const shares = group === undefined ? known.shares : new Map([[group, crypto.generate(group, random)]]);
  const answers = {
    ...known.answers,
    cookie,
    shares: [...shares].map(([id, { share }]) => ({ group: id, key_exchange: share })),
  };
  const before = (hash: CipherSuite['hash']): Uint8Array => retried(helloHash(crypto, hash, known.body), message.body);
  const again = sendHello(
    house,
    {
      ...known,
      answers,
      shares,
      seq: known.seq + 1,
      flights: known.flights + 2,
      // RFC 8446 §4.2.11: keys of another hash can't be used any more.
      tickets: known.tickets.filter((ticket) => cipherSuite(ticket.cipherSuite)?.hash === suite.hash),
    },
    before,
  );
  return runClient13(house, { hello: again, retry: { suite, group, before: before(suite.hash) } });
}

/** What ServerHello and HelloRetryRequest have in common (RFC 8446 §4.1.3, RFC 9147 §5.3); gives the suite. */
function checkHello(
  { config }: Association,
  { hello }: SentHello,
  answer: ServerHello | HelloRetryRequest,
): CipherSuite | Refusal {
  const name = isHelloRetryRequest(answer) ? 'hello_retry_request' : 'server_hello';
  if (answer.server_version !== versionNumber['1.2'])
    return illegal(name, `legacy_version is 0x${answer.server_version.toString(16)}`);
  // RFC 9147 §5.3 wants none, TLS wants ours.
  if (answer.session_id.length > 0 && answer.session_id.some((byte, i) => byte !== hello.session_id[i]))
    return illegal(name, 'a session id that is not ours');
  if (answer.compression_method !== 0) return illegal(name, 'compression was not offered');
  if (!hello.cipher_suites.includes(answer.cipher_suite))
    return illegal(name, `${cipherSuiteName(answer.cipher_suite)} was not offered`);
  const suite = cipherSuite(answer.cipher_suite);
  if (suite && !suite.versions.includes('1.3')) return illegal(name, `${suite.name} in DTLS 1.3`);
  if (!suite || !canRun(suite.code, '1.3') || !config.cipherSuites.includes(suite.code))
    return unsupported(cipherSuiteName(answer.cipher_suite));
  return suite;
}

/** Shared secret and handshake keys (RFC 8446 §4.1.3, §7.1). */
function takeServerHello(
  house: Association,
  known: SentHello,
  retry: Retry | undefined,
  message: Message,
  answer: ServerHello,
): Keyed | Refusal {
  const { crypto } = house.env;
  const name = 'server_hello';
  const suite = checkHello(house, known, answer);
  if ('refused' in suite) return suite;
  if (retry && suite !== retry.suite) return illegal(name, 'another suite than in the HelloRetryRequest');
  const { extensions } = answer;
  const offered: readonly ClientExtension[] = [
    ...(known.hello.extensions ?? []),
    ...(known.tickets.length > 0 ? [offeredPsk] : []),
  ];
  const fault = duplicateExtension(name, extensions) ?? unasked(offered, name, extensions);
  if (fault) return refuse(fault);
  // RFC 8446 §4.2: whatever else is answered stands in EncryptedExtensions.
  const foreign = extensions?.find(({ kind }) => !inServerHello.includes(kind));
  if (foreign) return illegal(name, `extension ${extensionCode(name, foreign)} does not belong there`);

  const identity = findExtension(extensions, 'pre_shared_key')?.selected_identity;
  const ticket = identity === undefined ? undefined : known.tickets[identity];
  if (identity !== undefined && !ticket) return illegal(name, `identity ${identity} was not offered`);
  if (ticket && cipherSuite(ticket.cipherSuite)?.hash !== suite.hash)
    return illegal(name, `${suite.name} with a key of another hash`);

  const share = findExtension(extensions, 'key_share')?.server_share;
  // psk_ke, without a share, is never offered.
  if (!share) return refuse({ fault: 'peer', code: 'missing-extension', message: name, extension: 51 });
  const ours = known.shares.get(share.group);
  if (!ours || (retry?.group !== undefined && share.group !== retry.group))
    return illegal(name, `group ${groupName(share.group)}, of which there was no share`);
  const shared = ours.agree(share.key_exchange);
  if (!shared) return illegal(name, 'the key share is not a valid one');

  house.agree('1.3');
  house.inbox.anchor(message.seq + 1);
  const transcript = new Transcript13(crypto, suite.hash, retry?.before);
  house.transcript = transcript;
  transcript.add({ type: HandshakeType.clientHello, body: known.body });
  transcript.add(message);
  const traffic = new Traffic13(house, suite, 'client', known.hello.random);
  const { schedule } = traffic;
  const secret = schedule.handshakeSecret(schedule.earlySecret(ticket?.psk), shared);
  const digest = transcript.digest();
  const client = schedule.handshakeTrafficSecret(secret, 'client', digest);
  const server = schedule.handshakeTrafficSecret(secret, 'server', digest);
  traffic.openWrite(2, client);
  traffic.openRead(2, server);
  const firstSeq = message.seq;
  return { hello: known, suite, group: share.group, ticket, transcript, traffic, secret, client, server, firstSeq };
}

/** What stands for our pre_shared_key where only its being there matters. */
const offeredPsk: ClientExtension = { kind: 'pre_shared_key', body: { identities: [], binders: [] } };
/** What is known to belong into other messages than EncryptedExtensions (RFC 8446 §4.2). */
const notHere: readonly number[] = [11, 13, 21, 23, 35, 41, 43, 44, 45, 47, 48, 49, 50, 51, 0xff01];
const inServerHello: readonly string[] = ['supported_versions', 'key_share', 'pre_shared_key'];

function runClient13(house: Association, start: Asked | Keyed): Handshake {
  const { config } = house;
  const { crypto } = house.env;

  const steps: Handlers<typeof client13, Client13Knowledge> = {
    awaitServerHelloAgain: {
      server_hello({ hello, retry }, message) {
        const answer = decode(serverHelloOrRetry, message.body);
        if (isHelloRetryRequest(answer))
          return refuse({
            fault: 'peer',
            code: 'unexpected-message',
            got: 'hello_retry_request',
            expected: ['server_hello'],
          });
        // RFC 8446 §4.1.4: the version that the HelloRetryRequest chose.
        if (findExtension(answer.extensions, 'supported_versions')?.selected_version !== versionNumber['1.3'])
          return illegal('server_hello', 'another version than in the HelloRetryRequest');
        const keyed = takeServerHello(house, hello, retry, message, answer);
        return 'refused' in keyed ? keyed : go('awaitEncryptedExtensions', keyed);
      },
    },

    awaitEncryptedExtensions: {
      encrypted_extensions(known, message) {
        known.transcript.add(message);
        const name = 'encrypted_extensions';
        const { extensions } = decode(encryptedExtensions, message.body);
        const fault = duplicateExtension(name, extensions) ?? unasked(known.hello.hello.extensions, name, extensions);
        if (fault) return refuse(fault);
        // RFC 8446 §4.2: known ones that may not stand here. What nobody knows was offered for shape, and is ignored.
        const foreign = extensions.find((one) => one.kind === 'unknown' && notHere.includes(one.code));
        if (foreign) return illegal(name, `extension ${extensionCode(name, foreign)} does not belong there`);
        const limit = findExtension(extensions, 'record_size_limit')?.record_size_limit;
        // RFC 8449 §4.
        if (limit !== undefined && limit < 64) return illegal(name, `record_size_limit is ${limit}`);
        house.limitRecords(limit);
        const application = readApplication(
          config,
          name,
          findExtension(extensions, 'use_srtp'),
          findExtension(extensions, 'application_layer_protocol_negotiation'),
        );
        if ('refused' in application) return application;
        const { suite, group, ticket } = known;
        const { srtpProfile, alpn } = application;
        const agreed = { suite, group, resumed: ticket !== undefined, srtpProfile, alpn };
        const negotiated = { agreed, request: undefined, ...known };
        if (!ticket) return go('awaitCertificateRequest', negotiated);
        // The ticket's server was trusted when the hello was made; the settings are the same.
        const resumed = checkResumption(config, crypto.hash('sha256', ticket.peerLeaf));
        if (!resumed) return illegal('server_hello', 'a ticket that was not offered');
        return go('awaitFinished', { peer: { resumed }, peerLeaf: ticket.peerLeaf, scheme: undefined, ...negotiated });
      },
    },

    awaitCertificateRequest: {
      certificate_request(known, message) {
        known.transcript.add(message);
        const name = 'certificate_request';
        const { certificate_request_context, extensions } = decode(certificateRequest13, message.body);
        const fault = duplicateExtension(name, extensions);
        if (fault) return refuse(fault);
        if (certificate_request_context.length > 0)
          return illegal(name, 'certificate_request_context is not empty in a handshake');
        const schemes = findExtension(extensions, 'signature_algorithms')?.supported_signature_algorithms;
        // RFC 8446 §4.3.2.
        if (!schemes) return refuse({ fault: 'peer', code: 'missing-extension', message: name, extension: 13 });
        return go('awaitCertificate', { ...known, request: schemes });
      },
      certificate: takeCertificate,
    },

    awaitCertificate: { certificate: takeCertificate },

    awaitCertificateVerify: {
      certificate_verify(known, message) {
        const checked = checkCertificateVerify(house, 'server', known.shown, known.transcript, message);
        if ('refused' in checked) return checked;
        known.transcript.add(message);
        const { trusted, leaf: peerLeaf } = known.shown;
        return go('awaitFinished', {
          peer: { signature: checked.verified, trusted },
          peerLeaf,
          scheme: checked.scheme,
          ...known,
        });
      },
    },

    awaitFinished: {
      finished(known, message) {
        const { transcript, traffic, agreed, suite, hello } = known;
        const { schedule } = traffic;
        const expected = schedule.verifyData(known.server, transcript.digest());
        const finished = verifyFinished(expected, readFinished(suite, message));
        if (!finished) return refuse({ fault: 'peer', code: 'bad-finished' });
        transcript.add(message);
        const main = schedule.mainSecret(known.secret);
        const digest = transcript.digest();
        const exporter = schedule.exporterSecret(main, digest);

        // [Certificate] [CertificateVerify] Finished, without one that fits an empty Certificate (RFC 8446 §4.4.2).
        const outbox = new Outbox(transcript, hello.seq + 1, misstatementsOf(config));
        if (known.request)
          showCertificate(house, 'client', outbox, transcript, chooseCredential13(config, crypto, known.request));
        const verifyData = schedule.verifyData(known.client, transcript.digest());
        outbox.message(2, HandshakeType.finished, finishedBody(suite, verifyData));
        house.sendFlight({
          number: hello.flights + 2,
          parts: outbox.take(),
          awaited: 'acknowledgement',
          answers: { first: known.firstSeq, last: message.seq },
          tracked: true,
        });
        traffic.openWrite(3, schedule.applicationTrafficSecret(main, 'client', digest));
        traffic.openRead(3, schedule.applicationTrafficSecret(main, 'server', digest));
        traffic.tell('EXPORTER_SECRET', exporter);
        traffic.begin(outbox.next, hello.flights + 3);
        const connected: Connected = {
          finished,
          peer: known.peer,
          parameters: parameters13(agreed, known.scheme),
          export: (label, context, length) => schedule.exportKeyingMaterial(exporter, label, length, context),
        };
        house.establish(connected);
        const resumption = schedule.resumptionSecret(main, transcript.digest());
        return go('connected', { connected, traffic, suite, resumption, peerLeaf: known.peerLeaf });
      },
    },

    connected: {
      new_session_ticket(known, message) {
        const { ticket_lifetime, ticket_age_add, ticket_nonce, ticket } = decode(newSessionTicket13, message.body);
        // RFC 8446 §4.6.1: 0 means that it is of no use, and none is of any after a week.
        if (ticket_lifetime > 0)
          house.event({
            kind: 'ticket',
            ticket: {
              version: '1.3',
              identity: ticket,
              psk: known.traffic.schedule.resumptionPsk(known.resumption, ticket_nonce),
              cipherSuite: known.suite.code,
              ageAdd: ticket_age_add,
              lifetimeSeconds: Math.min(ticket_lifetime, 604_800),
              receivedAt: house.now,
              peerLeaf: known.peerLeaf,
            },
          });
        return go('connected', known);
      },
      key_update(known, message) {
        const fault = known.traffic.peerUpdated(message);
        return fault ? refuse(fault) : go('connected', known);
      },
    },
    closed: {},
    failed: {},
  };

  function takeCertificate(known: Negotiated, message: Message) {
    known.transcript.add(message);
    const read = readChain(message);
    if ('refused' in read) return read;
    if (read.chain.length === 0) return emptyChain();
    const examined = examineChain(house, read.chain);
    if ('refused' in examined) return examined;
    return go('awaitCertificateVerify', { shown: examined.shown, ...known });
  }

  const course = new Course(
    client13,
    steps,
    'retry' in start ? go('awaitServerHelloAgain', start) : go('awaitEncryptedExtensions', start),
  );
  return withKeyUpdates(course);
}
