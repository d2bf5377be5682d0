import { rule } from '../model.ts';
import { provedAddresses } from '../path.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { capitalised, count, list } from '../words.ts';

export const dtlsOffPath = rule(
  {
    id: 'dtls-off-path',
    title: 'The peer sends DTLS from another address than ICE has proved',
    signature: 'ICE has found a path, and datagrams of DTLS come from an address that no check has proved.',
    doc: {
      why: 'What comes from an address that no ICE check has proved may be anybody’s, so browsers drop it. A gateway that answers checks on one socket and sends DTLS from another is never heard, though both its halves work.',
      fix: 'Send DTLS from the socket on which the checks are answered. Behind a NAT or a load balancer, see that both leave by the same address and port.',
    },
    see: 'RFC 8445 §12, RFC 8842 §5.1',
  },
  (handshake) => {
    const { stop, us } = storyOf(handshake);
    if (stop.kind !== 'off-path') return undefined;
    return {
      severity: 'error',
      why: `${capitalised(count(stop.datagrams, 'datagram'))} of DTLS came from ${list(stop.from.slice(0, 4))}, and the path that ICE has proved leads to ${list([...provedAddresses(handshake)].slice(-1))}. What no check has proved is dropped, here and in browsers.`,
      fix: 'Let the peer send DTLS from the socket that answers its ICE checks. If it does, something in between changes the address of one of them: compare captures on both sides.',
      evidence: evidenceOf(handshake.datagrams.filter(({ from }) => from === us)),
    };
  },
);
