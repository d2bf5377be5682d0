/**
 * Connections of the inspected page in words: a row of the list, the sentence at the top, facts of each transport, problems
 * of the descriptions. All text is the page's or its peer's, and is only ever shown as text.
 */
import { certificateView } from '../../src/analysis/hellos.ts';
import { printable } from '../../src/analysis/inspect/text.ts';
import { fromBase64, toHex } from '../../src/base/bytes.ts';
import type { PageConnection, PageRow, PageTransport } from '../../src/bridge/page.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { problemsBetween, readDescription, type SdpProblem } from '../../src/ice/sdp.ts';
import { versionOf } from '../../src/wire/registry.ts';
import { type CertificateCard, certificateCards } from './certificates.ts';
import { type Badge, clock, duration } from './text.ts';

export interface ConnectionRow {
  readonly id: string;
  readonly title: string;
  readonly badge: Badge;
  readonly figures: readonly string[];
}

/** A row of the list. `number` counts connections of the list from 1. */
export function connectionRow(row: PageRow, number: number): ConnectionRow {
  const badge = stateBadge(row);
  const title = `Connection ${number}`;
  const version = versionText(row.dtls.tlsVersion);
  const figures = [
    row.origin,
    ...(row.frame === 0 ? [] : ['in a frame']),
    ...(version === undefined ? [] : [version]),
    ...(row.dtls.dtlsCipher === undefined ? [] : [row.dtls.dtlsCipher]),
  ];
  return { id: row.id, title, badge, figures };
}

/** What a connection came to, worst first: DTLS before ICE, as who watches here asks about DTLS. */
function stateBadge({ states, dtls, gone, standIn }: PageRow): Badge {
  if (dtls.dtlsState === 'failed') return { text: 'DTLS failed', tone: 'bad', shape: 'cross' };
  if (states.ice === 'failed') return { text: 'ICE failed', tone: 'bad', shape: 'cross' };
  if (states.connection === 'failed') return { text: 'failed', tone: 'bad', shape: 'cross' };
  if (states.signaling === 'closed') return { text: 'closed', tone: 'quiet', shape: 'bar' };
  if (gone) return { text: 'page left', tone: 'quiet', shape: 'bar' };
  if (standIn) return { text: 'stands in', tone: 'quiet', shape: 'ring' };
  if (dtls.dtlsState === 'connected') return { text: 'connected', tone: 'good', shape: 'check' };
  if (states.ice === 'disconnected') return { text: 'disconnected', tone: 'warn', shape: 'cross' };
  if (dtls.dtlsState === 'connecting') return { text: 'DTLS connecting', tone: 'quiet', shape: 'dots' };
  if (states.ice === 'checking') return { text: 'ICE checking', tone: 'quiet', shape: 'dots' };
  return { text: states.connection === 'new' ? 'new' : states.connection, tone: 'quiet', shape: 'ring' };
}

/** The first thing to read of a connection, with its badge. */
export function connectionVerdict(connection: PageConnection): { readonly badge: Badge; readonly text: string } {
  const badge = stateBadge(connection);
  return { badge, text: verdictText(connection) };
}

