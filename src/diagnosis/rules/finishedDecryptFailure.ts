import type { AlertView, Handshake } from '../../analysis/model.ts';
import { causeText } from '../causeText.ts';
import { rule } from '../model.ts';
import { refusalOf } from '../refusals.ts';
import { datagramsOf, evidenceOf, storyOf } from '../story.ts';
import { alertText, capitalised, otherSide } from '../words.ts';

/** bad_record_mac, decryption_failed, decrypt_error. */
const cryptographic: ReadonlySet<number> = new Set([20, 21, 51]);

export const finishedDecryptFailure = rule(
  {
    id: 'finished-decrypt-failure',
    title: 'Finished can not be opened, or does not fit',
    signature:
      'A fatal alert bad_record_mac, decryption_failed or decrypt_error after a Finished; or our endpoint says that Finished is wrong; or a flight with Finished arrives again and again and is dropped in silence.',
    doc: {
      why: 'Finished is the first message under the new keys and a hash of all messages before it. It fails when the two sides have other keys, or have hashed other bytes: a repeated message counted twice, a handshake begun anew in between. Some stacks say so with an alert; the standard lets them drop it in silence.',
      fix: 'See whether it happens only when something was repeated: then a message is hashed twice (erlang/otp#11075, meetecho/janus-gateway#136). If always, compare suite, extended master secret and key export of both sides (bcgit/bc-java#333).',
    },
    see: 'RFC 5246 §7.4.9',
  },
  (handshake) => {
    const { stop, fatal } = storyOf(handshake);
    const repeated = handshake.flights.some(({ resentAt, sentAt }) => resentAt.some((at) => at > sentAt));
    const fix = repeated
      ? 'Something was repeated before: look whether each message goes into the hash once only (erlang/otp#11075, meetecho/janus-gateway#136), and run it again without loss.'
      : 'Nothing was repeated before: compare the suite, extended_master_secret and the randoms that each side works with; a proxy between the two, or a handshake begun anew, gives other keys.';
    if (stop.kind === 'finished') {
      const receiver = otherSide(stop.flight.from);
      const told = handshake.drops.filter(({ actor, reason }) => actor === receiver && reason === 'bad-mac').length;
      return {
        severity: 'error',
        why: `${capitalised(causeText(stop))}.${told > 0 ? ` It says itself that the record protection of ${told} records is wrong.` : ''} The messages in the clear before it are whole.`,
        fix,
        evidence: evidenceOf(datagramsOf(handshake, stop.flight.packets)),
      };
    }
    // What was refused for a reason that is known is named there.
    if (!fatal || refusalOf(handshake) || !aboutFinished(handshake, fatal)) return undefined;
    const verify = handshake.flights.some(({ messages }) => messages.includes('certificate_verify'));
    return {
      severity: 'error',
      why: `The ${fatal.from} refused what came under the new keys with ${alertText(fatal.description)}, right after Finished: ${
        bad(handshake)
          ? 'it says itself that Finished does not fit the messages before it'
          : `Finished${verify ? ' or CertificateVerify' : ''} does not fit, or does not open`
      }. The two sides have hashed other messages, or have other keys.${repeated ? ' Flights had been repeated before.' : ''}`,
      fix,
      evidence: fatal.where ? [fatal.where] : evidenceOf(handshake.datagrams.slice(-1)),
    };
  },
);

const bad = ({ failures }: Handshake): boolean => failures.some(({ failure }) => failure.code === 'bad-finished');

function aboutFinished(handshake: Handshake, { description, afterMessage, from }: AlertView): boolean {
  if (bad(handshake)) return true;
  // What an endpoint says itself is better than what its alert says.
  if (handshake.failures.some(({ actor, failure }) => actor === from && failure.code !== 'alert')) return false;
  return (
    cryptographic.has(description) && afterMessage === 'finished' && handshake.finished[otherSide(from)] !== undefined
  );
}
