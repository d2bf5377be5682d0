/**
 * A TURN client over UDP (RFC 8656), sans I/O: allocation, permissions, channels, what peers and we send each other
 * through them, and everything kept alive until `close`. A payload for a peer without a permission waits for one; what
 * the server refuses for one peer ends nothing else.
 */
import { copy, fromUtf8, toHex } from '../base/bytes.ts';
import { parseSocketAddress, socketText } from '../base/ip.ts';
import { after, earlier, type Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import { encode, tryDecode } from '../codec/codec.ts';
import { channelData, channelHeaderLength } from '../wire/channelData.ts';
import { classify } from '../wire/demux.ts';
import {
  addressBody,
  classOf,
  counted,
  errorNumber,
  find,
  messageType,
  methodOf,
  type StunAttribute,
  type StunMessage,
  socketAddress,
  stunMessage,
  transactionIdLength,
} from '../wire/stun.ts';
import { checkIntegrity, encodeStun } from '../wire/stunIntegrity.ts';
import { StunMethod } from '../wire/stunRegistry.ts';
import type { TransportAddress } from './api.ts';
import { shown } from './sdpText.ts';
import { type Challenge, challengeOf } from './turnAuth.ts';
import { endsAllocation, refusal, type TurnFailure, type TurnRequest } from './turnFailure.ts';
import type {
  TurnClient,
  TurnConfig,
  TurnDrop,
  TurnEnvironment,
  TurnEvent,
  TurnInput,
  TurnOutput,
  TurnState,
} from './turnModel.ts';
import { type Peer, TurnPeers } from './turnPeers.ts';

/** A permission lives 5 minutes, a channel 10 (RFC 8656 §9, §12); both are renewed a minute before. ms */
const permissionRenewal = 4 * 60_000;
const channelRenewal = 9 * 60_000;
/** New nonces in a row that one request is tried again with. */
const nonceTries = 3;
/** Giving an allocation back is a courtesy; nobody waits long for the thanks. */
const closing = { requests: 3, lastWait: 2 } as const;

const methods = {
  Allocate: StunMethod.allocate,
  Refresh: StunMethod.refresh,
  CreatePermission: StunMethod.createPermission,
  ChannelBind: StunMethod.channelBind,
} as const satisfies Record<TurnRequest, number>;

/** A client of one server; throws a `RangeError` when the server's address is none. */
export function createTurnClient(config: TurnConfig, environment: TurnEnvironment): TurnClient {
  return new Client(config, environment);
}

type Ask =
  | { readonly request: 'Allocate' }
  | { readonly request: 'Refresh'; readonly lifetimeS: number }
  | { readonly request: 'CreatePermission'; readonly peer: Peer }
  | { readonly request: 'ChannelBind'; readonly peer: Peer; readonly channel: number };

interface Transaction {
  readonly id: string;
  readonly ask: Ask;
  readonly bytes: Uint8Array;
  /** What proved it; undefined for one that was sent bare. */
  readonly challenge: Challenge | undefined;
  readonly startedAt: Instant;
  readonly requests: number;
  readonly lastWait: number;
  /** How often a nonce of it was called stale. */
  readonly stale: number;
  attempt: number;
  deadline: Instant;
  /** An answer came that did not prove the password. */
  unproved: boolean;
}

class Client implements TurnClient {
  readonly #config: TurnConfig;
  readonly #environment: TurnEnvironment;
  readonly #outputs: TurnOutput[] = [];
  readonly #transactions = new Map<string, Transaction>();
  readonly #peers: TurnPeers;
  #state: TurnState = 'new';
  #relayed: TransportAddress | undefined;
  #challenge: Challenge | undefined;
  #refreshAt: Instant | undefined;

  constructor(config: TurnConfig, environment: TurnEnvironment) {
    if (!parseSocketAddress(config.server)) throw new RangeError(`"${config.server}" is no address and port`);
    this.#config = config;
    this.#peers = new TurnPeers(config.peers);
    this.#environment = environment;
  }

  get state(): TurnState {
    return this.#state;
  }
  get relayed(): TransportAddress | undefined {
    return this.#relayed;
  }

  handle(input: TurnInput, now: Instant): void {
    switch (input.kind) {
      case 'start':
        if (this.#state !== 'new') {
          this.#drop('misuse', 'started twice');
          return;
        }
        this.#state = 'allocating';
        this.#ask({ request: 'Allocate' }, now);
        return;
      case 'send': {
        const peer = this.#peer(input.to);
        if (peer) this.#send(peer, input.bytes, now);
        return;
      }
      case 'permit': {
        const peer = this.#peer(input.peer);
        if (!peer) return;
        if (peer.permission === 'refused') peer.permission = 'none';
        if (this.#state === 'allocated') this.#permit(peer, now);
        else peer.wanted = true;
        return;
      }
      case 'bind-channel': {
        const peer = this.#peer(input.peer);
        if (!peer) return;
        if (this.#state === 'allocated') this.#bind(peer, now);
        else peer.bound = 'wanted';
        return;
      }
      case 'datagram':
        this.#receive(input.bytes, input.from, now);
        return;
      case 'timeout':
        this.#timeout(now);
        return;
      case 'give-up':
        this.#giveUp(now);
        return;
      case 'close':
        this.#close(now);
        return;
      default:
        unreachable(input);
    }
  }

  poll(): TurnOutput {
    return this.#outputs.shift() ?? { kind: 'wait', until: this.#deadline() };
  }

  #deadline(): Instant | undefined {
    let first = earlier(this.#refreshAt, this.#peers.deadline);
    for (const { deadline } of this.#transactions.values()) first = earlier(first, deadline);
    return first;
  }

  #tell(event: TurnEvent): void {
    this.#outputs.push({ kind: 'event', event });
  }
  #drop(reason: TurnDrop, detail: string): void {
    this.#tell({ kind: 'dropped', reason, detail });
  }

  // Peers

  /** The peer of an address; `undefined`, after saying why, when it can not be one. */
  #peer(text: TransportAddress): Peer | undefined {
    if (this.#state !== 'allocating' && this.#state !== 'allocated') {
      this.#drop('misuse', `a peer is no use while the client is ${this.#state}`);
      return undefined;
    }
    const peer = this.#peers.of(text);
    if (typeof peer !== 'string') return peer;
    if (peer === 'no-address') this.#drop('misuse', `"${shown(text)}" is no address and port`);
    else {
      const failure = { during: 'CreatePermission', code: 'too-many-peers', most: this.#config.peers } as const;
      this.#tell({ kind: 'peer-refused', peer: text, failure });
    }
    return undefined;
  }

  #permit(peer: Peer, now: Instant): void {
    if (peer.permission !== 'none') return;
    peer.permission = 'asked';
    this.#ask({ request: 'CreatePermission', peer }, now);
  }

  #bind(peer: Peer, now: Instant): void {
    if (peer.bound !== 'no') return;
    const channel = this.#peers.channelOf(peer);
    if (channel === undefined) return;
    peer.bound = 'asked';
    this.#ask({ request: 'ChannelBind', peer, channel }, now);
  }

  #send(peer: Peer, bytes: Uint8Array, now: Instant): void {
    if (this.#state === 'allocated' && peer.permission === 'granted') {
      this.#transmitTo(peer, bytes);
      return;
    }
    if (peer.permission === 'refused') {
      this.#drop('no-permission', `a datagram to ${peer.address}`);
      return;
    }
    if (peer.waiting.length >= this.#config.queue) {
      this.#drop('queue-full', `${peer.waiting.length} datagrams to ${peer.address} wait for its permission already`);
      return;
    }
    peer.waiting.push(copy(bytes));
    peer.wanted = true;
    if (this.#state === 'allocated') this.#permit(peer, now);
  }

  /** A payload for a peer, in the shortest form that the server has confirmed. */
  #transmitTo(peer: Peer, bytes: Uint8Array): void {
    // Both forms have a length of 16 bits; no UDP payload is as long.
    if (bytes.length > 65_000) {
      this.#drop('misuse', `${bytes.length} bytes are no UDP payload`);
      return;
    }
    const framed =
      peer.bound === 'yes' && peer.channel !== undefined
        ? encode(channelData, { channel: peer.channel, data: bytes })
        : encodeStun({
            message_type: messageType(StunMethod.send, 'indication'),
            transaction_id: this.#environment.random(transactionIdLength),
            attributes: [
              { kind: 'XOR-PEER-ADDRESS', body: addressBody(peer) },
              { kind: 'DATA', body: bytes },
            ],
          });
    this.#outputs.push({
      kind: 'transmit',
      to: this.#config.server,
      bytes: framed,
      peer: peer.address,
      overhead: framed.length - bytes.length,
    });
  }

  // Requests

  #ask(ask: Ask, now: Instant, stale = 0): void {
    const id = this.#environment.random(transactionIdLength);
    const challenge = this.#challenge;
    const bytes = encodeStun(
      {
        message_type: messageType(methods[ask.request], 'request'),
        transaction_id: id,
        attributes: [...this.#attributes(ask), ...(challenge?.attributes ?? [])],
      },
      challenge ? { integrity: challenge.proof } : {},
    );
    const last = ask.request === 'Refresh' && ask.lifetimeS === 0;
    const { rtoMs } = this.#config;
    const { requests, lastWait } = last ? closing : this.#config;
    const transaction: Transaction = {
      id: toHex(id),
      ask,
      bytes,
      challenge,
      startedAt: now,
      requests,
      lastWait,
      stale,
      attempt: 0,
      deadline: after(now, requests === 1 ? rtoMs * lastWait : rtoMs),
      unproved: false,
    };
    this.#transactions.set(transaction.id, transaction);
    this.#transmit(transaction);
  }

  #attributes(ask: Ask): readonly StunAttribute[] {
    switch (ask.request) {
      case 'Allocate': {
        const { family, lifetimeS } = this.#config;
        return [
          { kind: 'REQUESTED-TRANSPORT', body: { protocol: 17, reserved: new Uint8Array(3) } },
          { kind: 'LIFETIME', body: { seconds: lifetimeS } },
          ...(family === undefined ? [] : [familyAttribute(family)]),
        ];
      }
      case 'Refresh':
        return [{ kind: 'LIFETIME', body: { seconds: ask.lifetimeS } }];
      case 'CreatePermission':
        return [{ kind: 'XOR-PEER-ADDRESS', body: addressBody(ask.peer) }];
      case 'ChannelBind':
        return [
          { kind: 'CHANNEL-NUMBER', body: { channel: ask.channel, reserved: 0 } },
          { kind: 'XOR-PEER-ADDRESS', body: addressBody(ask.peer) },
        ];
      default:
        return unreachable(ask);
    }
  }

  #transmit({ id, ask, bytes, attempt, challenge }: Transaction): void {
    this.#outputs.push({ kind: 'transmit', to: this.#config.server, bytes, peer: undefined, overhead: 0 });
    this.#tell({
      kind: 'stun',
      direction: 'sent',
      request: ask.request,
      class: 'request',
      transaction: id,
      attempt,
      authenticated: challenge !== undefined,
      error: undefined,
    });
  }

  #timeout(now: Instant): void {
    const { rtoMs } = this.#config;
    for (const transaction of [...this.#transactions.values()]) {
      if (transaction.deadline > now || !this.#transactions.has(transaction.id)) continue;
      if (transaction.attempt + 1 >= transaction.requests) {
        this.#transactions.delete(transaction.id);
        this.#failed(transaction.ask, unanswered(transaction, now), now);
        continue;
      }
      // RFC 8489 §6.2.1: the timeout doubles, and the last sending is waited for Rm times the first.
      transaction.attempt++;
      const final = transaction.attempt + 1 >= transaction.requests;
      transaction.deadline = after(now, final ? rtoMs * transaction.lastWait : rtoMs * 2 ** transaction.attempt);
      this.#transmit(transaction);
    }
    this.#renew(now);
  }

  #renew(now: Instant): void {
    if (this.#state !== 'allocated') return;
    if (this.#refreshAt !== undefined && this.#refreshAt <= now) {
      this.#refreshAt = undefined;
      this.#ask({ request: 'Refresh', lifetimeS: this.#config.lifetimeS }, now);
    }
    for (const peer of this.#peers.all) {
      if (peer.renewPermissionAt !== undefined && peer.renewPermissionAt <= now) {
        peer.renewPermissionAt = undefined;
        this.#ask({ request: 'CreatePermission', peer }, now);
      }
      if (peer.renewChannelAt !== undefined && peer.renewChannelAt <= now && peer.channel !== undefined) {
        peer.renewChannelAt = undefined;
        this.#ask({ request: 'ChannelBind', peer, channel: peer.channel }, now);
      }
    }
  }

  // What comes in

  #receive(bytes: Uint8Array, from: TransportAddress, now: Instant): void {
    if (this.#state === 'new' || this.#state === 'closed' || this.#state === 'failed') return;
    if (from !== this.#config.server) {
      this.#drop('not-from-server', `a datagram of ${shown(from)}`);
      return;
    }
    switch (classify(bytes)) {
      case 'turn-channel':
        this.#receiveChannel(bytes);
        return;
      case 'stun':
        break;
      default:
        this.#drop('unexpected', `${bytes.length} bytes that are neither STUN nor ChannelData`);
        return;
    }
    const read = tryDecode(stunMessage, bytes);
    if (!read.ok) {
      this.#drop('malformed', `a STUN message: ${read.error.message}`);
      return;
    }
    const message = read.value;
    const cls = classOf(message.message_type);
    if (cls === 'indication') {
      this.#receiveIndication(message, bytes.length);
      return;
    }
    if (cls === 'request') {
      this.#drop('unexpected', 'a request of the server');
      return;
    }
    this.#receiveAnswer(message, bytes, now);
  }

  #receiveChannel(bytes: Uint8Array): void {
    const read = tryDecode(channelData, bytes);
    if (!read.ok) {
      this.#drop('malformed', `ChannelData: ${read.error.message}`);
      return;
    }
    const peer = this.#peers.byChannel(read.value.channel);
    // The server may use a channel before its confirmation has reached us (RFC 8656 §12.2).
    if (!peer) {
      this.#drop('unknown-channel', `channel 0x${read.value.channel.toString(16)}`);
      return;
    }
    const { data } = read.value;
    this.#outputs.push({ kind: 'data', from: peer.address, bytes: copy(data), overhead: channelHeaderLength });
  }

  #receiveIndication(message: StunMessage, length: number): void {
    if (methodOf(message.message_type) !== StunMethod.data) {
      this.#drop('unexpected', 'an unknown indication');
      return;
    }
    const body = find(message.attributes, 'XOR-PEER-ADDRESS');
    if (!body) {
      this.#drop('malformed', 'a Data indication without a peer');
      return;
    }
    const { ip, port } = socketAddress(body);
    const address = socketText(ip, port);
    const icmp = find(message.attributes, 'ICMP');
    if (icmp) {
      const { type_and_code: both } = icmp;
      // Type in 7 bits, code in 9 (RFC 8656 §18.13).
      this.#tell({ kind: 'icmp', peer: address, type: both >> 9, code: both & 0x1ff });
      return;
    }
    const data = find(message.attributes, 'DATA');
    if (!data) {
      this.#drop('malformed', 'a Data indication without data');
      return;
    }
    if (!this.#peers.permitted(ip)) {
      this.#drop('no-permission', `data of ${address}`);
      return;
    }
    this.#outputs.push({ kind: 'data', from: address, bytes: copy(data), overhead: length - data.length });
  }

  #receiveAnswer(message: StunMessage, bytes: Uint8Array, now: Instant): void {
    const transaction = this.#transactions.get(toHex(message.transaction_id));
    if (!transaction || methodOf(message.message_type) !== methods[transaction.ask.request]) {
      this.#drop('unknown-transaction', `an answer to ${toHex(message.transaction_id)}`);
      return;
    }
    const success = classOf(message.message_type) === 'success';
    const { ask, challenge } = transaction;
    const proved = challenge
      ? checkIntegrity(bytes, challenge.key, this.#environment.crypto).verdict
      : ('absent' as const);
    const body = success ? undefined : find(message.attributes, 'ERROR-CODE');
    const number = body && errorNumber(body);
    this.#tell({
      kind: 'stun',
      direction: 'received',
      request: ask.request,
      class: success ? 'success' : 'error',
      transaction: transaction.id,
      attempt: 0,
      authenticated: proved === 'good',
      error: body && number !== undefined ? { number, reason: shown(fromUtf8(body.reason)) } : undefined,
    });
    // An answer must be proved (RFC 8489 §9.2.5). Refusals are believed without: servers send many bare, and whoever can
    // forge one has seen our transaction ID and could as well keep the server's answer back.
    if (proved === 'wrong' || (success && challenge && proved === 'absent')) {
      transaction.unproved = true;
      this.#drop('unproved', `an answer to ${ask.request}`);
      return;
    }
    this.#transactions.delete(transaction.id);
    const attributes = proved === 'good' ? counted(message.attributes) : message.attributes;
    if (success) {
      this.#succeeded(ask, attributes, now);
      return;
    }
    if (number === undefined) {
      this.#failed(ask, { during: ask.request, code: 'bad-answer', what: 'is an error without a number' }, now);
      return;
    }
    this.#refused(transaction, number, shown(fromUtf8(body?.reason ?? new Uint8Array())), attributes, now);
  }

  #refused(
    { ask, challenge, stale }: Transaction,
    number: number,
    reason: string,
    attributes: readonly StunAttribute[],
    now: Instant,
  ): void {
    const during = ask.request;
    if (number !== 401 && number !== 438) {
      const peer = 'peer' in ask ? ask.peer.address : undefined;
      this.#failed(ask, refusal(during, peer, number, reason, attributes), now);
      return;
    }
    // An allocation that nobody wants any more is not asked for again.
    if (this.#state === 'closing' && during === 'Allocate') {
      this.#end({ kind: 'closed' }, 'closed');
      return;
    }
    const { credentials } = this.#config;
    const realmBytes = find(attributes, 'REALM');
    const realm = realmBytes && shown(fromUtf8(realmBytes));
    const challenged = credentials && challengeOf(attributes, credentials, this.#environment.crypto, this.#challenge);
    const failure: TurnFailure | undefined = !challenged
      ? { during, code: 'no-credentials', realm }
      : number === 401 && challenge
        ? { during, code: 'wrong-credentials', realm, number }
        : number === 438 && stale + 1 >= nonceTries
          ? { during, code: 'stale-nonce', tries: stale + 1 }
          : !challenged.ok
            ? { during, code: challenged.why }
            : undefined;
    if (failure || !challenged?.ok) {
      if (failure) this.#failed(ask, failure, now);
      return;
    }
    this.#challenge = challenged.challenge;
    if (number === 438) this.#tell({ kind: 'nonce-renewed', during });
    this.#ask(ask, now, number === 438 ? stale + 1 : stale);
  }

  #succeeded(ask: Ask, attributes: readonly StunAttribute[], now: Instant): void {
    switch (ask.request) {
      case 'Allocate':
        this.#allocated(ask, attributes, now);
        return;
      case 'Refresh': {
        if (this.#state === 'closing') {
          this.#end({ kind: 'closed' }, 'closed');
          return;
        }
        const lifetimeS = find(attributes, 'LIFETIME')?.seconds ?? this.#config.lifetimeS;
        this.#refreshAt = after(now, refreshAfter(lifetimeS));
        this.#tell({ kind: 'refreshed', lifetimeS });
        return;
      }
      case 'CreatePermission':
        if (this.#state === 'allocated') this.#granted(ask.peer, now);
        return;
      case 'ChannelBind': {
        if (this.#state !== 'allocated') return;
        const { peer, channel } = ask;
        peer.renewChannelAt = after(now, channelRenewal);
        if (peer.bound !== 'yes') {
          peer.bound = 'yes';
          this.#tell({ kind: 'channel', peer: peer.address, channel });
        }
        // Binding a channel is a permission too (RFC 8656 §12.2).
        this.#granted(peer, now);
        return;
      }
      default:
        unreachable(ask);
    }
  }

  #granted(peer: Peer, now: Instant): void {
    peer.renewPermissionAt = after(now, permissionRenewal);
    if (peer.permission !== 'granted') {
      peer.permission = 'granted';
      this.#tell({ kind: 'permitted', peer: peer.address });
    }
    for (const bytes of peer.waiting.splice(0)) this.#transmitTo(peer, bytes);
  }

  #allocated(ask: Ask, attributes: readonly StunAttribute[], now: Instant): void {
    const relayed = find(attributes, 'XOR-RELAYED-ADDRESS');
    const mapped = find(attributes, 'XOR-MAPPED-ADDRESS');
    if (!relayed) {
      this.#failed(ask, { during: 'Allocate', code: 'bad-answer', what: 'names no relayed address' }, now);
      return;
    }
    const lifetimeS = find(attributes, 'LIFETIME')?.seconds ?? this.#config.lifetimeS;
    const software = find(attributes, 'SOFTWARE');
    this.#relayed = socketText(relayed.address, relayed.port);
    this.#refreshAt = after(now, refreshAfter(lifetimeS));
    this.#tell({
      kind: 'allocated',
      relayed: this.#relayed,
      mapped: mapped && socketText(mapped.address, mapped.port),
      lifetimeS,
      software: software && shown(fromUtf8(software)),
    });
    if (this.#state === 'closing') {
      this.#giveBack(now);
      return;
    }
    this.#state = 'allocated';
    for (const peer of this.#peers.all) {
      if (peer.bound === 'wanted') {
        peer.bound = 'no';
        this.#bind(peer, now);
      }
      if (peer.wanted) this.#permit(peer, now);
    }
  }

  #failed(ask: Ask, failure: TurnFailure, now: Instant): void {
    if (this.#state === 'closing') {
      this.#end({ kind: 'closed' }, 'closed');
      return;
    }
    switch (ask.request) {
      case 'Allocate':
      case 'Refresh':
        this.#end({ kind: 'failed', failure }, 'failed');
        return;
      case 'CreatePermission':
      case 'ChannelBind': {
        // Credentials and allocation are the same for all requests.
        if (endsAllocation(failure)) {
          this.#end({ kind: 'failed', failure }, 'failed');
          return;
        }
        const { peer } = ask;
        if (ask.request === 'ChannelBind') {
          // Without a channel everything still goes as indications, one permission given.
          peer.bound = 'no';
          peer.renewChannelAt = undefined;
          if (peer.permission === 'granted') {
            this.#tell({ kind: 'peer-refused', peer: peer.address, failure });
            return;
          }
          if (failure.code !== 'forbidden') {
            this.#permit(peer, now);
            return;
          }
        }
        peer.permission = 'refused';
        peer.renewPermissionAt = undefined;
        peer.waiting.length = 0;
        this.#tell({ kind: 'peer-refused', peer: peer.address, failure });
        return;
      }
      default:
        unreachable(ask);
    }
  }

  #giveUp(now: Instant): void {
    const [waiting] = this.#transactions.values();
    if (this.#state === 'allocating' && waiting) this.#failed(waiting.ask, unanswered(waiting, now), now);
    else this.#close(now);
  }

  #close(now: Instant): void {
    switch (this.#state) {
      case 'new':
        this.#end({ kind: 'closed' }, 'closed');
        return;
      case 'allocating':
        // What comes of the request under way is given back when it comes.
        this.#state = 'closing';
        return;
      case 'allocated':
        this.#state = 'closing';
        this.#giveBack(now);
        return;
      case 'closing':
      case 'closed':
      case 'failed':
        return;
      default:
        unreachable(this.#state);
    }
  }

  /** RFC 8656 §8: a lifetime of zero ends the allocation. */
  #giveBack(now: Instant): void {
    this.#transactions.clear();
    this.#refreshAt = undefined;
    this.#peers.rest();
    this.#ask({ request: 'Refresh', lifetimeS: 0 }, now);
  }

  #end(event: TurnEvent, state: 'closed' | 'failed'): void {
    this.#state = state;
    this.#transactions.clear();
    this.#peers.clear();
    this.#refreshAt = undefined;
    this.#tell(event);
  }
}

/** What to say of a request without an answer, or without one that could be believed. */
const unanswered = ({ ask, unproved, attempt, startedAt }: Transaction, now: Instant): TurnFailure =>
  unproved
    ? { during: ask.request, code: 'unproved' }
    : { during: ask.request, code: 'silent', sendings: attempt + 1, ms: now - startedAt };

/** A minute before the end, or at the half of a short life (RFC 8656 §8). ms */
const refreshAfter = (lifetimeS: number): number =>
  Math.max(1, lifetimeS > 120 ? lifetimeS - 60 : lifetimeS / 2) * 1000;

const familyAttribute = (family: 4 | 6): StunAttribute => ({
  kind: 'REQUESTED-ADDRESS-FAMILY',
  body: { family: family === 4 ? 1 : 2, reserved: new Uint8Array(3) },
});
