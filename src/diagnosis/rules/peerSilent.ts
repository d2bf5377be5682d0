import type { FlightView, Handshake } from '../../analysis/model.ts';
import type { Actor } from '../../trace/model.ts';
import { rule } from '../model.ts';
import { iceNow, rolesResult } from '../path.ts';
import {
  bothBegan,
  bothWaited,
  cameWhole,
  datagramsOf,
  evidenceOf,
  lastHeard,
  missingEnd,
  onlyAcknowledges,
  sendings,
  storyOf,
} from '../story.ts';
import { capitalised, duration, flightText, times } from '../words.ts';

export const peerSilent = rule(
  {
    id: 'peer-silent',
    title: 'One side is silent',
    signature:
      'A flight is sent (and repeated) and nothing comes back from the other side: from the beginning, or from some message on.',
    doc: {
      why: "A flight gets no answer at all. Silence says less than an alert: nobody is there, the datagrams don't find the way, or the other side fell over what it got.",
      fix: 'Check address, port and firewall, that the peer runs DTLS there, and that exactly one side is active (a=setup). When it had answered before, look at its log at that moment.',
    },
    see: 'RFC 6347 §4.2.4',
  },
  (handshake) => {
    const { stop, stalled, us } = storyOf(handshake);
    if (!stalled || stop.kind !== 'silence') return undefined;
    // Then it is the roles, and they are named.
    if (bothBegan(handshake) || bothWaited(handshake) || rolesResult(handshake) === 'both-passive') return undefined;
    const { who, flight } = stop;
    // Nobody answers a flight whose end is missing.
    if (flight && missingEnd(handshake, flight)) return undefined;
    const last = lastHeard(handshake, who);
    const alert = handshake.alerts.find(({ from, at }) => from === who && (!last || at > last.at));
    const n = flight ? sendings(flight) : 0;
    const asked = flight
      ? `${capitalised(flightText(flight))} was sent ${times(n)}${n > 1 ? ` in ${duration((flight.resentAt.at(-1) ?? flight.sentAt) - flight.sentAt)}` : ''}`
      : `The ${us} waited`;
    const since = last
      ? `The ${who} was last heard ${duration(last.at - handshake.startedAt)} after the beginning${alert ? `, but for an alert after ${duration(alert.at - handshake.startedAt)}` : ''}.`
      : `The ${who} was never heard.`;
    const came = flight !== undefined && cameWhole(handshake, flight);
    const lost = iceNow(handshake) === 'lost';
    const refusal = handshake.refused.find(({ at }) => !last || at > last.at);
    const words = onlyAcknowledges(handshake, who) ? 'nothing but ACKs' : 'nothing';
    return {
      severity: 'error',
      why: `${asked}, and ${words} came back${refusal ? ` but a refusal: ${refusal.by}: ${refusal.why}` : ''}. ${since}${came ? ` All of it came to the ${who}: it was recorded there as well.` : ''}${lost ? ' Then it stopped answering ICE checks as well.' : ''}`,
      fix: whatToDo(handshake, who, last !== undefined, flight),
      evidence: evidenceOf(flight ? datagramsOf(handshake, flight.packets) : []),
    };
  },
);

/** Where to look, by what is known of the path and by how far DTLS had come; `flight` is what was not answered. */
function whatToDo(handshake: Handshake, who: Actor, heard: boolean, flight: FlightView | undefined): string {
  const ice = iceNow(handshake);
  if (ice === 'lost')
    return `It is not DTLS alone that went silent: see whether the ${who} crashed or hung up at that moment, or the network between changed.`;
  if (heard)
    return flight?.messages.includes('finished')
      ? `The ${who} must answer a repeated last flight for as long as it may be asked (RFC 6347 §4.2.4). See in its log whether it thinks the handshake is done, or dropped the flight.`
      : `Look at the ${who}'s log at this moment: it fell over the last flight it got, or its datagrams no longer find the way back.`;
  if (flight && cameWhole(handshake, flight))
    return `It is not the path: see whether anything listens for DTLS at that address of the ${who}, whether a firewall on its machine drops what was recorded before it, and what its log says.${who === 'server' ? ' A server that cannot take this ClientHello is silent as well.' : ''}`;
  if (ice === 'works')
    return `ICE works, so address, port and firewall are right: see in the ${who}'s log whether it took our description, whether it began DTLS, and which side it takes for active (a=setup).${who === 'server' ? ' A server that cannot take this ClientHello is silent as well.' : ''}`;
  const look = `Check address, port and firewall; that the ${who} runs DTLS there; and that exactly one side is active (a=setup).`;
  return handshake.refused.length > 0
    ? look
    : `${look} A server that is there but cannot take this ClientHello is silent as well.`;
}
