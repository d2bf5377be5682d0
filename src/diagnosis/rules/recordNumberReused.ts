import type { Handshake } from '../../analysis/model.ts';
import type { Actor } from '../../trace/model.ts';
import { reusedNumbers } from '../causes.ts';
import { rule, type Says } from '../model.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { capitalised, count, otherSide, packetsText } from '../words.ts';

export const recordNumberReused = rule(
  {
    id: 'record-number-reused',
    title: 'Record numbers are used twice',
    signature:
      'The same epoch and record number come twice from one side, in records with other bytes; or the very same datagram is sent again by a timer.',
    doc: {
      why: 'Every record must have a number of its own, a repeated one too. A receiver with a replay window drops what comes under a number that it has seen, in silence.',
      fix: 'Give each record a new number whenever it is sent. Met in werift-dtls 0.5.8, eclipse-tinydtls/tinydtls#71 and #256, zephyrproject-rtos/zephyr#49071; node-dtls-client has resetAntiReplayWindowBeforeServerHello for gateways that number anew after the cookie.',
    },
    see: 'RFC 6347 §4.1',
  },
  (handshake) => (['client', 'server'] as const).flatMap((from) => say(handshake, from)),
);

function say(handshake: Handshake, from: Actor): Says[] {
  const again = reusedNumbers(handshake, from);
  const [first] = again;
  if (!first) return [];
  const { stop } = storyOf(handshake);
  const ended = stop.kind === 'numbers' && stop.flight.from === from;
  const records = again.flatMap((datagram) => datagram.records.filter(({ repeatedNumber }) => repeatedNumber));
  const other = records.some(({ repeatedNumber }) => repeatedNumber === 'other-bytes');
  const [record] = records;
  const name = record ? `number ${record.sequenceNumber} of epoch ${record.epoch}` : 'a number';
  const afterCookie =
    from === 'server' &&
    record?.fragments.some(({ name: message }) => message === 'server_hello') &&
    handshake.parameters.cookie;
  return [
    {
      severity: ended ? 'error' : 'warning',
      why: `${capitalised(count(records.length, 'record'))} of the ${from} (${packetsText(again.map(({ packet }) => packet))}) ${records.length === 1 ? 'has' : 'have'} numbers that it had used before, such as ${name}${
        afterCookie ? ', which the request for the cookie had' : ''
      }${other ? ', with other bytes' : ': the very same datagram was sent again'}. A receiver with a replay window drops them in silence; ${
        ended
          ? `the ${otherSide(from)} does not get past them.`
          : `the ${otherSide(from)} took them here, or had no need of them.`
      }`,
      fix: `Let the ${from} give each record a new number, also when it repeats one (werift-dtls 0.5.8, eclipse-tinydtls/tinydtls#71${afterCookie ? ' and #256' : ''}).`,
      evidence: evidenceOf(again),
    },
  ];
}
