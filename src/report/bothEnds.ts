/** What two recordings of one handshake tell that no single one can: what was lost between them. */
import type { BothEnds, Sent } from '../analysis/bothEnds.ts';
import type { Actor } from '../trace/model.ts';
import { duration, plural } from './names.ts';

/** Clocks that differ by less agree, to people who compare logs. */
const tellsFromMs = 100;

/** As sentences: which recordings were put together, what was lost, and how their clocks differ. */
export function bothEndsText({ near, sent, serverAheadMs, roundTripMs }: BothEnds): string {
  const { client, server } = near;
  const late = sent.client.late + sent.server.late;
  const unproved = sent.client.unproved + sent.server.unproved;
  return [
    `${client.name}, nearer to the client, and ${server.name}, nearer to the server, hold one handshake and are read as one.`,
    `Of ${fate('client', sent.client)}; of ${fate('server', sent.server)}.`,
    ...(unproved > 0
      ? [
          `${unproved} of the missing ${unproved === 1 ? 'one was' : 'ones were'} sent before the first packet of the other recording or after its last, and lost only if it was running then.`,
        ]
      : []),
    ...(late > 0
      ? [`${plural(late, 'later datagram is', 'later datagrams are')} left out: the run of the other side had ended.`]
      : []),
    ...(roundTripMs === undefined ? [] : [`The way between them takes ${duration(roundTripMs)} there and back.`]),
    ...(serverAheadMs !== undefined && Math.abs(serverAheadMs) >= tellsFromMs
      ? [
          `The clock of ${server.name} is ${duration(Math.abs(serverAheadMs))} ${serverAheadMs > 0 ? 'ahead' : 'behind'}.`,
        ]
      : []),
  ].join(' ');
}

function fate(side: Actor, { all, lost, harmed }: Sent): string {
  const what = [
    ...(lost > 0 ? [`${lost} did not come`] : []),
    ...(harmed > 0 ? [`${harmed} came cut or with other bytes`] : []),
  ];
  return `the ${side}'s ${plural(all, 'datagram')} ${what.length === 0 ? 'none was lost' : what.join(', ')}`;
}
