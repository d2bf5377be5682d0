import { rule } from '../model.ts';
import { stunBetween, stunEvidence } from '../path.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { alertText, capitalised, duration, otherSide } from '../words.ts';

/** What a DTLS stack says to bytes that are no record: unexpected_message, record_overflow, decode_error and so on. */
const ofBadBytes: ReadonlySet<number> = new Set([10, 20, 22, 47, 50, 70, 80]);
/** An alert that a datagram causes follows it at once. ms */
const atOnceMs = 100;

export const stunIntoDtls = rule(
  {
    id: 'stun-into-dtls',
    title: 'STUN reached the DTLS stack',
    signature:
      'A side ends the handshake with an alert about bytes that it could not read, and the last thing that came to it was STUN, not DTLS.',
    doc: {
      why: 'STUN, DTLS and media share one port, and are told apart by the first byte of a datagram. A stack that gives all of it to DTLS takes an ICE check in mid-handshake for a broken record.',
      fix: 'Hand only datagrams whose first byte is 20 to 63 to DTLS, 0 to 3 to ICE, 128 to 191 to SRTP.',
    },
    see: 'RFC 7983 §7, RFC 5764 §5.1.2',
  },
  (handshake) => {
    const { fatal } = storyOf(handshake);
    if (!fatal || !ofBadBytes.has(fatal.description)) return undefined;
    const toIt = stunBetween(handshake).filter(
      ({ dst, at }) => dst === handshake[fatal.from] && at <= fatal.at && fatal.at - at < atOnceMs,
    );
    const last = toIt.at(-1);
    const dtls = handshake.datagrams.findLast(({ from, at }) => from === otherSide(fatal.from) && at <= fatal.at);
    if (!last || (dtls && dtls.at >= last.at)) return undefined;
    const alerts = handshake.datagrams.filter(({ packet }) => packet === fatal.where?.packet);
    return {
      severity: 'error',
      why: `${capitalised(`the ${fatal.from}`)} ended the handshake with alert ${alertText(fatal.description)} ${duration(fatal.at - last.at)} after a STUN message had come to it, and no DTLS in between: its DTLS was given what belongs to ICE.`,
      fix: `Look at how the ${fatal.from} tells protocols apart on its port: by the first byte, before DTLS sees anything (0 to 3 STUN, 20 to 63 DTLS, 128 to 191 media).`,
      evidence: [...stunEvidence([last]), ...evidenceOf(alerts)],
    };
  },
);
