/** Checks of datagram sizes: those that the peer sends, and those that it takes. */

import { ownHelloShape } from '../../engine/index.ts';
import type { LinkRule } from '../../link/api.ts';
import { unlessRepeats } from './losses.ts';
import type { Check, Known, Made, Verdict } from './model.ts';
import {
  errorsOf,
  fail,
  findingOf,
  handshakeOf,
  mainFlight,
  notApplicable,
  pass,
  sentBy,
  verdictOf,
} from './verdicts.ts';

const free = { handshakes: 0, datagrams: 0, seconds: 0 } as const;
/** UDP payload of a path with IPv4 over Ethernet. */
const ethernet = 1472;
/** A narrow path: what is left of 576 by IP and UDP (RFC 6347 §4.1.1.1), with some room. Bytes */
const narrowPath = 600;
const backoffMs = 9500;
/** More than a receive buffer of 1600 bytes takes, and less than what IP puts together everywhere. */
const padding = 1900;

const ofBase = (
  head: Pick<Check, 'id' | 'title' | 'see' | 'how'> & { readonly finding: string; readonly good: string },
): Check => ({
  id: head.id,
  group: 'sizes',
  title: head.title,
  demand: 'habit',
  see: head.see,
  how: head.how,
  findings: [head.finding],
  cost: free,
  judge: (known) => {
    if (!known) return notApplicable('there is no handshake to see it in');
    const finding = findingOf(known.base, head.finding);
    return finding
      ? fail(finding.why, { shown: [{ made: known.base, evidence: finding.evidence }] })
      : pass(head.good, { shown: [known.base] });
  },
});

function overItsMtu(made: Made): Verdict | undefined {
  const finding = findingOf(made, 'datagram-exceeds-mtu');
  return finding && fail(finding.why, { shown: [{ made, evidence: finding.evidence }] });
}

export const sizeChecks: readonly Check[] = [
  {
    id: 'largest-datagram',
    group: 'sizes',
    title: 'it splits its flight into datagrams that paths carry',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.1.1.1, RFC 9147 §4.4',
    how: 'the largest datagram with which it was reached',
    findings: ['flight-unsplit', 'datagram-exceeds-mtu'],
    cost: free,
    judge: largest,
  },
  {
    id: 'mtu-kept',
    group: 'sizes',
    title: 'no datagram is larger than the size at which it cuts its messages',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.1.1.1',
    how: 'the datagrams with which it was reached, and those of a handshake that asks for a session ticket',
    findings: ['datagram-exceeds-mtu'],
    cost: { handshakes: 1, datagrams: 40, seconds: 5 },
    run: async (lab) => {
      const { base } = lab.known;
      if ((handshakeOf(base)?.traffic.server.largest ?? 0) > ethernet)
        return notApplicable('it does not split its flight: see largest-datagram');
      const over = overItsMtu(base);
      if (over) return over;
      // OpenSSL does not cut the message that holds its ticket.
      const ticketed = await lab.try({
        what: 'a session ticket is asked for',
        adjust: (config) => ({ ...config, sessionTicket: true }),
      });
      return overItsMtu(ticketed) ?? pass('none is', { shown: [base, ticketed] });
    },
  },
  ofBase({
    id: 'tiny-datagrams',
    title: 'it fills its datagrams',
    see: 'RFC 6347 §4.1.1.1',
    how: 'the sizes of the datagrams with which it was reached',
    finding: 'tiny-fragments',
    good: 'its flight has no more datagrams than it needs',
  }),
  ofBase({
    id: 'packing',
    title: 'it puts records together into datagrams',
    see: 'RFC 6347 §4.1.1',
    how: 'the records in the datagrams with which it was reached',
    finding: 'one-record-per-datagram',
    good: 'records share datagrams where they fit',
  }),
  {
    id: 'pmtu-backoff',
    group: 'sizes',
    title: 'its datagrams become smaller when the path stays silent',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.1.1.1, RFC 9147 §4.4',
    how: `a path that drops what is larger than ${narrowPath} bytes, for ${backoffMs / 1000} s`,
    findings: ['no-pmtu-backoff', 'large-datagrams-vanish'],
    cost: { handshakes: 1, datagrams: 60, seconds: 11 },
    unless: (known, resultOf) => {
      const size = handshakeOf(known.base)?.traffic.server.largest ?? 0;
      if (size <= narrowPath) return `its largest datagram has ${size} bytes: any path carries it`;
      return unlessRepeats(known, resultOf);
    },
    run: async (lab) => {
      const mtu: LinkRule = { direction: 'in', kind: 'mtu', bytes: narrowPath, notice: false };
      const made = await lab.try({
        what: `a path of ${narrowPath} bytes`,
        set: { link: [mtu], timeout: backoffMs, rto: 1000 },
      });
      const handshake = handshakeOf(made);
      if (made.established && handshake?.establishedAt !== undefined)
        return pass(`it gets through after ${(handshake.establishedAt / 1000).toFixed(1)} s`, { shown: [made] });
      const sizes = handshake ? sentBy(handshake, 'server').map(({ size }) => size) : [];
      const sendings = 1 + (mainFlight(handshake)?.resentAt.length ?? 0);
      return fail(
        `${sendings} sendings of its flight, and each has datagrams of up to ${Math.max(0, ...sizes)} bytes`,
        {
          findings: ['no-pmtu-backoff'],
          shown: [made],
        },
      );
    },
  },
  {
    id: 'large-datagram',
    group: 'sizes',
    title: `it takes a datagram of ${padding + 100} bytes`,
    demand: 'habit',
    see: 'RFC 6347 §4.1.1',
    how: `a ClientHello with ${padding} bytes of padding in one datagram, which IP may have to cut`,
    findings: ['flight-unsplit'],
    cost: { handshakes: 1, datagrams: 30, seconds: 5 },
    run: async (lab) => {
      const made = await lab.try({
        what: 'a large datagram',
        set: { mtu: 4000 },
        adjust: (config) => {
          const shape = ownHelloShape(config);
          const pad = { kind: 'padding', body: { padding: new Uint8Array(padding) } } as const;
          return { ...config, hello: { ...shape, extensions: [pad, ...shape.extensions] } };
        },
      });
      const handshake = handshakeOf(made);
      // Sent again, our hello is cut for smaller datagrams.
      const again = handshake?.flights.some(
        ({ from, resentAt, messages }) => from === 'client' && messages.includes('client_hello') && resentAt.length > 0,
      );
      return mainFlight(handshake) && !again
        ? pass('it reads it', { shown: [made] })
        : fail(`it does not read it, as with a receive buffer that is smaller: ${verdictOf(made)}`, {
            findings: errorsOf(made),
            shown: [made],
          });
    },
  },
];

function largest(known: Known | undefined): Verdict {
  const handshake = known && handshakeOf(known.base);
  if (!known || !handshake) return notApplicable('there is no handshake to see it in');
  const { largest: size, datagrams } = handshake.traffic.server;
  const numbers = { largestBytes: size, datagrams };
  const finding = findingOf(known.base, 'flight-unsplit') ?? findingOf(known.base, 'datagram-exceeds-mtu');
  if (size <= ethernet) return pass(`the largest has ${size} bytes`, { numbers, shown: [known.base] });
  return fail(finding?.why ?? `one has ${size} bytes, which IP has to cut`, {
    numbers,
    findings: finding ? [finding.id] : [],
    shown: [{ made: known.base, evidence: finding?.evidence ?? [] }],
  });
}
