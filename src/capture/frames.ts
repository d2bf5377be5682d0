/**
 * From a captured frame to its IP packet: the link layers that DTLS captures come in. Anything else is named, so that it
 * can be counted. Link-layer numbers: https://www.tcpdump.org/linktypes.html.
 */

/** Where the IP packet begins in the frame, or what the frame is instead. */
export type LinkPayload = { readonly version: 4 | 6; readonly at: number } | { readonly other: string };

/** VLAN tags in a row; beyond it somebody is playing. */
const mostTags = 8;

/** Finds the IP packet in a frame of this link type. */
export function linkPayload(linkType: number, frame: Uint8Array): LinkPayload {
  switch (linkType) {
    case 1:
      return frame.length < 14 ? cut : etherType(frame, 12);
    case 113: // Linux cooked: packet type, ARPHRD, address length, address (8), protocol.
      return frame.length < 16 ? cut : etherType(frame, 14);
    case 276: // Linux cooked 2: protocol first, 20 bytes in all.
      return frame.length < 20 ? cut : protocol(frame, u16(frame, 0), 20);
    case 12: // DLT_RAW where a file carries the platform's number instead of LINKTYPE_RAW.
    case 14:
    case 101:
      return byVersion(frame, 0);
    case 228:
      return { version: 4, at: 0 };
    case 229:
      return { version: 6, at: 0 };
    case 0:
    case 108: {
      if (frame.length < 4) return cut;
      // Address family in the byte order of the capturing machine (NULL) or of the network (LOOP): take what makes sense.
      const big = u16(frame, 0) * 0x10000 + u16(frame, 2);
      const little = (frame[3] ?? 0) * 0x1000000 + (frame[2] ?? 0) * 0x10000 + (frame[1] ?? 0) * 256 + (frame[0] ?? 0);
      const family = Math.min(big, little);
      if (family === 2) return { version: 4, at: 4 };
      // AF_INET6 of Windows, NetBSD/OpenBSD, FreeBSD, macOS.
      return [10, 23, 24, 28, 30].includes(family) ? { version: 6, at: 4 } : { other: 'not IP' };
    }
    default:
      return { other: 'link type not read' };
  }
}

/** Whether `linkPayload` knows the type. */
export const isKnownLinkType = (linkType: number): boolean =>
  [0, 1, 12, 14, 101, 108, 113, 228, 229, 276].includes(linkType);

const cut = { other: 'header cut' } as const;
const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

const etherType = (frame: Uint8Array, at: number): LinkPayload => protocol(frame, u16(frame, at), at + 2);

/** Follows VLAN tags (802.1Q, 802.1ad, the old QinQ numbers) and PPPoE from a protocol number at hand. */
function protocol(frame: Uint8Array, type: number, at: number): LinkPayload {
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
        if (frame.length < at + 4) return cut;
        type = u16(frame, at + 2);
        at += 4;
        break;
      case 0x8864: {
        // RFC 2516 §4: six bytes, then the PPP protocol.
        if (frame.length < at + 8) return cut;
        const ppp = u16(frame, at + 6);
        return ppp === 0x21
          ? { version: 4, at: at + 8 }
          : ppp === 0x57
            ? { version: 6, at: at + 8 }
            : { other: 'not IP' };
      }
      case 0x0806:
        return { other: 'ARP' };
      default:
        return { other: 'not IP' };
    }
  }
  return { other: 'malformed' };
}

function byVersion(frame: Uint8Array, at: number): LinkPayload {
  if (frame.length <= at) return cut;
  const version = (frame[at] ?? 0) >> 4;
  return version === 4 || version === 6 ? { version, at } : { other: 'not IP' };
}
