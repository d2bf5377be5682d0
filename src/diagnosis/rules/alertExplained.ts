import type { AlertView, Handshake } from '../../analysis/model.ts';
import { factsFor, reasonsFor } from '../alerts.ts';
import { failureText } from '../failures.ts';
import { isGoodbye } from '../lookups.ts';
import { rule, type Says } from '../model.ts';
import { refusalOf } from '../refusals.ts';
import { storyOf } from '../story.ts';
import { alertText, capitalised, duration, inProse } from '../words.ts';

export const alertExplained = rule(
  {
    id: 'alert-explained',
    title: 'An alert, and what it usually means',
    signature:
      'A readable alert that is fatal, or a close_notify before both Finished; but for the user_canceled with which a run of ours goes away.',
    doc: {
      why: 'An alert says that a side gave up, and in one word why; the word is often chosen badly. Here it is told with the moment at which it came, and with what was seen before it.',
      fix: 'Look into the log of the side that sent it: it knows the reason that the alert only names. The finding says what it usually was at this place.',
    },
    see: 'RFC 5246 §7.2.2',
  },
  (handshake) =>
    handshake.alerts
      .filter((alert) => alert.readable && (alert.level === 2 || alert.beforeFinished) && !isGoodbye(handshake, alert))
      .map((alert) => say(handshake, alert)),
);

function say(handshake: Handshake, alert: AlertView): Says {
  const { fatal } = storyOf(handshake);
  const reasons = reasonsFor(alert, handshake);
  const facts = factsFor(alert, handshake);
  const own = handshake.failures.find(({ actor }) => actor === alert.from)?.failure;
  const told = own && own.code !== 'alert' && own.code !== 'timed-out' ? failureText(own) : undefined;
  const after = alert.afterMessage ? `after ${inProse(alert.afterMessage)}` : 'before any message was complete';
  const usual = reasons.map(({ why }) => why);
  const refusal = alert === fatal ? refusalOf(handshake) : undefined;
  const guess = refusal ? `See ${refusal.id}.` : `Usually: ${usual.join('; or: ')}.`;
  return {
    severity: alert === fatal ? 'error' : 'warning',
    why: `The ${alert.from} sent ${alert.level === 2 ? 'the fatal' : 'the'} alert ${alertText(alert.description)} ${after}, ${duration(
      alert.at - handshake.startedAt,
    )} after the beginning. ${told ? `It says itself: ${told}.${refusal ? ` ${guess}` : ''}` : `${facts ? `${capitalised(facts)}. ` : ''}${guess}`}`,
    fix: refusal ? `What to change stands under ${refusal.id}.` : (reasons[0]?.fix ?? ''),
    evidence: alert.where ? [alert.where] : [],
  };
}
