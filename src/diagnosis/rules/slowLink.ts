import { rule } from '../model.ts';
import { evidenceOf } from '../story.ts';
import { count, duration } from '../words.ts';

/** At this rate a flight of 4 KB takes 64 ms. bit/s */
const slow = 512_000;

export const slowLink = rule(
  {
    id: 'slow-link',
    title: 'The path is slow in one direction',
    signature: `In a capture, the datagrams of every long flight of one side come spread out, at less than ${slow / 1000} kbit/s.`,
    doc: {
      why: 'A flight takes its time on a slow path, more so when media fills it. Where that comes near a timer of the handshake, flights are repeated that were only late, and fill the path further.',
      fix: 'Make flights small (ECDSA certificate, no chain), take the first timer from the ICE round trip, and let no media fill the path before the handshake is done.',
    },
    see: 'RFC 9147 §5.8.2',
  },
  (handshake) => {
    const { rate } = handshake.estimates;
    if (!rate || rate.bitsPerSecond >= slow) return undefined;
    const own = handshake.flights.filter(({ from }) => from === rate.from);
    const packets = new Set(own.flatMap((flight) => flight.packets));
    const datagrams = handshake.datagrams.filter(({ packet }) => packets.has(packet));
    const bytes = datagrams.reduce((sum, { size }) => sum + size + headers, 0);
    const again = handshake.retransmissions.client + handshake.retransmissions.server;
    return {
      severity: again > 0 ? 'warning' : 'info',
      why: `What the ${rate.from} sends comes at about ${Math.round(rate.bitsPerSecond / 1000)} kbit/s: its ${count(datagrams.length, 'datagram')} of this handshake alone need ${duration((bytes * 8000) / rate.bitsPerSecond)}. ${
        again > 0 ? `Flights were sent again ${count(again, 'time')}, which makes it more.` : 'No timer fired.'
      }`,
      fix: `Fewer bytes from the ${rate.from} (ECDSA certificate, no chain), a timer from the ICE round trip, and no media on that path before the handshake is done.`,
      evidence: evidenceOf(datagrams),
    };
  },
);
const headers = 28;
