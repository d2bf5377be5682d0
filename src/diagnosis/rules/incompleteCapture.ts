import type { Handshake } from '../../analysis/model.ts';
import { rule } from '../model.ts';
import { outcomeOf } from '../outcome.ts';
import { neverBegan } from '../path.ts';
import { evidenceOf, missedByCapture, sealedAlert, wasHeard } from '../story.ts';
import { capitalised, lostText } from '../words.ts';

export const incompleteCapture = rule(
  {
    id: 'incomplete-capture',
    title: 'The capture does not hold the whole handshake',
    signature:
      'A capture without the ClientHello, with one direction only, with a snap length that cuts datagrams, with bytes that were never seen although the handshake went on, or that ends in mid-handshake without a reason.',
    doc: {
      why: "What is not in the capture can't be judged, and is not guessed.",
      fix: 'Capture without snap length, on one interface, from before the call until some seconds after it failed.',
    },
    see: 'https://wiki.wireshark.org/CaptureSetup',
  },
  (handshake) => {
    if (handshake.ours.length > 0 || neverBegan(handshake)) return undefined;
    const gaps = gapsOf(handshake);
    if (gaps.length === 0) return undefined;
    return {
      severity: 'info',
      why: `${gaps.map(capitalised).join('. ')}. What is not in the capture cannot be judged, and is not guessed here.`,
      fix: 'Capture without snap length, on one interface, from before the call until some seconds after it failed.',
      evidence: evidenceOf(handshake.datagrams.slice(0, 1)),
    };
  },
);

function gapsOf(handshake: Handshake): string[] {
  const gaps: string[] = [];
  const began = handshake.flights.some(({ messages }) => messages[0] === 'client_hello');
  const missed = missedByCapture(handshake);
  if (!began) gaps.push('the ClientHello is missing: the capture began later');
  if (handshake.traffic.client.datagrams === 0 && began === false) gaps.push("only the server's datagrams are in it");
  if (handshake.snapped) gaps.push('datagrams were cut by the snap length of the capture');
  if (missed.length > 0) gaps.push(`${lostText(missed, handshake)} were never seen, yet the other side went on`);
  if (outcomeOf(handshake) === 'incomplete-capture' && began && wasHeard(handshake, 'client'))
    gaps.push(
      sealedAlert(handshake)
        ? 'it ends in mid-handshake with what may be an alert, and without the keys to read it'
        : 'it ends in mid-handshake, before a retransmission or an alert could tell why',
    );
  return gaps;
}