function verdictText({ states, transports, standIn, local, remote, gone }: PageConnection): string {
  const [transport] = transports;
  const { dtlsState, dtlsRole, dtlsCipher, srtpCipher } = transport ?? {};
  if (standIn)
    return 'This connection stands in: its peer speaks to dtlscope’s engine, so in the page it never connects. The run shows the handshake.';
  if (dtlsState === 'failed')
    return 'The browser ended the DTLS handshake, or its peer did. Certificates, fingerprints and alerts are below, as far as the browser gives them.';
  if (states.ice === 'failed') return 'ICE found no way to the peer, so DTLS never began.';
  if (dtlsState === 'connected' || dtlsState === 'closed') {
    const parts = [versionText(transport?.tlsVersion), dtlsCipher, srtpCipher && `SRTP ${srtpCipher}`].filter(Boolean);
    const role = dtlsRole === 'client' || dtlsRole === 'server' ? `; this browser was the DTLS ${dtlsRole}` : '';
    return `DTLS ${dtlsState === 'closed' ? 'was established and is closed' : 'is established'}: ${parts.join(', ') || 'the browser tells no more'}${role}.`;
  }
  if (states.signaling === 'closed') return 'The page closed it before DTLS was established.';
  if (gone) return 'Its page was left before DTLS was established.';
  if (dtlsState === 'connecting') return 'ICE has a pair, and the DTLS handshake is under way.';
  if (states.ice === 'checking') return 'Both descriptions are there, and ICE looks for a pair that works.';
  if (local && !remote) return 'The page has described itself and waits for the peer’s description.';
  if (remote && !local) return 'The peer’s offer is there, and the page has not answered yet.';
  return 'Nothing was described yet: the page has made it, and no more.';
}

export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** What getStats says of a transport; what the browser does not tell is left out. */
export function transportFacts(transport: PageTransport): Fact[] {
  const { dtlsState, dtlsRole, dtlsCipher, srtpCipher, iceState, iceRole, local, remote, rttMs } = transport;
  const facts: (readonly [string, string | undefined])[] = [
    ['DTLS', dtlsState],
    ['DTLS role', dtlsRole],
    ['Version', versionText(transport.tlsVersion)],
    ['Cipher suite', dtlsCipher],
    ['SRTP profile', srtpCipher],
    ['ICE', iceState],
    ['ICE role', iceRole],
    ['Pair', local === undefined && remote === undefined ? undefined : `${local ?? '?'} ↔ ${remote ?? '?'}`],
    ['Round trip', rttMs === undefined ? undefined : duration(rttMs)],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

/** "DTLS 1.2" for "FEFD"; what is none of ours as it stands. */
function versionText(tlsVersion: string | undefined): string | undefined {
  if (tlsVersion === undefined) return undefined;
  const version = /^[0-9a-f]{4}$/i.test(tlsVersion) ? versionOf(Number.parseInt(tlsVersion, 16)) : undefined;
  return version === undefined ? `version ${tlsVersion}` : `DTLS ${version}`;
}

/** What is wrong with both descriptions, each by itself and the two together; errors first. */
export function connectionProblems({ local, remote }: PageConnection): readonly SdpProblem[] {
  const read = [local, remote].flatMap((one) =>
    one === undefined || (one.type !== 'offer' && one.type !== 'answer') || one.cut !== undefined
      ? []
      : [readDescription(one.sdp, one.type)],
  );
  const offer = read.find(({ type }) => type === 'offer');
  const answer = read.find(({ type }) => type === 'answer');
  const all = [...read.flatMap(({ problems }) => problems), ...(offer && answer ? problemsBetween(offer, answer) : [])];
  const order = ['error', 'warning', 'info'];
  return [...all].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

/** The peer's chain of a transport, read by our own reader. `at`: when, wall clock. */
export function remoteCertificates(
  { certificates }: PageTransport,
  crypto: Pick<CryptoProvider, 'hash' | 'verify'>,
  at: number,
): CertificateCard[] {
  const chain = certificates.flatMap((text) => {
    const der = fromBase64(text);
    return der === undefined ? [] : [certificateView(der, toHex(crypto.hash('sha256', der)))];
  });
  return certificateCards(chain, crypto, at);
}

export interface TimelineRow {
  /** Since the connection was made: "12.3 ms". */
  readonly at: string;
  readonly text: string;
}

/** Its timeline, with what was left out in the middle said where it was. */
export function timelineRows({ timeline, createdAt, skipped }: PageConnection): TimelineRow[] {
  const rows = timeline.map(({ at, text }) => ({ at: clock(Math.max(0, at - createdAt)), text: printable(text) }));
  if (skipped > 0) rows.splice(Math.ceil(rows.length / 2), 0, { at: '', text: `… ${skipped} more …` });
  return rows;
}
