/**
 * The keys of DTLS 1.3 after the handshake: epoch 3, and one epoch more with each KeyUpdate (RFC 9147 §6.1, §8). A KeyUpdate
 * of ours goes out under the keys that it ends; the next ones are used when it is acknowledged, and until then there is no
 * other. The peer's old keys stay until something came under its new ones.
 */
import { decode, encode } from '../codec/codec.ts';
import type { LabelPrefix } from '../crypto/hkdf.ts';
import { recordProtection13 } from '../crypto/protection13.ts';
import {
  type AeadLimits,
  aeadLimits,
  type KeySchedule,
  keySchedule,
  type Side,
  trafficSecretLabel,
} from '../crypto/schedule13.ts';
import { keyUpdate } from '../wire/handshake.ts';
import { HandshakeType } from '../wire/registry.ts';
import type { CipherSuite } from '../wire/suites.ts';
import type { Association, Handshake } from './association.ts';
import type { Failure } from './failure.ts';
import type { Course, Knowledge, Machine, Message, Signal } from './machine.ts';
import { spoiled } from './misstatements.ts';

/** Traffic secrets become keys here, and are told to the key log. */
export class Traffic13 {
  readonly schedule: KeySchedule;
  readonly #house: Association;
  readonly #suite: CipherSuite;
  readonly #prefix: LabelPrefix;
  readonly #clientRandom: Uint8Array;
  readonly #own: Side;
  readonly #limits: AeadLimits | undefined;
  #readSecret = new Uint8Array(0) as Uint8Array;
  #writeSecret = new Uint8Array(0) as Uint8Array;
  /** message_seq of our next message, and the number of our next flight; known once the handshake is done. */
  #nextSeq = 0;
  #nextFlight = 0;
  #updating = false;
  /** Another update was asked for meanwhile, and whether the peer is to answer it. */
  #wanted: { readonly request: boolean } | undefined;

  constructor(house: Association, suite: CipherSuite, own: Side, clientRandom: Uint8Array) {
    this.#prefix = house.config.faults?.keys === 'tls13-labels' ? 'tls13 ' : 'dtls13';
    this.schedule = keySchedule(house.env.crypto, suite.hash, this.#prefix);
    this.#house = house;
    this.#suite = suite;
    this.#own = own;
    this.#clientRandom = clientRandom;
    const { cipher } = suite;
    this.#limits =
      cipher.kind === 'aead' ? (house.config.aeadLimits?.[cipher.aead] ?? aeadLimits[cipher.aead]) : undefined;
  }

  /** Tells the key log a secret. */
  tell(label: string, secret: Uint8Array): void {
    this.#house.event({ kind: 'secret', label, clientRandom: this.#clientRandom, secret });
  }

  openRead(epoch: number, secret: Uint8Array): void {
    this.#readSecret = secret;
    this.#house.records.openRead(epoch, this.#cipher(this.#peer, epoch, secret), this.#limits);
  }
  openWrite(epoch: number, secret: Uint8Array): void {
    this.#writeSecret = secret;
    this.#house.records.openWrite(epoch, this.#cipher(this.#own, epoch, secret), 0, this.#limits);
  }

  get #peer(): Side {
    return this.#own === 'client' ? 'server' : 'client';
  }

  #cipher(side: Side, epoch: number, secret: Uint8Array) {
    const label = trafficSecretLabel(side, epoch);
    if (label !== undefined) this.tell(label, secret);
    const { config, env } = this.#house;
    const used = config.faults?.keys === 'wrong' ? spoiled(secret) : secret;
    return recordProtection13({ provider: env.crypto, suite: this.#suite, secret: used, epoch, prefix: this.#prefix });
  }

  /** The handshake is done: from here on every message is a flight of its own. */
  begin(nextSeq: number, nextFlight: number): void {
    this.#nextSeq = nextSeq;
    this.#nextFlight = nextFlight;
  }

  /** Sends messages of one type after the handshake, together (RFC 9147 §5.8.4). */
  send(
    type: number,
    bodies: readonly Uint8Array[],
    more: { readonly done?: () => void; readonly ifLost?: 'let-go' },
  ): void {
    const epoch = this.#house.records.writeEpoch;
    this.#house.sendLater({
      number: this.#nextFlight++,
      parts: bodies.map((body) => ({ kind: 'message', epoch, type, seq: this.#nextSeq++, body })),
      awaited: 'acknowledgement',
      answers: undefined,
      tracked: true,
      ...more,
    });
  }

  /** Changes our sending keys. */
  update(request: boolean): void {
    if (this.#updating) {
      // One at a time (RFC 9147 §8).
      this.#wanted = { request: request || (this.#wanted?.request ?? false) };
      return;
    }
    this.#updating = true;
    const body = encode(keyUpdate, { request_update: request ? 1 : 0 });
    this.send(HandshakeType.keyUpdate, [body], { done: () => this.#updated() });
  }

  #updated(): void {
    const epoch = this.#house.records.writeEpoch + 1;
    this.openWrite(epoch, this.schedule.nextTrafficSecret(this.#writeSecret));
    this.#house.event({ kind: 'keys-changed', by: 'us', epoch });
    this.#updating = false;
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted) this.update(wanted.request);
  }

  /** The peer's KeyUpdate. */
  peerUpdated(message: Message): Failure | undefined {
    const { request_update } = decode(keyUpdate, message.body);
    const name = 'key_update';
    if (request_update > 1)
      return { fault: 'peer', code: 'illegal-parameter', message: name, what: `request_update is ${request_update}` };
    const epoch = this.#house.records.readEpoch;
    if (message.epoch !== epoch)
      return {
        fault: 'peer',
        code: 'illegal-parameter',
        message: name,
        what: `in epoch ${message.epoch}, after ${epoch}`,
      };
    // Acknowledged all the same: the peer goes on in an epoch that we can't read.
    if (this.#house.config.faults?.keyUpdate === 'keys-kept') return undefined;
    this.openRead(epoch + 1, this.schedule.nextTrafficSecret(this.#readSecret));
    this.#house.event({ kind: 'keys-changed', by: 'peer', epoch: epoch + 1 });
    // One of ours that is under way answers the request as well.
    if (request_update === 1 && !this.#updating) this.update(false);
    return undefined;
  }
}

/** A course whose last state knows its traffic keys, and can be asked to change them. */
export const withKeyUpdates = <M extends Machine, K extends WithTraffic<M>>(course: Course<M, K>): Handshake =>
  new UpdatingCourse(course);

type WithTraffic<M extends Machine> = Knowledge<M> & { readonly connected: { readonly traffic: Traffic13 } };

/** A class without closures for the reason that `AssociationEndpoint` is one. */
class UpdatingCourse<M extends Machine, K extends WithTraffic<M>> implements Handshake {
  readonly #course: Course<M, K>;

  constructor(course: Course<M, K>) {
    this.#course = course;
  }

  get state(): string {
    return this.#course.state;
  }
  waitsFor(signal: Signal): boolean {
    return this.#course.waitsFor(signal);
  }
  take(signal: string, message?: Message): ReturnType<Handshake['take']> {
    return this.#course.take(signal, message);
  }
  updateKeys(request: boolean): void {
    if (this.#course.state === 'connected') (this.#course.known as K['connected']).traffic.update(request);
  }
}
