/** STUN as it stands in captures: checks between two agents and their answers, without proofs that a reader could not check. */
import { fromHex, utf8 } from '../../src/base/bytes.ts';
import type { DatagramEvent } from '../../src/trace/model.ts';
import { errorBody, messageType, type StunAttribute } from '../../src/wire/stun.ts';
import { encodeStun } from '../../src/wire/stunIntegrity.ts';
import type { StunClass } from '../../src/wire/stunRegistry.ts';

interface Message {
  readonly at: number;
  readonly packet: number;
  readonly src: string;
  readonly dst: string;
  /** A number that makes the transaction. */
  readonly transaction: number;
}

const datagram = ({ at, packet, src, dst, transaction }: Message, cls: StunClass, attributes: StunAttribute[]) => {
  const id = fromHex(transaction.toString(16).padStart(24, '0')) ?? new Uint8Array(12);
  const bytes = encodeStun(
    { message_type: messageType(1, cls), transaction_id: id, attributes },
    { fingerprint: true },
  );
  const event: DatagramEvent = {
    ...{ kind: 'datagram', at, packet, src, dst, bytes, length: bytes.length, from: undefined, contents: undefined },
  };
  return event;
};

export const check = (message: Message, nominates = false): DatagramEvent =>
  datagram(message, 'request', [
    { kind: 'USERNAME', body: utf8('theirs:ours') },
    { kind: 'ICE-CONTROLLING', body: { tie_breaker: new Uint8Array(8) } },
    ...(nominates ? [{ kind: 'USE-CANDIDATE' as const, body: {} }] : []),
  ]);
export const answer = (message: Message): DatagramEvent => datagram(message, 'success', []);
export const refusal = (message: Message): DatagramEvent =>
  datagram(message, 'error', [{ kind: 'ERROR-CODE', body: errorBody(401) }]);
