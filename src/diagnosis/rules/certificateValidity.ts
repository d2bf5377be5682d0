import type { CertificateView, Handshake } from '../../analysis/model.ts';
import type { Actor } from '../../trace/model.ts';
import { messageOf, placesOf } from '../fields.ts';
import { rule, type Says } from '../model.ts';
import { refusalAs } from '../refusals.ts';
import { alertText, capitalised, otherSide } from '../words.ts';

export const certificateValidity = rule(
  {
    id: 'certificate-validity',
    title: 'A certificate outside its dates',
    signature:
      'The handshake was outside the validity of a certificate, by the clock of the recording; an error only when the other side ended the handshake with certificate_expired.',
    doc: {
      why: 'WebRTC stacks do not look at the dates of a certificate: the fingerprint in the SDP says who the peer is, and nothing else. An expired certificate is there in good runs as in bad ones, and is a red herring. Only a verifier that checks certificates as the web does ends the handshake over it, with certificate_expired; such a verifier is what has to change. Users met it in w3c/webrtc-pc#1318 and rawrtc/rawrtc#39.',
      fix: 'Without the alert nothing: look for the cause elsewhere. With it let the verifier compare the fingerprint only, or make a new certificate; and check the clock of the verifier.',
    },
    see: 'RFC 8827 §6.5',
  },
  (handshake) => (['server', 'client'] as const).flatMap((side) => saysOf(handshake, side)),
);

function saysOf(handshake: Handshake, side: Actor): Says[] {
  const [leaf] = handshake.certificates[side];
  const refusal = refusalAs(handshake, 'certificate-validity');
  const blamed = refusal && otherSide(refusal.alert.from) === side ? refusal.alert : undefined;
  const state = leaf && stateOf(leaf, handshake.wallClock);
  const message = messageOf(handshake, side, 'certificate');
  if (!blamed && (!state || state.kind === 'valid' || state.kind === 'unknown')) return [];
  const name = `The ${side}'s certificate (${leaf?.subject || 'no name'})`;
  const evidence = [
    ...(message ? placesOf(handshake, message, [0, message.total]) : []),
    ...(blamed?.where ? [blamed.where] : []),
  ];
  const dates = state ? ` ${state.text}` : ' could not be read';
  if (!blamed)
    return [
      {
        severity: 'info',
        why: `${name}${dates}. WebRTC looks at the fingerprint alone and not at dates, so this ${handshake.establishedAt === undefined ? 'is not what stopped the handshake' : 'does no harm'}.`,
        fix: 'Nothing, for WebRTC. A peer that checks certificates as the web does would refuse it.',
        evidence,
      },
    ];
  const wrongly = state?.kind === 'valid' ? `, so its clock is wrong, or it means another date` : '';
  return [
    {
      severity: 'error',
      why: `The ${blamed.from} ended the handshake with ${alertText(blamed.description)}. ${name}${dates}${wrongly}. The ${blamed.from} checks certificates as the web does (authority, dates, name); WebRTC stacks trust the fingerprint of signalling and ignore dates.`,
      fix: `${capitalised(`let the ${blamed.from}`)} compare the fingerprint only (OpenSSL: a verify callback that returns 1); or make a new certificate for the ${side}, and check the ${blamed.from}'s clock.`,
      evidence,
    },
  ];
}

type State = { readonly kind: 'valid' | 'expired' | 'not-yet' | 'unknown'; readonly text: string };

/** How a certificate's dates stand to the time of the recording; undefined when they can't be read. */
function stateOf({ notBefore, notAfter }: CertificateView, now: number | undefined): State | undefined {
  if (!notBefore || !notAfter) return undefined;
  const [from, to] = [Date.parse(notBefore), Date.parse(notAfter)];
  const [first, last] = [notBefore.slice(0, 10), notAfter.slice(0, 10)];
  if (to < from) return { kind: 'expired', text: `is valid until ${last} and only from ${first}, which is never` };
  if (now === undefined) return { kind: 'unknown', text: `is valid from ${first} until ${last}` };
  if (now > to)
    return { kind: 'expired', text: `was valid until ${last}, ${daysText(now - to)} before this handshake` };
  if (now < from)
    return { kind: 'not-yet', text: `is valid from ${first}, ${daysText(from - now)} after this handshake` };
  return { kind: 'valid', text: `is valid from ${first} until ${last}` };
}

const daysText = (ms: number): string => {
  const days = Math.round(ms / 86_400_000);
  return days < 1 ? 'less than a day' : `${days} ${days === 1 ? 'day' : 'days'}`;
};
