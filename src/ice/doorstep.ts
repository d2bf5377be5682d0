/**
 * Who answers before there is an agent: between our offer and its answer the peer may check us already, and is to be
 * answered at once (RFC 8445 §7.3), however long somebody takes to carry its answer over. Everything that came is kept for
 * the agent, bounded.
 */
import { classify } from '../wire/demux.ts';
import type { StunCrypto } from '../wire/stunIntegrity.ts';
import type { IceCredentials, IceRole, TransportAddress } from './api.ts';
import { judgeCheck, readBinding, successResponse } from './binding.ts';

export interface Visitor {
  readonly bytes: Uint8Array;
  readonly from: TransportAddress;
  readonly on: TransportAddress;
  /** It was a check, and has its answer. */
  readonly answered: boolean;
}

/** Datagrams that are kept. */
const mostVisitors = 64;

export class Doorstep {
  readonly #local: IceCredentials;
  readonly #role: IceRole;
  readonly #crypto: StunCrypto;
  readonly #visitors: Visitor[] = [];

  /** `role` is the one that the agent will take. */
  constructor(local: IceCredentials, role: IceRole, crypto: StunCrypto) {
    this.#local = local;
    this.#role = role;
    this.#crypto = crypto;
  }

  /** What to answer at once, if anything; the agent has the rest to say. */
  take(bytes: Uint8Array, from: TransportAddress, on: TransportAddress): Uint8Array | undefined {
    const answer = this.#answer(bytes, from);
    if (this.#visitors.length < mostVisitors)
      this.#visitors.push({ bytes: Uint8Array.from(bytes), from, on, answered: answer !== undefined });
    return answer;
  }

  /** All that came, in order; nothing the second time. */
  visitors(): readonly Visitor[] {
    return this.#visitors.splice(0);
  }

  #answer(bytes: Uint8Array, from: TransportAddress): Uint8Array | undefined {
    if (classify(bytes) !== 'stun') return undefined;
    const arrived = readBinding(bytes);
    if ('unusable' in arrived || arrived.class !== 'request') return undefined;
    const check = judgeCheck(arrived, this.#local, this.#crypto);
    // Who has to give way, tie-breakers say; refusals are the agent's as well.
    if (check.kind === 'bad' || check.role === this.#role) return undefined;
    return successResponse(arrived.message, from, this.#local.pwd, this.#crypto);
  }
}
