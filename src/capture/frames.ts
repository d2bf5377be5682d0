/**
 * From a captured frame to its IP packet: the link layers that DTLS captures come in. Anything else is named, so that it
 * can be counted. Link-layer numbers: https://www.tcpdump.org/linktypes.html.
 */
import { bigEndian, littleEndian } from './blocks.ts';

/** Where the IP packet begins in the frame, or what the frame is instead. */
export type LinkPayload = { readonly version: 4 | 6; readonly at: number } | { readonly other: string };

/** VLAN tags in a row; beyond it somebody is playing. */
const mostTags = 8;
const mostLabels = 16;

/** Finds the IP packet in a frame of this link type, which is [start, end) of the bytes; `at` is a place in them. */
export function linkPayload(linkType: number, bytes: Uint8Array, start: number, end: number): LinkPayload {
  const length = end - start;
  switch (linkType) {
    case 1:
      return length < 14 ? cut : protocol(bytes, u16(bytes, start + 12), start + 14, end);
    case 113: // Linux cooked: packet type, ARPHRD, address length, address (8), protocol.
      return length < 16 ? cut : protocol(bytes, u16(bytes, start + 14), start + 16, end);
    case 276: // Linux cooked 2: protocol first, 20 bytes in all.
      return length < 20 ? cut : protocol(bytes, u16(bytes, start), start + 20, end);
    case 12: // DLT_RAW where a file carries the platform's number instead of LINKTYPE_RAW.
    case 14:
    case 101:
      return byVersion(bytes, start, end);
    case 228:
      return { version: 4, at: start };
    case 229:
      return { version: 6, at: start };
    case 0:
    case 108: {
      if (length < 4) return cut;
      // Address family in the byte order of the capturing machine (NULL) or of the network (LOOP): take what makes sense.
      const family = Math.min(bigEndian.u32(bytes, start), littleEndian.u32(bytes, start));
      if (family === 2) return { version: 4, at: start + 4 };
      // AF_INET6 of Windows, NetBSD/OpenBSD, FreeBSD, macOS.
      return [10, 23, 24, 28, 30].includes(family) ? { version: 6, at: start + 4 } : { other: 'not IP' };
    }
    default:
      return { other: 'link type not read' };
  }
}

/** Whether `linkPayload` knows the type. */
export const isKnownLinkType = (linkType: number): boolean =>
  [0, 1, 12, 14, 101, 108, 113, 228, 229, 276].includes(linkType);

/** What is on the links that captures come from, and is not read here. */
export const linkNames: Readonly<Record<number, string>> = {
  9: 'PPP',
  105: '802.11',
  119: '802.11 with Prism headers',
  127: '802.11 with radiotap',
  163: '802.11 with AVS headers',
  187: 'Bluetooth',
  201: 'Bluetooth',
  220: 'USB',
  239: 'Linux netfilter log',
};

const cut = { other: 'header cut' } as const;
const { u16 } = bigEndian;

/** Follows VLAN tags (802.1Q, 802.1ad, the old QinQ numbers) and PPPoE from a protocol number at hand. */
function protocol(frame: Uint8Array, type: number, at: number, end: number): LinkPayload {
  for (let tags = 0; tags <= mostTags; tags++) {
    switch (type) {
      case 0x0800:
        return { version: 4, at };
      case 0x86dd:
        return { version: 6, at };
      case 0x8100:
      case 0x88a8:
      case 0x9100:
      case 0x9200:
        if (end < at + 4) return cut;
        type = u16(frame, at + 2);
        at += 4;
        break;
      case 0x8864: {
        // RFC 2516 §4: six bytes, then the PPP protocol.
        if (end < at + 8) return cut;
        const ppp = u16(frame, at + 6);
        return ppp === 0x21
          ? { version: 4, at: at + 8 }
          : ppp === 0x57
            ? { version: 6, at: at + 8 }
            : { other: 'not IP' };
      }
      case 0x8847:
      case 0x8848: {
        // RFC 3032 §2.1: labels up to the one with the bottom bit; what is behind them has no type, and most often is IP.
        let inner = at + 4;
        while (inner <= end && ((frame[inner - 2] ?? 0) & 1) === 0 && inner - at < 4 * mostLabels) inner += 4;
        return byVersion(frame, inner, end);
      }
      case 0x0806:
        return { other: 'ARP' };
      default:
        return { other: 'not IP' };
    }
  }
  return { other: 'malformed' };
}

function byVersion(frame: Uint8Array, at: number, end: number): LinkPayload {
  if (end <= at) return cut;
  const version = (frame[at] ?? 0) >> 4;
  return version === 4 || version === 6 ? { version, at } : { other: 'not IP' };
}
