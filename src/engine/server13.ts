/**
 * A DTLS 1.3 server from an accepted ClientHello on, in the order of the protocol: what it does with each message that its
 * table (`server13` in states.ts) lets in. What it makes of a hello before it answers is in offer13.ts.
 */
import { emptyBytes, uintBytes } from '../base/bytes.ts';
import { decode, encode } from '../codec/codec.ts';
import { findExtension, type ServerExtension } from '../wire/extensions.ts';
import {
  type ClientHello,
  certificateRequest13,
  clientHello,
  encryptedExtensions,
  newSessionTicket13,
  serverHello,
} from '../wire/handshake.ts';
import { HandshakeType } from '../wire/registry.ts';
import type { TicketPolicy } from './api.ts';
import type { Association, Handshake } from './association.ts';
import type { RetryMemory } from './cookie.ts';
import type { FirstHello } from './doorstep.ts';
import { Course, go, type Handlers, type Message, type Refusal, refuse } from './machine.ts';
import { misstatementsOf } from './misstatements.ts';
import {
  type Considered,
  consider,
  helloFields,
  type Retried,
  retryBody,
  sameHello,
  selectedVersion,
  takesTickets,
} from './offer13.ts';
import { type Connected, checkAnonymity, checkResumption, type PeerProof, verifyFinished } from './proofs.ts';
import {
  answerApplication,
  answerRecordSize,
  examineChain,
  illegal,
  Outbox,
  type ShownCertificate,
} from './session.ts';
import {
  type Agreed13,
  checkCertificateVerify,
  finishedBody,
  parameters13,
  readChain,
  readFinished,
  showCertificate,
} from './session13.ts';
import { server13 } from './states.ts';
import { sealTicket } from './tickets.ts';
import { Traffic13, withKeyUpdates } from './traffic13.ts';
import { helloHash, retried, Transcript13 } from './transcript.ts';

interface RetrySent {
  readonly hello: ClientHello;
  readonly retried: Retried;
  /** Flights so far, both sides'. */
  readonly flights: number;
}
interface Negotiated {
  readonly agreed: Agreed13;
  readonly transcript: Transcript13;
  readonly traffic: Traffic13;
  readonly outbox: Outbox;
  /** The client's handshake traffic secret, and what comes after the handshake. */
  readonly client: Uint8Array;
  readonly main: Uint8Array;
  readonly exporter: Uint8Array;
  readonly clientApplication: Uint8Array;
  /** Whether the client takes tickets. */
  readonly ticketed: boolean;
  readonly flights: number;
}
interface Shown extends Negotiated {
  readonly shown: ShownCertificate;
}
interface Proved extends Negotiated {
  readonly peer: PeerProof;
  /** The scheme that the client signed with. */
  readonly scheme: number | undefined;
  readonly leafHash: Uint8Array | undefined;
}
interface Live {
  readonly connected: Connected;
  readonly traffic: Traffic13;
}

interface Server13Knowledge {
  readonly awaitClientHelloAgain: RetrySent;
  readonly awaitCertificate: Negotiated;
  readonly awaitCertificateVerify: Shown;
  readonly awaitFinished: Proved;
  readonly connected: Live;
  readonly closed: undefined;
  readonly failed: undefined;
}

/** Goes on from a ClientHello that was accepted. `flights`: how many there were, with that hello's. */
export function continueServer13(
  house: Association,
  first: FirstHello,
  hello: ClientHello,
  flights: number,
  retriedBefore: Retried | undefined,
): Handshake | Refusal {
  const { message } = first;
  // RFC 8446 §4.2.2: a cookie is the answer to a HelloRetryRequest, and there was none.
  if (!retriedBefore && findExtension(hello.extensions, 'cookie'))
    return illegal('client_hello', 'a cookie that nobody gave');
  const considered = consider(house, message, hello, retriedBefore);
  if ('refused' in considered) return considered;
  if (considered.choice.share) {
    const start = respond(house, message, hello, flights, considered, retriedBefore, () => settle());
    return 'refused' in start ? start : runServer13(house, start);
  }

  const { suite, group } = considered.choice;
  const memory: RetryMemory = {
    suite: suite.code,
    group,
    helloHash: helloHash(house.env.crypto, suite.hash, message.body),
  };
  const body = retryBody(memory, undefined);
  settle();
  house.sendFlight({
    number: flights + 1,
    parts: [{ kind: 'message', epoch: 0, type: HandshakeType.serverHello, seq: message.seq, body }],
    awaited: 'flight',
    answers: { first: message.seq, last: message.seq },
  });
  const known = { hello, retried: { ...memory, before: retried(memory.helloHash, body) }, flights: flights + 1 };
  return runServer13(house, go('awaitClientHelloAgain', known));

  function settle(): void {
    house.settle(first, hello.random);
    house.agree('1.3');
  }
}

