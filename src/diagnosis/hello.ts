/** The ClientHello as the network sees it: how many datagrams it needs, and what of it is a post-quantum key share. */
import type { FlightView, Handshake } from '../analysis/model.ts';
import { groups, nameIn } from '../wire/registry.ts';
import { datagramsOf } from './story.ts';
import { count, list } from './words.ts';

/** Key shares of hybrid groups with ML-KEM (draft-ietf-tls-ecdhe-mlkem): none fits a datagram beside the rest of a hello. */
const postQuantum: ReadonlySet<number> = new Set([0x11eb, 0x11ec, 0x11ed]);

export const isPostQuantum = ({ group }: { readonly group: number }): boolean => postQuantum.has(group);

export interface HelloFacts {
  readonly flight: FlightView;
  /** Bytes of the message; undefined when not all of it was seen. */
  readonly bytes: number | undefined;
  /** UDP payload of each datagram of its first sending. */
  readonly sizes: readonly number[];
  readonly packets: readonly number[];
  /** The largest post-quantum share in it. */
  readonly share: { readonly name: string; readonly bytes: number } | undefined;
}

/** Facts of the newest ClientHello. */
export function helloFacts(handshake: Handshake): HelloFacts | undefined {
  const flight = handshake.flights.findLast(({ messages }) => messages[0] === 'client_hello');
  if (!flight) return undefined;
  const first = datagramsOf(handshake, flight.packets).filter(({ attempt }) => attempt === 0);
  const message = handshake.messages.findLast(({ from, name }) => from === 'client' && name === 'client_hello');
  const share = (handshake.parameters.offer?.keyShares ?? [])
    .filter(isPostQuantum)
    .sort((a, b) => b.bytes - a.bytes)[0];
  return {
    flight,
    bytes: message?.complete ? message.total : undefined,
    sizes: first.map(({ size }) => size),
    packets: first.map(({ packet }) => packet),
    share: share && { name: nameIn(groups)(share.group), bytes: share.bytes },
  };
}

/** "two datagrams (1408 and 90 bytes)". */
export const sizesText = (sizes: readonly number[]): string => {
  const shown = sizes.slice(0, shownSizes).map(String);
  const more = sizes.length - shown.length;
  const each = list(more > 0 ? [...shown, `${more} more`] : shown);
  return `${count(sizes.length, 'datagram')} (${each} bytes)`;
};
const shownSizes = 6;

/** Who sends such hellos, and how to make one that is small. */
export const browsersText =
  'Chromium 156 and Firefox 153 send it by default; Chromium does not with --disable-features=WebRtcPqcForDtls, nor Firefox with media.webrtc.enable_pq_hybrid_kex set to false';
