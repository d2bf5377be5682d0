/**
 * A handshake as text, for terminals, logs and threads: the verdict first, then the ladder, then the findings with why, fix
 * and source, then what was agreed. 80 columns are enough, more are used.
 */
import type { CertificateView, Handshake } from '../analysis/model.ts';
import type { Diagnosis, Finding } from '../diagnosis/model.ts';
import { handshakeTypeName } from '../wire/handshake.ts';
import { Drawing } from './ladder/draw.ts';
import { ladderRows } from './ladder/rows.ts';
import { agreedNames, alertNames, duration, partText, plural } from './names.ts';
import { pathLines } from './path.ts';
import { plain, textWidth, toAscii, wrap } from './plain.ts';
import { type Paint, paint } from './style.ts';

export interface TextOptions {
  /** Columns; less than 60 is taken as 60. */
  readonly width: number;
  readonly colour: boolean;
  /** Nothing beyond ASCII, for terminals and systems that garble the rest. */
  readonly ascii?: boolean;
}

/** Packets of a finding that are named one by one. */
const mostPackets = 12;
/** Losses, and alerts, that are listed one by one. */
const mostFacts = 20;

/** The whole report on one handshake; lines end in "\n". */
export function textLadder(handshake: Handshake, diagnosis: Diagnosis, options: TextOptions): string {
  const width = Math.max(60, Math.floor(options.width));
  const ascii = options.ascii ?? false;
  const brush = paint(options.colour, ascii);
  const stopped = new Set(
    diagnosis.findings
      .filter(({ severity }) => severity === 'error')
      .flatMap(({ evidence }) => evidence.map(({ packet }) => packet)),
  );
  const drawing = new Drawing(handshake, stopped, width, brush);
  const lines = [
    ...verdict(handshake, diagnosis, width, brush),
    '',
    ...drawing.head(),
    ...ladderRows(handshake).flatMap((row) => drawing.row(row)),
    '',
    ...findings(diagnosis.findings, width, brush),
    ...agreed(handshake, width, brush),
  ];
  const text = lines.map((line) => line.trimEnd()).join('\n');
  return `${ascii ? toAscii(text) : text}\n`;
}

function verdict(handshake: Handshake, { outcome, verdict }: Diagnosis, width: number, brush: Paint): string[] {
  const { glyphs, bold, good, bad, warn, dim } = brush;
  const unsure = ['incomplete-capture', 'cancelled', 'interrupted'].includes(outcome);
  const tone = outcome === 'established' ? good : unsure ? warn : bad;
  const sign = outcome === 'established' ? glyphs.check : unsure ? '?' : glyphs.cross;
  const sentences = wrap(plain(verdict), width - 2);
  const { version } = agreedNames(handshake.parameters);
  const facts = [
    handshake.id,
    ...(version === undefined ? [] : [`DTLS ${version}`]),
    ...(handshake.establishedAt === undefined
      ? []
      : [`done in ${duration(handshake.establishedAt - handshake.startedAt)}`]),
    plural(handshake.traffic.client.datagrams + handshake.traffic.server.datagrams, 'datagram'),
  ].join(' · ');
  const title = `${sign} ${outcome}`;
  const oneLine = textWidth(title) + 2 + textWidth(facts) <= width;
  return [
    oneLine ? `${tone(title)}${dim(`  ${facts}`)}` : tone(title),
    ...(oneLine ? [] : wrap(facts, width - 2).map((line) => `  ${dim(line)}`)),
    ...sentences.map((line) => `  ${bold(line)}`),
  ];
}

function findings(list: readonly Finding[], width: number, brush: Paint): string[] {
  const { bold, dim, warn, bad, glyphs } = brush;
  if (list.length === 0) return [];
  const lines = [bold('Findings')];
  for (const { id, severity, title, why, fix, see, evidence } of list) {
    const tone = { error: bad, warning: warn, info: dim }[severity];
    const sign = { error: glyphs.cross, warning: '!', info: glyphs.dot }[severity];
    const [first = '', ...rest] = wrap(`${plain(title)} (${plain(id)})`, width - 12);
    lines.push(
      `  ${tone(`${sign} ${severity.padEnd(7)}`)} ${bold(first)}`,
      ...rest.map((line) => `            ${bold(line)}`),
    );
    const part = (name: string, text: string): void => {
      if (text === '') return;
      const [start = '', ...more] = wrap(plain(text), width - 12);
      lines.push(`    ${dim(name.padEnd(7))} ${start}`, ...more.map((line) => `            ${line}`));
    };
    part('why', why);
    part('fix', fix);
    part('see', see);
    const packets = [...new Set(evidence.map(({ packet }) => packet))];
    const more = packets.length > mostPackets ? ` and ${packets.length - mostPackets} more` : '';
    if (packets.length > 0)
      part(packets.length === 1 ? 'packet' : 'packets', packets.slice(0, mostPackets).join(', ') + more);
  }
  return [...lines, ''];
}