type Start =
  | { readonly to: 'awaitClientHelloAgain'; readonly with: RetrySent }
  | { readonly to: 'awaitCertificate'; readonly with: Negotiated }
  | { readonly to: 'awaitFinished'; readonly with: Proved };

/**
 * The server's flight (RFC 8446 §2): ServerHello, then encrypted EncryptedExtensions [CertificateRequest] [Certificate
 * CertificateVerify] Finished. `settle` is called once nothing in the hello is left to refuse.
 */
function respond(
  house: Association,
  message: Message,
  hello: ClientHello,
  flights: number,
  { choice, ticket, credential }: Considered,
  retriedBefore: Retried | undefined,
  settle: () => void,
): Extract<Start, { readonly to: 'awaitCertificate' | 'awaitFinished' }> | Refusal {
  const { config, env } = house;
  const { crypto, random } = env;
  const { suite, group, share } = choice;
  const application = answerApplication(config, hello.extensions);
  if ('refused' in application) return application;
  const sizes = answerRecordSize(config, hello.extensions, '1.3');
  if ('refused' in sizes) return sizes;
  const ours = share && crypto.respond(group, share, random);
  if (!ours) return illegal('client_hello', 'the key share is not a valid one');
  settle();

  const transcript = new Transcript13(crypto, suite.hash, retriedBefore?.before);
  house.transcript = transcript;
  transcript.add(message);
  const traffic = new Traffic13(house, suite, 'server', hello.random);
  const { schedule } = traffic;
  // message_seq goes on where the client's hello is: 1 after a HelloRetryRequest (RFC 9147 §5.2).
  const outbox = new Outbox(transcript, message.seq, misstatementsOf(config));
  const answers: ServerExtension[] = [
    selectedVersion,
    { kind: 'key_share', body: { server_share: { group, key_exchange: ours.share } } },
  ];
  if (ticket) answers.push({ kind: 'pre_shared_key', body: { selected_identity: ticket.index } });
  outbox.message(
    0,
    HandshakeType.serverHello,
    encode(serverHello, { random: random(32), extensions: answers, ...helloFields(suite.code) }),
  );

  const secret = schedule.handshakeSecret(schedule.earlySecret(ticket?.state.psk), ours.secret);
  const hellos = transcript.digest();
  const client = schedule.handshakeTrafficSecret(secret, 'client', hellos);
  const server = schedule.handshakeTrafficSecret(secret, 'server', hellos);
  traffic.openWrite(2, server);
  traffic.openRead(2, client);

  // Before the first protected record.
  house.limitRecords(sizes.limit);
  const extensions = [...application.extensions, ...sizes.extensions];
  outbox.message(2, HandshakeType.encryptedExtensions, encode(encryptedExtensions, { extensions }));
  const anonymous = config.clientAuth === 'none' ? checkAnonymity(config) : undefined;
  if (!ticket && !anonymous) {
    const schemes = { supported_signature_algorithms: [...config.signatureSchemes] };
    outbox.message(
      2,
      HandshakeType.certificateRequest,
      encode(certificateRequest13, {
        certificate_request_context: emptyBytes,
        // Nothing in certificate_authorities, so no such extension (RFC 8446 §4.2.4).
        extensions: [{ kind: 'signature_algorithms', body: schemes }],
      }),
    );
  }
  if (credential) showCertificate(house, 'server', outbox, transcript, credential);
  outbox.message(2, HandshakeType.finished, finishedBody(suite, schedule.verifyData(server, transcript.digest())));
  const main = schedule.mainSecret(secret);
  const digest = transcript.digest();
  const exporter = schedule.exporterSecret(main, digest);
  traffic.openWrite(3, schedule.applicationTrafficSecret(main, 'server', digest));
  traffic.tell('EXPORTER_SECRET', exporter);
  house.sendFlight({
    number: flights + 1,
    parts: outbox.take(),
    awaited: 'flight',
    answers: { first: message.seq, last: message.seq },
    tracked: true,
  });

  const { srtpProfile, alpn } = application;
  const known: Negotiated = {
    agreed: { suite, group, resumed: ticket !== undefined, srtpProfile, alpn },
    transcript,
    traffic,
    outbox,
    client,
    main,
    exporter,
    clientApplication: schedule.applicationTrafficSecret(main, 'client', digest),
    ticketed: takesTickets(hello),
    flights: flights + 1,
  };
  const resumed = ticket && checkResumption(config, ticket.state.leafHash);
  if (resumed)
    return go('awaitFinished', { peer: { resumed }, scheme: undefined, leafHash: ticket.state.leafHash, ...known });
  return anonymous
    ? go('awaitFinished', { peer: { anonymous }, scheme: undefined, leafHash: undefined, ...known })
    : go('awaitCertificate', known);
}

