/**
 * One end of a simulation. One that listens meets a client that begins anew from the same address as our listener does: what
 * is established stays until the new handshake is complete (RFC 6347 §4.2.8), and then gives way without a word.
 */
import { equal } from '../base/bytes.ts';
import type { Instant } from '../base/time.ts';
import type { EndpointConfig, Input } from '../engine/api.ts';
import { helloRandomIn } from '../wire/helloRandom.ts';
import { splitDatagram } from '../wire/record.ts';
import type { Side } from './side.ts';

export class SimulatedEnd {
  readonly #config: EndpointConfig;
  readonly #make: (config: EndpointConfig) => Side;
  readonly #listens: boolean;
  #side: Side;
  #successor: Side | undefined;
  /** Of the ClientHello that each answers. */
  #random: Uint8Array | undefined;
  #nextRandom: Uint8Array | undefined;

  /** `make`: a side with an endpoint of these settings, not begun. */
  constructor(config: EndpointConfig, listens: boolean, make: (config: EndpointConfig) => Side) {
    this.#config = config;
    this.#listens = listens;
    this.#make = make;
    this.#side = make(config);
  }

  get side(): Side {
    return this.#side;
  }
  /** Nothing goes on here any more, and nothing is begun. */
  get over(): boolean {
    return this.#side.over && this.#successor === undefined;
  }
  get wait(): Instant | undefined {
    const [a, b] = [this.#side, this.#successor].map((side) => (side && !side.over ? side.wait : undefined));
    return a === undefined ? b : b === undefined ? a : (Math.min(a, b) as Instant);
  }

  /** A new association in the place of this one. */
  replace(config: EndpointConfig, now: Instant): void {
    this.#side = this.#make(config);
    this.#side.handle({ kind: 'start' }, now);
  }

  wake(now: Instant): void {
    this.#side.wake(now);
    this.#successor?.wake(now);
    this.#settle();
  }

  /** Feeds a datagram, to the association that it is for. */
  receive(input: Extract<Input, { readonly kind: 'datagram' }>, now: Instant, packet: number): void {
    const random = this.#listens ? helloRandomIn(input.bytes) : undefined;
    if (random) this.#meet(random, now);
    if (this.#successor) {
      this.#successor.handle(input, now, packet);
      const both = this.#settle() || splitDatagram(input.bytes).records[0]?.epoch === 0;
      // What is in the clear belongs to the handshake that is under way; under keys either may know it.
      if (both) return;
    }
    this.#side.handle(input, now, packet);
  }

  #meet(random: Uint8Array, now: Instant): void {
    this.#random ??= random;
    if (equal(random, this.#random) || (this.#nextRandom && equal(random, this.#nextRandom))) return;
    if (this.#side.connectedAt === undefined && !this.#side.over) return;
    if (!this.#side.over && this.#config.faults?.liveHello === 'ignored') return;
    this.#nextRandom = random;
    this.#successor = this.#make(this.#config);
    this.#successor.handle({ kind: 'start' }, now);
    if (this.#side.over) this.#settle(true);
  }

  /** Who is complete takes the place of the one before. */
  #settle(anyway = false): boolean {
    if (!this.#successor || !(anyway || this.#successor.connectedAt !== undefined)) return false;
    this.#side = this.#successor;
    this.#successor = undefined;
    this.#random = this.#nextRandom;
    this.#nextRandom = undefined;
    return true;
  }
}
