/** Checks of what comes after the handshake: silence, an end, a client that begins anew, sessions. */
import { renegotiationMark } from '../../analysis/messages.ts';
import type { SessionTicket } from '../../engine/api.ts';
import { helloRandomIn } from '../../wire/helloRandom.ts';
import { alertName } from '../../wire/registry.ts';
import { unlessFailed } from './losses.ts';
import type { Check, Lab, Made, Verdict } from './model.ts';
import { fail, handshakeOf, mainFlight, ms, notApplicable, pass, sentBy, unclear, verdictOf } from './verdicts.ts';

/** So long nothing is said once the handshake is complete. ms */
const quietMs = 900;
/** Tickets, an ACK, and what was on its way. */
const mostLate = 4;
const closeMs = 500;

/** A handshake, nothing, and its end. */
export const quietly = { set: { linger: quietMs }, afterCloseMs: closeMs } as const;
export const quiet = (lab: Lab): Promise<Made> =>
  lab.shared('quiet', () => lab.try({ what: 'quiet after the handshake', ...quietly }));

/** Whether an alert of its own follows our close_notify. */
export function answersClose(made: Made): boolean {
  const alerts = handshakeOf(made)?.alerts ?? [];
  const ours = alerts.findLast(({ from }) => from === 'client');
  return ours !== undefined && alerts.some(({ from, at }) => from === 'server' && at > ours.at);
}

export const afterwardsChecks: readonly Check[] = [
  {
    id: 'quiet',
    group: 'afterwards',
    title: 'it sends nothing more of the handshake once that is complete',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.4',
    how: `what it sends in the ${ms(quietMs)} after the handshake`,
    findings: ['retransmission-storm'],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    run: async (lab) => {
      const made = await quiet(lab);
      const late = lateOf(made);
      if (!late) return unclear(verdictOf(made), { shown: [made] });
      return late.length > mostLate
        ? fail(`${late.length} datagrams in ${ms(quietMs)}`, { shown: [made], numbers: { datagrams: late.length } })
        : pass(
            late.length === 0 ? 'nothing came' : `${late.length} ${late.length === 1 ? 'datagram' : 'datagrams'} came`,
            { shown: [made] },
          );
    },
  },
  {
    id: 'role-kept',
    group: 'afterwards',
    title: 'it stays the server',
    demand: 'MUST',
    see: 'RFC 8842 §4, RFC 6347 §4.2.8',
    how: 'whether a ClientHello of its own comes in that time',
    findings: ['stale-association', 'both-active'],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    run: async (lab) => {
      const made = await quiet(lab);
      const turned = made.trace.events.some(
        (event) => event.kind === 'datagram' && event.from === 'server' && helloRandomIn(event.bytes) !== undefined,
      );
      if (turned)
        return fail('it sends a ClientHello on the association where it is the server', {
          findings: ['stale-association'],
          shown: [made],
        });
      return made.established ? pass('it does', { shown: [made] }) : unclear(verdictOf(made), { shown: [made] });
    },
  },
  {
    id: 'renegotiation',
    group: 'afterwards',
    title: 'it refuses to renegotiate',
    demand: 'MUST',
    see: 'RFC 8827 §6.5, RFC 5746 §4.5',
    how: `a ClientHello under the keys of the association, and what comes in the ${ms(quietMs)} after it`,
    findings: [],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    unless: (known, resultOf) =>
      known.version === '1.3'
        ? 'DTLS 1.3 has none'
        : unlessFailed('quiet', 'role-kept', 'several-messages')(known, resultOf),
    run: renegotiation,
  },
  {
    id: 'close-notify',
    group: 'afterwards',
    title: 'it answers close_notify',
    demand: 'SHOULD',
    see: 'RFC 5246 §7.2.1',
    how: `what comes in the ${ms(closeMs)} after our close_notify`,
    findings: [],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    unless: unlessFailed('role-kept', 'several-messages'),
    run: async (lab) => {
      const made = await quiet(lab);
      const handshake = handshakeOf(made);
      if (!handshake || !made.established) return unclear(verdictOf(made), { shown: [made] });
      if (answersClose(made)) return pass('it does', { shown: [made] });
      // RFC 8446 §6.1: nobody has to answer; each side closes its own direction.
      return fail('nothing comes', { shown: [made], ...(lab.known.version === '1.3' && { demand: 'habit' }) });
    },
  },
  {
    id: 'sessions',
    group: 'afterwards',
    title: 'the sessions that it gives can be resumed',
    demand: 'habit',
    see: 'RFC 8446 §2.2, RFC 5077 §3',
    how: 'a handshake that asks for a ticket, and one that begins from it',
    findings: [],
    cost: { handshakes: 2, datagrams: 40, seconds: 10 },
    run: sessions,
  },
];

