import type { DatagramView, Handshake, StepView } from '../../analysis/model.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { StepFailed } from '../../trace/stepFacts.ts';
import { rule } from '../model.ts';
import { stepText } from '../steps.ts';
import { evidenceOf } from '../story.ts';
import { capitalised } from '../words.ts';

export const stepFailed = rule(
  {
    id: 'step-failed',
    title: 'A step after the handshake failed',
    signature: 'A run with steps says that one of them failed.',
    doc: {
      why: 'The handshake is done, and what was to be done with the association did not come about: an echo that did not come, a KeyUpdate that nobody acknowledged, a new handshake that nobody answered.',
      fix: 'Application data is not repeated by DTLS: on a path that loses datagrams an echo may be lost without a fault. Where it fails every time, the finding says what to look for.',
    },
    see: 'RFC 6347 §4.1',
  },
  (handshake) =>
    handshake.steps.flatMap((step) =>
      step.state === 'failed' && step.result !== undefined
        ? [
            {
              severity: 'warning' as const,
              why: `${capitalised(stepText(step))}.`,
              fix: fixOf(step.result as StepFailed),
              evidence: evidenceOf(duringOf(handshake, step)),
            },
          ]
        : [],
    ),
);

/** What went over the wire while it lasted, or the last datagram before it. */
function duringOf({ datagrams }: Handshake, { beganAt, endedAt = beganAt }: StepView): readonly DatagramView[] {
  const during = datagrams.filter(({ at }) => at >= beganAt && at <= endedAt);
  return during.length > 0 ? during : datagrams.filter(({ at }) => at <= beganAt).slice(-1);
}

function fixOf(result: StepFailed): string {
  switch (result.kind) {
    case 'no-echo':
    case 'no-data':
      return 'DTLS does not repeat application data, so one datagram that the path loses is enough for this. Where it fails every time: see whether the peer is one that sends data (or sends it back) at all, and whether it reads ours.';
    case 'too-large':
      return 'Send less, raise the MTU, or let IP cut the datagram (above-mtu).';
    case 'no-key-update':
      return 'Only DTLS 1.3 has KeyUpdate: see why an older version was agreed.';
    case 'unacknowledged':
    case 'keys-kept':
      return 'A peer of DTLS 1.3 has to acknowledge a KeyUpdate, and to answer one that asks for it with its own (RFC 9147 §8).';
    case 'no-handshake':
      return 'A server has to take a new ClientHello from the address of a live association (RFC 6347 §4.2.8); the next handshake in this report shows what came of it.';
    case 'no-answer':
      return 'Who gets close_notify answers with its own (RFC 5246 §7.2.1); DTLS repeats neither.';
    case 'not-client':
      return 'Take the other role.';
    case 'over':
    case 'cut-short':
      return 'See what ended the association, or the run, before.';
    default:
      return unreachable(result);
  }
}
