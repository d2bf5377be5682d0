import { rule } from '../model.ts';
import { evidenceOf } from '../story.ts';
import { duration, times } from '../words.ts';

export const icePairSwitched = rule(
  {
    id: 'ice-pair-switched',
    title: 'ICE changed the addresses in mid-handshake',
    signature:
      'ICE selects another pair between the first DTLS datagram and the end of the handshake, or a capture shows the handshake going on between other addresses.',
    doc: {
      why: 'A handshake belongs to the two sides, not to their addresses. A stack that keeps to the addresses of the first datagram sends its flights where nobody listens any more, once ICE has chosen another pair.',
      fix: 'Send every flight over the pair that ICE has selected now, and take DTLS from every pair that its checks have proved.',
    },
    see: 'RFC 8842 §5.1, RFC 8445 §12',
  },
  (handshake) => {
    const { path, startedAt, establishedAt, endedAt, moves, datagrams } = handshake;
    const until = establishedAt ?? endedAt;
    const during = (at: number): boolean => at > startedAt && at <= until;
    const switches = [
      ...path.flatMap(({ kind, at, fact }) =>
        kind === 'ice' && fact.kind === 'selected' && fact.beforeBase !== undefined && during(at)
          ? [{ at, to: `${fact.base} and ${fact.remote}` }]
          : [],
      ),
      // A connection ID goes with whoever takes it along, and is made for that.
      ...moves.flatMap(({ at, client, server, by }) =>
        by !== 'connection ID' && during(at) ? [{ at, to: `${client} and ${server}` }] : [],
      ),
    ].sort((a, b) => a.at - b.at);
    const [first] = switches;
    if (!first) return undefined;
    const ended = establishedAt === undefined;
    return {
      severity: ended ? 'error' : 'info',
      why: `The addresses changed ${times(switches.length)} while the handshake was under way, first after ${duration(first.at - startedAt)}, to ${first.to}.${ended ? ' The handshake did not get over it.' : ''}`,
      fix: 'Let DTLS follow the selected pair: no peer address may be pinned before ICE has nominated, and whatever comes from a proved pair is the peer’s.',
      evidence: evidenceOf(datagrams.filter(({ at }) => at >= first.at)),
    };
  },
);
