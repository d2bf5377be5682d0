/**
 * Whether a Finished that keys have opened is the hash of the messages before it, as the trace has them (RFC 5246 §7.4.9,
 * RFC 8446 §4.4.4): then it is known which side has counted others. Where a message is not whole, or two stand under one
 * number, nothing is said.
 */
import { concat, equal, uintBytes } from '../base/bytes.ts';
import { prfHash, runningTranscript, verifyData } from '../crypto/prf12.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { keySchedule, trafficSecretLabel } from '../crypto/schedule13.ts';
import { messageHash, transcriptMessage } from '../crypto/transcript13.ts';
import type { Actor } from '../trace/model.ts';
import { HandshakeType } from '../wire/registry.ts';
import { cipherSuite } from '../wire/suites.ts';
import type { ProtectionFacts } from './keys.ts';
import type { Message } from './messages.ts';

export type FinishedFits = Readonly<Record<Actor, boolean | undefined>>;

export const noFits: FinishedFits = { client: undefined, server: undefined };

/** `secrets` are those of this handshake, by their labels in a key log. */
export function finishedFits(
  crypto: CryptoProvider,
  messages: readonly Message[],
  facts: ProtectionFacts,
  secrets: ReadonlyMap<string, Uint8Array>,
): FinishedFits {
  const suite = cipherSuite(facts.suite);
  const order = suite && inOrder(messages, facts.version === '1.3');
  if (!suite || !order) return noFits;
  const fits = (actor: Actor): boolean | undefined => {
    const at = order.findIndex(({ from, type }) => from === actor && type === HandshakeType.finished);
    const finished = order[at];
    const before = order.slice(0, at);
    if (!finished || ![...before, finished].every(({ assembly }) => assembly.complete)) return undefined;
    const { body } = finished.assembly;
    if (facts.version === '1.3') {
      const base = secrets.get(trafficSecretLabel(actor, 2) ?? '');
      const hash = crypto.hash(suite.hash, transcript13(crypto, suite.hash, before));
      return base && equal(body, keySchedule(crypto, suite.hash).verifyData(base, hash));
    }
    const master = secrets.get('CLIENT_RANDOM');
    const hash = prfHash(facts.version, suite);
    const transcript = runningTranscript(crypto, hash);
    for (const message of before) transcript.update(inOneFragment(message));
    return master && equal(body, verifyData(crypto, hash, master, actor, transcript.digest()));
  };
  return { client: fits('client'), server: fits('server') };
}

/** The messages of a handshake in the order of its transcript; `undefined` where they leave room for another. */
function inOrder(messages: readonly Message[], is13: boolean): readonly Message[] | undefined {
  const protectedEpoch = is13 ? 2 : 1;
  const own = messages.filter(
    ({ epoch, type }) =>
      type !== HandshakeType.helloVerifyRequest &&
      type !== HandshakeType.helloRequest &&
      (epoch === 0 || (epoch === protectedEpoch && (is13 || type === HandshakeType.finished))),
  );
  const hellos = own.filter(({ type }) => type === HandshakeType.clientHello);
  // A ClientHello without the cookie that was asked for does not count (RFC 6347 §4.2.1).
  const first = is13 ? 0 : Math.max(0, ...hellos.map(({ seq }) => seq));
  const of = (actor: Actor): readonly Message[] =>
    own.filter(({ from, seq }) => from === actor && (actor === 'server' || seq >= first)).sort((a, b) => a.seq - b.seq);
  const [client, server] = [of('client'), of('server')];
  const isRow = (list: readonly Message[]): boolean =>
    list.every(({ seq }, i) => i === 0 || seq === (list[i - 1]?.seq ?? 0) + 1);
  if (!isRow(client) || !isRow(server)) return undefined;
  if (client[0]?.type !== HandshakeType.clientHello || server[0]?.type !== HandshakeType.serverHello) return undefined;
  const upTo = (list: readonly Message[], ...types: readonly number[]): number =>
    1 + list.findIndex(({ type }) => types.includes(type));
  // A client goes on when the server has said all, and in a resumed handshake of DTLS 1.2 that is its Finished (RFC 5246 §7.3).
  const retried = is13 && hellos.length > 1 ? 1 : 0;
  const turn = upTo(server, HandshakeType.serverHelloDone, HandshakeType.finished);
  const begin = server.slice(0, turn);
  return [
    ...client.slice(0, 1),
    ...begin.slice(0, retried),
    ...client.slice(1, 1 + retried),
    ...begin.slice(retried),
    ...client.slice(1 + retried),
    ...server.slice(turn),
  ];
}

/** A message as the transcript of DTLS 1.2 has it, whatever pieces it came in (RFC 6347 §4.2.6). */
const inOneFragment = ({ type, seq, assembly: { body } }: Message): Uint8Array => {
  const length = uintBytes(body.length, 3);
  return concat(Uint8Array.of(type), length, uintBytes(seq, 2), uintBytes(0, 3), length, body);
};

/** RFC 9147 §5.2, and RFC 8446 §4.4.1 for a ClientHello that a HelloRetryRequest answered. */
function transcript13(crypto: CryptoProvider, hash: 'sha256' | 'sha384', messages: readonly Message[]): Uint8Array {
  const retried = messages.filter(({ type }) => type === HandshakeType.clientHello).length > 1;
  return concat(
    ...messages.map(({ type, assembly: { body } }, i) =>
      retried && i === 0 ? messageHash(crypto, hash, body) : transcriptMessage(type, body),
    ),
  );
}
