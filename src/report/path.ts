/** How datagrams got to the peer, for the report's facts: signalling, ICE, the relay, and what was wrong with descriptions. */
import type { Handshake } from '../analysis/model.ts';
import type { SignallingFact } from '../trace/pathFacts.ts';

type StackFact = Extract<SignallingFact, { readonly kind: 'stack' }>;

/** As getStats has them: hexadecimal, without 0x. */
const versionNames: Readonly<Record<string, string>> = { FEFF: 'DTLS 1.0', FEFD: 'DTLS 1.2', FEFC: 'DTLS 1.3' };

function stackText({ connection, dtls, version, cipher, group, srtp, role, error }: StackFact): string {
  const known = [
    version === undefined ? undefined : (versionNames[version.toUpperCase()] ?? version),
    ...[cipher, group, srtp, role === undefined || role === 'unknown' ? undefined : `as ${role}`],
  ].filter((text) => text !== undefined);
  const state = `connection ${connection}${dtls === undefined ? '' : `, DTLS ${dtls}`}`;
  return [
    `${state}${known.length === 0 ? '' : ` (${known.join(', ')})`}`,
    ...(error === undefined ? [] : [error]),
  ].join('; ');
}

/** A fact's name and its text. */
export type PathLine = readonly [name: string, text: string];

/** Problems of descriptions that a report names. */
const mostProblems = 12;

export function pathLines({ path, checks: seen }: Handshake): readonly PathLine[] {
  const lines: PathLine[] = [];
  const problems: PathLine[] = [];
  const costs = new Map<string, number>();
  let checks = seen;
  let rtt: number | undefined;
  let pair: string | undefined;
  let stack: StackFact | undefined;
  let switches = 0;
  for (const event of path) {
    if (event.kind === 'signalling') {
      const { fact } = event;
      if (fact.kind === 'http') {
        const answer = fact.status === undefined ? '' : `: ${fact.status}`;
        lines.push([
          'signalling',
          `${fact.method} ${fact.url}${answer}${fact.note === undefined ? '' : `, ${fact.note}`}`,
        ]);
      } else if (fact.kind === 'problem' && fact.severity !== 'info') {
        const place = [fact.side, fact.line === undefined ? undefined : `line ${fact.line}`].filter(Boolean).join(' ');
        problems.push(['SDP', `${place === '' ? '' : `${place}: `}${fact.text}`]);
      } else if (fact.kind === 'roles' && fact.ours !== undefined) {
        const how =
          fact.result === 'decided' ? 'by a=setup' : `${fact.result.replace('-', ' ')}, so as our side claims`;
        lines.push(['role', `we are the DTLS ${fact.ours} (${how}${fact.note === undefined ? '' : `: ${fact.note}`})`]);
      } else if (fact.kind === 'stack') {
        // The last one counts, and what went wrong before it.
        stack = { ...fact, error: fact.error ?? stack?.error };
      } else if (fact.kind === 'hangup') lines.push(['signalling', `${fact.by} hung up: ${fact.why}`]);
    } else if (event.kind === 'ice') {
      const { fact } = event;
      if (fact.kind === 'stun' && fact.direction === 'sent' && fact.purpose === 'check') checks++;
      else if (fact.kind === 'rtt') rtt ??= fact.ms;
      else if (fact.kind === 'selected') {
        if (pair !== undefined) switches++;
        pair = `${fact.base} to ${fact.remote}`;
      }
    } else {
      const { fact } = event;
      if (fact.kind === 'allocated')
        lines.push([
          'relay',
          `${fact.server}${fact.software === undefined ? '' : ` (${fact.software})`} relays at ${fact.relayed}, for ${fact.lifetimeS} s`,
        ]);
      else if (fact.kind === 'overhead') costs.set(fact.form, fact.bytes);
      else if (fact.kind === 'peer-refused') lines.push(['relay', fact.why]);
      else if (fact.kind === 'nonce-renewed')
        lines.push(['relay', `its nonce had expired; ${fact.during} was asked again with a new one`]);
    }
  }
  for (const [form, bytes] of costs)
    lines.push(['relay', `${form === 'indication' ? 'an' : 'a'} ${form} adds ${bytes} bytes to each datagram`]);
  if (pair !== undefined) {
    const extra = [
      `${checks} ${checks === 1 ? 'check' : 'checks'}`,
      ...(rtt === undefined ? [] : [`round trip ${rtt < 10 ? rtt.toFixed(1) : Math.round(rtt)} ms`]),
      ...(switches === 0 ? [] : [`after ${switches} other${switches === 1 ? '' : 's'}`]),
    ];
    lines.push(['ICE', `${pair} (${extra.join(', ')})`]);
  }
  if (stack) lines.push(['peer says', stackText(stack)]);
  const more = problems.length - mostProblems;
  return [
    ...lines,
    ...problems.slice(0, mostProblems),
    ...(more > 0 ? [['SDP', `and ${more} more problems`] as const] : []),
  ];
}
