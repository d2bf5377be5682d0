import type { AlertView, Handshake } from '../../analysis/model.ts';
import { causeText } from '../causeText.ts';
import { rule, type Says } from '../model.ts';
import { cryptographicAlerts, refusalOf } from '../refusals.ts';
import { datagramsOf, evidenceOf, storyOf } from '../story.ts';
import { alertText, capitalised, otherSide } from '../words.ts';

export const finishedDecryptFailure = rule(
  {
    id: 'finished-decrypt-failure',
    title: 'Finished can not be opened, or does not fit',
    signature:
      'A fatal alert bad_record_mac, decryption_failed or decrypt_error after a Finished; or our endpoint says that Finished is wrong; or a flight with Finished arrives again and again and is dropped in silence; or flights are repeated behind a Finished that the secrets of this handshake do not open; or keys show a Finished that is not the hash of the messages before it.',
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
    if (stop.kind === 'finished' || stop.kind === 'other-keys') {
      const receiver = otherSide(stop.flight.from);
      const told = handshake.drops.filter(({ actor, reason }) => actor === receiver && reason === 'bad-mac').length;
      return {
        severity: 'error',
        why: `${capitalised(causeText(stop))}.${told > 0 ? ` It says itself that the record protection of ${told} records is wrong.` : ''} The messages in the clear before it are whole.`,
        fix,
        evidence: evidenceOf(datagramsOf(handshake, stop.flight.packets)),
      };
    }
    const refusal = fatal && refusalOf(handshake);
    // What was refused for another reason that is known is named there.
    if (!fatal || (refusal ? refusal.id !== 'finished-decrypt-failure' : !aboutFinished(handshake, fatal)))
      return taken(handshake);
    const verify = handshake.flights.some(({ messages }) => messages.includes('certificate_verify'));
    const known = bad(handshake) ? 'it says itself that Finished does not fit the messages before it' : refusal?.text;
    return {
      severity: 'error',
      why: `The ${fatal.from} refused what came under the new keys with ${alertText(fatal.description)}, right after Finished: ${
        known ?? `Finished${verify ? ' or CertificateVerify' : ''} does not fit, or does not open`
      }.${refusal ? '' : ' The two sides have hashed other messages, or have other keys.'}${repeated ? ' Flights had been repeated before.' : ''}`,
      fix,
      evidence: fatal.where ? [fatal.where] : evidenceOf(handshake.datagrams.slice(-1)),
    };
  },
);

/** A Finished that is wrong and was taken all the same. */
function taken(handshake: Handshake): Says | undefined {
  const { establishedAt, finished, datagrams } = handshake;
  const wrong = (['client', 'server'] as const).find((side) => finished[side]?.fits === false);
  if (!wrong || establishedAt === undefined) return undefined;
  return {
    severity: 'warning',
    why: `The ${wrong}'s Finished is not the hash of the messages in this trace, and the ${otherSide(wrong)} went on all the same. It does not check what it must (RFC 5246 §7.4.9), so that nothing proves that both sides saw the same handshake; or the trace has not the messages that they saw.`,
    fix: `See whether the ${otherSide(wrong)} verifies Finished at all; then as for a Finished that is refused.`,
    evidence: evidenceOf(datagrams.filter(({ at, from }) => from === wrong && at === finished[wrong]?.at)),
  };
}

const bad = ({ failures }: Handshake): boolean => failures.some(({ failure }) => failure.code === 'bad-finished');

function aboutFinished(handshake: Handshake, { description, afterMessage, from }: AlertView): boolean {
  if (bad(handshake)) return true;
  // What an endpoint says itself is better than what its alert says.
  if (handshake.failures.some(({ actor, failure }) => actor === from && failure.code !== 'alert')) return false;
  return (
    cryptographicAlerts.has(description) &&
    afterMessage === 'finished' &&
    handshake.finished[otherSide(from)] !== undefined
  );
}