function agreed(handshake: Handshake, width: number, { bold, dim }: Paint): string[] {
  const { parameters, traffic, inferred } = handshake;
  const names = agreedNames(parameters);
  const lines = [bold('Facts')];
  const part = (name: string, text: string | undefined): void => {
    if (text === undefined || text === '') return;
    const [start = '', ...more] = wrap(plain(text), width - 15);
    lines.push(`  ${dim(name.padEnd(12))} ${start}`, ...more.map((line) => `               ${line}`));
  };
  const master = { true: 'extended master secret', false: 'no extended master secret', undefined: undefined };
  const version = names.version === undefined ? undefined : `DTLS ${names.version}`;
  const known = [
    version,
    names.cipherSuite,
    names.group,
    names.signature,
    parameters.psk ? 'pre-shared key' : undefined,
    master[`${parameters.extendedMasterSecret}`],
  ];
  for (const [name, text] of pathLines(handshake)) part(name, text);
  part('agreed', known.filter((item) => item !== undefined).join(', '));
  part('cookie', parameters.cookie ? 'asked for by the server' : undefined);
  part('SRTP', names.srtpProfile);
  part('ALPN', names.alpn);
  for (const actor of ['client', 'server'] as const) {
    const { datagrams, bytes, largest } = traffic[actor];
    const again = handshake.retransmissions[actor];
    const resent = again === 0 ? '' : `, ${plural(again, 'flight')} sent again`;
    part(actor, `${plural(datagrams, 'datagram')}, ${bytes} B, largest ${largest} B${resent}`);
    for (const certificate of handshake.certificates[actor]) part('certificate', certificateText(certificate));
  }
  for (const { of, hash, value, matches } of handshake.fingerprints) {
    const result = matches === undefined ? 'not checked' : matches ? 'matches' : 'does NOT match';
    const hex = Array.from(value.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(':');
    part(
      'fingerprint',
      `announced for the ${of}: ${hash} ${hex}${value.length > 8 ? '…' : ''}, ${result} its certificate`,
    );
  }
  for (const { from, message, messageKey, bytes, recoveredAt } of handshake.lost.slice(0, mostFacts)) {
    const total = handshake.messages.find(({ key }) => key === messageKey)?.total;
    const what = partText(handshakeTypeName(message), bytes, total);
    const later = recoveredAt === undefined ? 'never came' : `came at ${duration(recoveredAt - handshake.startedAt)}`;
    part('lost', `${what} from the ${from}, ${later}`);
  }
  if (handshake.lost.length > mostFacts) part('', `and ${handshake.lost.length - mostFacts} more losses`);
  for (const alert of handshake.alerts.slice(0, mostFacts)) {
    const named = alertNames(alert);
    const what = named ? `${named.level} ${named.description}` : 'encrypted, not readable without keys';
    part('alert', `${alert.from}: ${what}${alert.afterMessage === undefined ? '' : `, after ${alert.afterMessage}`}`);
  }
  if (handshake.alerts.length > mostFacts) part('', `and ${handshake.alerts.length - mostFacts} more alerts`);
  part('keys', keysText(handshake));
  part('inferred', inferred.join(', '));
  return lines.length > 1 ? lines : [];
}

/** What the keys at hand did, and which are needed to read the rest. */
function keysText({ keys, missingSecrets }: Handshake): string | undefined {
  const labels = missingSecrets.join(', ');
  const had = {
    none: undefined,
    decrypts: 'known, records decrypted',
    wrong: 'given, but they open nothing',
    unused: labels === '' ? 'known, nothing to open' : 'known, but not those that are needed',
  }[keys];
  const needed =
    labels === '' ? undefined : `give a key log with ${labels} to read ${had ? 'what stayed closed' : 'the rest'}`;
  return had && needed ? `${had}; ${needed}` : (had ?? needed);
}

function certificateText({ subject, key, bytes, notBefore, notAfter, sha256 }: CertificateView): string {
  const day = (iso: string): string => iso.slice(0, 10);
  const validity =
    notBefore === undefined || notAfter === undefined ? undefined : `${day(notBefore)} to ${day(notAfter)}`;
  const items = [subject, key, `${bytes} B`, validity, `sha-256 ${sha256.slice(0, 16)}…`];
  return items.filter((item) => item !== undefined && item !== '').join(', ');
}
