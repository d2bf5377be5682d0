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
    const datagrams = datagramsOf(handshake, flight.packets);
    const ofIt = datagrams.some(({ delivered }) => delivered !== false) ? ' of the same flight' : '';
    // What never came was recorded where it was sent; of a hole the size is an estimate.
    const isRecorded = lost.some(({ evidence }) => evidence === 'link');
    const size = isRecorded
      ? `The smallest that did not come has ${missing} bytes`
      : `The missing ones must have had about ${missing} bytes`;
    const set = isRecorded
      ? `Set the ${from}'s MTU below ${missing} and find the largest that works, which lies above ${largest}`
      : `Set the ${from}'s MTU to ${largest} or so and try again, then find the largest that works`;
    return {
      severity: 'error',
      why: `${capitalised(lostText(lost, handshake))} came in none of ${count(sendings(flight), 'sending')}, while datagrams of up to ${largest} bytes${ofIt} did. ${size}: the path drops what is larger than something between the two, and tells nobody.`,
      fix: `${set}; or make the flight smaller (ECDSA certificate, no chain). Most stacks repeat the same size for ever instead of trying smaller records.`,
      evidence: evidenceOf(datagrams),
    };
  },
);
