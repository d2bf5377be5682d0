import { rule } from '../model.ts';
import { datagramsOf, evidenceOf, sendings, storyOf } from '../story.ts';
import { capitalised, count, lostText } from '../words.ts';

export const largeDatagramsVanish = rule(
  {
    id: 'large-datagrams-vanish',
    title: 'Large datagrams vanish, small ones arrive',
    signature:
      'The same bytes are missing in two or more sendings of a flight, they need larger datagrams than any that arrived, and smaller datagrams of each sending do arrive.',
    doc: {
      why: 'The path drops what is larger than some size, and tells nobody: a PMTU black hole, or a firewall that drops IP fragments. Most stacks repeat the same size for ever instead of trying smaller records.',
      fix: "Set the sender's MTU to the largest size that arrived, then find the largest that works; or make the flight smaller (ECDSA certificate, no chain).",
    },
    see: 'RFC 6347 §4.1.1.1',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    if (stop.kind !== 'large-vanish') return undefined;
    const { flight, from, largest, missing, lost } = stop;
    return {
      severity: 'error',
      why: `${capitalised(lostText(lost, handshake))} came in none of ${count(sendings(flight), 'sending')}, while datagrams of up to ${largest} bytes of the same flight did. The missing ones must have had about ${missing} bytes: the path drops what is larger than something between the two, and tells nobody.`,
      fix: `Set the ${from}'s MTU to ${largest} or so and try again, then find the largest that works; or make the flight smaller (ECDSA certificate, no chain). Most stacks repeat the same size for ever instead of trying smaller records.`,
      evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
    };
  },
);