/** Made last of all: a server that does not see that its client has begun anew waits for the old one. */
export const beginningAnew: readonly Check[] = [
  {
    id: 'new-hello',
    group: 'afterwards',
    title: 'a client may begin anew from the address of a live association',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.2.8, RFC 9147 §5.11',
    how: 'a second handshake from the same port, without an end of the first',
    findings: ['stale-association'],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    unless: (known, resultOf) =>
      known.signalled
        ? 'with ICE a new association has new addresses (RFC 8842 §4)'
        : unlessFailed('timer-start', 'role-kept', 'several-messages')(known, resultOf),
    run: async (lab) => {
      const made = await lab.try({
        what: 'a second hello',
        set: { quirk: ['begins-anew'], linger: 2500, timeout: 5000 },
      });
      const second = made.handshakes[1]?.handshake;
      if (second?.establishedAt !== undefined) return pass('the second handshake completes', { shown: [made] });
      return fail(
        mainFlight(second) ? 'it answers the second hello, and does not complete' : 'it ignores the second hello',
        {
          shown: [made],
        },
      );
    },
  },
];

/** Its datagrams after the handshake and before our end, but for application data. */
function lateOf(made: Made) {
  const handshake = handshakeOf(made);
  if (!handshake || handshake.establishedAt === undefined) return undefined;
  const from = handshake.establishedAt;
  const until = handshake.alerts.find(({ from: who }) => who === 'client')?.at ?? Number.POSITIVE_INFINITY;
  return sentBy(handshake, 'server').filter(
    ({ at, records }) => at > from && at < until && records.some(({ contentType }) => contentType !== 23),
  );
}

async function renegotiation(lab: Lab): Promise<Verdict> {
  const made = await lab.try({
    what: 'it is asked to renegotiate',
    set: { linger: quietMs },
    adjust: (config) => ({ ...config, faults: { ...config.faults, afterFinished: 'renegotiates' } }),
  });
  const handshake = handshakeOf(made);
  if (!handshake || !made.established) return unclear(verdictOf(made), { shown: [made] });
  const again = handshake.messages.filter(({ name }) => name.endsWith(renegotiationMark));
  const began = again.filter(({ from }) => from === 'server');
  const asked = again.find(({ from }) => from === 'client');
  if (!asked) return unclear('it was not asked', { shown: [made] });
  if (began.length > 0)
    return fail(
      `it begins another handshake: ${[...new Set(began.map(({ name }) => name.slice(0, -renegotiationMark.length)))].join(', ')}`,
      {
        shown: [made],
      },
    );
  const answer = handshake.alerts.find(({ from, at }) => from === 'server' && at >= asked.firstAt);
  // RFC 5246 §7.2.2: a warning, after which the association goes on.
  if (!answer) return pass('it does not answer', { shown: [made] });
  const name = alertName(answer.description);
  return answer.level === 1
    ? pass(`it answers ${name}, and the association goes on`, { shown: [made] })
    : pass(`it ends the association with ${name}`, { shown: [made] });
}

async function sessions(lab: Lab): Promise<Verdict> {
  const given: SessionTicket[] = [];
  const first = await lab.try({
    what: 'a ticket is asked for',
    set: { linger: 300 },
    adjust: (config) => ({ ...config, sessionTicket: true }),
    keep: (ticket) => void given.push(ticket),
  });
  const [ticket] = given.slice(-1);
  if (!ticket) return notApplicable(first.established ? 'it gives none' : verdictOf(first));
  const second = await lab.try({
    what: 'the session is resumed',
    adjust: (config) => ({ ...config, sessionTicket: true, resume: [ticket] }),
  });
  const { resumed, psk } = handshakeOf(second)?.parameters ?? {};
  if (second.established && (resumed || psk)) return pass('they can', { shown: [second] });
  return second.established
    ? fail('it gives one, and makes a full handshake all the same', { shown: [second] })
    : fail(`with a session of its own: ${verdictOf(second)}`, { shown: [second] });
}
