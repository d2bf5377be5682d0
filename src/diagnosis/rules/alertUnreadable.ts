import { rule } from '../model.ts';
import { evidenceOf, unreadableEnd } from '../story.ts';
import { duration, inProse } from '../words.ts';

export const alertUnreadable = rule(
  {
    id: 'alert-unreadable',
    title: 'The handshake ends with an alert that nobody can read here',
    signature:
      'Without keys: an encrypted alert before the last Finished of DTLS 1.2, or as all that its receiver sends within 500 ms behind it; or a record of the size of an alert at the end of a handshake of DTLS 1.3.',
    doc: {
      why: 'Under keys a goodbye (close_notify) and a refusal (decrypt_error, bad_certificate and all the others) look the same from outside. Whether the handshake failed, and why, stands in two bytes that only the keys open.',
      fix: 'Give the key log of either side (--keys, or drop it with the capture): browsers and OpenSSL write one with SSLKEYLOGFILE. Or look into the log of the side that sent the alert, at this moment.',
    },
    see: 'RFC 5246 §7.2, RFC 8446 §6',
  },
  (handshake) => {
    const end = unreadableEnd(handshake);
    if (!end) return undefined;
    const { from, at, datagram } = end;
    const after = handshake.lastMessage
      ? `after the ${handshake.lastMessage.from}'s ${inProse(handshake.lastMessage.name)}`
      : 'at the end';
    const what = handshake.parameters.version === '1.3' ? 'a record of the size of an alert' : 'an encrypted alert';
    return {
      severity: 'info',
      why: `The ${from} sent ${what} ${after}, ${duration(at - handshake.startedAt)} after the beginning, and nothing else. It may say goodbye, or refuse what came before it: which of the two, and why, only the keys tell.`,
      fix: `Give the key log of either side. Without one, look into the log of the ${from} at this moment.`,
      evidence: evidenceOf(datagram ? [datagram] : []),
    };
  },
);