function runServer13(house: Association, start: Start): Handshake {
  const { config } = house;
  const { crypto, random } = house.env;

  const steps: Handlers<typeof server13, Server13Knowledge> = {
    awaitClientHelloAgain: {
      client_hello(known, message) {
        const hello = decode(clientHello, message.body);
        if (!sameHello(known.hello, hello))
          return illegal('client_hello', 'it differs from the first in what it may not');
        const considered = consider(house, message, hello, known.retried);
        if ('refused' in considered) return considered;
        return respond(house, message, hello, known.flights + 1, considered, known.retried, () => {});
      },
    },

    awaitCertificate: {
      certificate(known, message) {
        known.transcript.add(message);
        const read = readChain(message);
        if ('refused' in read) return read;
        if (read.chain.length === 0) {
          const anonymous = checkAnonymity(config);
          if (!anonymous) return refuse({ fault: 'peer', code: 'certificate-missing', version: '1.3' });
          return go('awaitFinished', { peer: { anonymous }, scheme: undefined, leafHash: undefined, ...known });
        }
        const examined = examineChain(house, read.chain);
        if ('refused' in examined) return examined;
        return go('awaitCertificateVerify', { shown: examined.shown, ...known });
      },
    },

    awaitCertificateVerify: {
      certificate_verify(known, message) {
        const checked = checkCertificateVerify(house, 'client', known.shown, known.transcript, message);
        if ('refused' in checked) return checked;
        known.transcript.add(message);
        const { trusted, leaf } = known.shown;
        return go('awaitFinished', {
          peer: { signature: checked.verified, trusted },
          scheme: checked.scheme,
          leafHash: crypto.hash('sha256', leaf),
          ...known,
        });
      },
    },

    awaitFinished: {
      finished(known, message) {
        const { transcript, traffic, agreed, outbox } = known;
        const { schedule } = traffic;
        const expected = schedule.verifyData(known.client, transcript.digest());
        const finished = verifyFinished(expected, readFinished(agreed.suite, message));
        if (!finished) return refuse({ fault: 'peer', code: 'bad-finished' });
        transcript.add(message);
        traffic.openRead(3, known.clientApplication);
        traffic.begin(outbox.next, known.flights + 2);
        const connected: Connected = {
          finished,
          peer: known.peer,
          parameters: parameters13(agreed, known.scheme),
          export: (label, context, length) => schedule.exportKeyingMaterial(known.exporter, label, length, context),
        };
        house.establish(connected);
        // The client's last flight is answered by nothing else (RFC 9147 §7.1).
        house.acknowledge();
        if (config.tickets && known.ticketed)
          giveTickets(config.tickets, traffic, known, schedule.resumptionSecret(known.main, transcript.digest()));
        return go('connected', { connected, traffic });
      },
    },

    connected: {
      key_update(known, message) {
        const fault = known.traffic.peerUpdated(message);
        return fault ? refuse(fault) : go('connected', known);
      },
    },
    closed: {},
    failed: {},
  };

  /** RFC 8446 §4.6.1. A ticket that is never acknowledged is no loss. */
  function giveTickets(policy: TicketPolicy, traffic: Traffic13, { agreed, leafHash }: Proved, resumption: Uint8Array) {
    const bodies = Array.from({ length: policy.count }, (_, i) => {
      const ticket_nonce = uintBytes(i, 2);
      const psk = traffic.schedule.resumptionPsk(resumption, ticket_nonce);
      const suite = agreed.suite.code;
      const state = { version: '1.3', suite, psk, extendedMasterSecret: true, issuedAt: house.now, leafHash } as const;
      return encode(newSessionTicket13, {
        ticket_lifetime: policy.lifetimeSeconds,
        ticket_age_add: random(4).reduce((sum, byte) => sum * 256 + byte, 0),
        ticket_nonce,
        ticket: sealTicket(crypto, policy, state, random),
        extensions: [],
      });
    });
    if (bodies.length > 0) traffic.send(HandshakeType.newSessionTicket, bodies, { ifLost: 'let-go' });
  }

  return withKeyUpdates(new Course(server13, steps, start));
}
