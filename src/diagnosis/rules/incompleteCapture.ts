import type { Handshake } from '../../analysis/model.ts';
import { rule } from '../model.ts';
import { outcomeOf } from '../outcome.ts';
import { neverBegan } from '../path.ts';
import { evidenceOf, hasMessage, missedByCapture, onlySide, sealedAlert } from '../story.ts';
import { capitalised, count, list, lostText } from '../words.ts';

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
  const only = onlySide(handshake);
  if (only !== undefined) gaps.push(`only the ${only}'s datagrams are in it`);
  else if (!began && !handshake.snapped) gaps.push('the ClientHello is missing: the capture began later');
  if (handshake.snapped) gaps.push('datagrams were cut by the snap length of the capture');
  if (missed.length > 0) gaps.push(`${lostText(missed, handshake)} were never seen, yet the other side went on`);
  gaps.push(...neverSeen(handshake));
  if (outcomeOf(handshake) === 'incomplete-capture' && began && only === undefined && gaps.length === 0)
    gaps.push(
      sealedAlert(handshake)
        ? 'it ends in mid-handshake with what may be an alert, and without the keys to read it'
        : 'it ends in mid-handshake, before a retransmission or an alert could tell why',
    );
  return gaps;
}

/** What both sides went on from, and of which nothing is in the capture. */
function neverSeen(handshake: Handshake): string[] {
  const { flights, finished, parameters, recordGaps, retransmissions, establishedAt } = handshake;
  if (onlySide(handshake) !== undefined || handshake.snapped || flights.length === 0) return [];
  const began = hasMessage(handshake, 'client_hello');
  const said: string[] = [];
  if (began && !hasMessage(handshake, 'server_hello') && (finished.server || finished.client))
    said.push("the server's ServerHello was never seen, yet the client went on");
  if (parameters.version !== '1.3' && !parameters.resumed && finished.server && !finished.client)
    said.push("the client's Finished was never seen, yet the server answered it with its own");
  // What was lost is sent again; what nobody missed was lost to the capture alone.
  const missed = recordGaps.filter(({ from, epoch }) => epoch === 0 && retransmissions[from] === 0);
  if (establishedAt !== undefined && missed.length > 0 && said.length + missedByCapture(handshake).length === 0)
    said.push(
      `record numbers of ${list([...new Set(missed.map(({ from }) => `the ${from}`))])} are missing in ${count(missed.length, 'place')}, and nobody asked for them again`,
    );
  return said;
}
