/**
 * The report as one HTML file: the verdict first, then what was found, the ladder, the packing, what was offered and agreed,
 * and the certificates. It holds what can be read in it and no more: no datagram's bytes, and no key.
 */
import type { CertificateView, Handshake } from '../../analysis/model.ts';
import { unreachable } from '../../base/unreachable.ts';
import { version } from '../../base/version.ts';
import { inFull, type ReadHandshake } from '../../diagnosis/lead.ts';
import type { Diagnosis, Finding } from '../../diagnosis/model.ts';
import type { TraceHeader } from '../../trace/model.ts';
import { sanitiseHeader } from '../../trace/sanitise.ts';
import {
  extensionTypes,
  groups,
  nameIn,
  type Registry,
  signatureSchemes,
  srtpProfiles,
  versions,
} from '../../wire/registry.ts';
import { cipherSuiteName } from '../../wire/suites.ts';
import { type Addresses, type Masker, masker } from '../addresses.ts';
import { factLines } from '../facts.ts';
import { drawingStyle, ladderDrawing } from '../ladder/svg.ts';
import { mostInFull } from '../many.ts';
import { element, escapeMarkup } from '../markup.ts';
import { packetsLine } from '../names.ts';
import { packingSection } from './packing.ts';
import { htmlPage } from './page.ts';
import { pageStyle } from './style.ts';

export interface ReportOptions {
  readonly header: TraceHeader;
  readonly addresses: Addresses;
}

/** Pixels of the two drawings of a ladder; the page shows the one that fits. */
const drawnWidths = { wide: 900, narrow: 300 } as const;

/** The whole report. Sanitised: a trace's secrets are not in it, however it was read. */
export function htmlReport(read: readonly ReadHandshake[], { header, addresses }: ReportOptions): string {
  const mask = masker(addresses);
  const text = (words: string): string => escapeMarkup(mask(words));
  const title = read.length === 1 ? `dtlscope: ${read[0]?.diagnosis.outcome}` : `dtlscope: ${read.length} handshakes`;
  const made = header.startedAt === undefined ? undefined : dateText(header.startedAt);
  const from = [fileName(header.title), made].filter((part) => part !== undefined).join(', ');
  const { commandLine } = sanitiseHeader(header);
  const told = inFull(read, mostInFull);
  return htmlPage({
    title,
    style: { inline: `${pageStyle}\n${drawingStyle}` },
    body: [
      element(
        'header',
        {},
        element('p', {}, `dtlscope ${escapeMarkup(version)}${from === '' ? '' : ` · ${text(from)}`}`),
      ),
      element(
        'main',
        {},
        read.length === 1 ? '' : index(read, told, text),
        ...told.map((one) => article(one, read.length === 1, mask, text)),
        commandLine === undefined ? '' : element('h2', {}, 'To repeat it') + element('pre', {}, text(commandLine)),
      ),
      element(
        'footer',
        {},
        element(
          'p',
          {},
          `${addresses === 'masked' ? 'Addresses are masked. ' : ''}No keys are in this file. The ids of findings are explained in docs/findings.md of dtlscope.`,
        ),
      ),
    ],
  });
}

/** All verdicts; those of handshakes that are told in full lead there. */
function index(read: readonly ReadHandshake[], told: readonly ReadHandshake[], text: Masker): string {
  const there = new Set(told);
  const items = read.map((one) => {
    const { id } = one.handshake;
    const name = `${text(id)}, ${text(one.diagnosis.outcome)}`;
    const head = there.has(one) ? element('a', { href: `#${id}` }, name) : name;
    return element('li', {}, `${head}: ${text(one.diagnosis.verdict)}`);
  });
  const more =
    read.length > told.length ? `, of which ${told.length} are told in full, those in trouble before others` : '';
  return element('h1', {}, `${read.length} handshakes${more}`) + element('ul', {}, ...items);
}

/** The time of a run, to the second, in UTC; nothing for what a hostile file made of it. */
function dateText(ms: number): string | undefined {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? undefined : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Folders tell whose machine it was. */
const fileName = (title: string | undefined): string | undefined => title?.split(/[\\/]/).at(-1);

function article({ handshake, diagnosis }: ReadHandshake, alone: boolean, mask: Masker, text: Masker): string {
  const { id } = handshake;
  const part = (title: string, ...contents: readonly string[]): string =>
    contents.join('') === '' ? '' : element('section', {}, element(alone ? 'h2' : 'h3', {}, title), ...contents);
  const name = `Ladder of ${handshake.datagrams.length} datagrams; the packing below lists them in words`;
  const drawn = (kind: keyof typeof drawnWidths): string =>
    element('div', { class: kind }, ladderDrawing(handshake, diagnosis, { width: drawnWidths[kind], mask }, name));
  return element(
    'article',
    { class: 'handshake', id },
    outcomeBadge(diagnosis, text),
    element(alone ? 'h1' : 'h2', {}, text(diagnosis.verdict)),
    element('p', { class: 'dim' }, text(`${id}: ${handshake.client} (client) to ${handshake.server} (server)`)),
    part('Findings', ...diagnosis.findings.map((finding) => findingSection(finding, text))),
    part('Ladder', drawn('wide'), drawn('narrow')),
    part('Facts', rows(factLines(handshake), text)),
    part('Parameters', parametersTable(handshake, text)),
    part(
      'Certificates',
      ...(['server', 'client'] as const).map((side) => certificates(side, handshake.certificates[side], text)),
    ),
    part('Packing', packingSection(handshake, mask)),
  );
}

/** The outcome with its sign. */
export function outcomeBadge({ outcome }: Diagnosis, text: Masker): string {
  const unsure = ['incomplete-capture', 'cancelled', 'interrupted'].includes(outcome);
  const [tone, sign] = outcome === 'established' ? ['good', '✔'] : unsure ? ['warn', '?'] : ['bad', '✕'];
  return element('p', { class: `badge ${tone}` }, `${sign} ${text(outcome)}`);
}

/** A finding with why, fix and evidence. */
export function findingSection({ id, severity, title, why, fix, see, evidence }: Finding, text: Masker): string {
  const [tone, sign] = toneOf(severity);
  const line = (name: string, words: string): string =>
    words === '' ? '' : element('p', {}, element('strong', {}, `${name} `), text(words));
  const packets = packetsLine(evidence);
  return element(
    'div',
    { class: `finding ${tone}-edge` },
    element('h3', {}, text(title)),
    element(
      'p',
      {},
      element('span', { class: tone }, `${sign} ${severity}`),
      ' ',
      element('code', { class: 'dim' }, text(id)),
    ),
    element('p', {}, text(why)),
    line('What to do:', fix),
    element(
      'p',
      { class: 'dim' },
      [see === '' ? '' : `See ${text(see)}`, packets ?? ''].filter((one) => one !== '').join(' · '),
    ),
  );
}

function toneOf(severity: Finding['severity']): readonly [tone: string, sign: string] {
  switch (severity) {
    case 'error':
      return ['bad', '✕'];
    case 'warning':
      return ['warn', '!'];
    case 'info':
      return ['quiet', '·'];
    default:
      return unreachable(severity);
  }
}

function rows(lines: readonly (readonly [string, string])[], text: Masker): string {
  if (lines.length === 0) return '';
  const cells = lines.map(([name, words]) =>
    element('tr', {}, element('th', { scope: 'row' }, text(name)), element('td', {}, text(words))),
  );
  return element('table', {}, element('tbody', {}, ...cells));
}

/** What the client offered, in its order, with what was taken marked; nothing where no ClientHello was whole. */
function parametersTable({ parameters }: Handshake, text: Masker): string {
  const { offer } = parameters;
  if (!offer) return '';
  const list = (codes: readonly number[], name: (code: number) => string, chosen: number | undefined): string =>
    codes.map((code) => `${name(code)}${code === chosen ? ' ✔' : ''}`).join(', ');
  const from = (registry: Registry): ((code: number) => string) => nameIn(registry);
  const lines: readonly (readonly [string, string])[] = [
    ['Versions', list(offer.versions, from(versions), undefined)],
    ['Cipher suites', list(offer.cipherSuites, cipherSuiteName, parameters.cipherSuite)],
    ['Groups', list(offer.groups, from(groups), parameters.group)],
    ['Key shares', offer.keyShares.map(({ group, bytes }) => `${nameIn(groups)(group)} (${bytes} B)`).join(', ')],
    ['Signature algorithms', list(offer.signatureSchemes, from(signatureSchemes), parameters.signature)],
    ['SRTP profiles', list(offer.srtpProfiles, from(srtpProfiles), parameters.srtpProfile)],
    ['ALPN', offer.alpn.map((name) => `${name}${name === parameters.alpn ? ' ✔' : ''}`).join(', ')],
    ['Extensions, in order', list(offer.extensions, from(extensionTypes), undefined)],
  ];
  return (
    element('p', { class: 'dim' }, 'What the client offered, in its order; ✔ is what the server took.') +
    rows(
      lines.filter(([, words]) => words !== ''),
      text,
    )
  );
}

function certificates(side: 'client' | 'server', chain: readonly CertificateView[], text: Masker): string {
  if (chain.length === 0) return '';
  return (
    element('h3', {}, `Of the ${side}`) +
    chain
      .map((certificate, i) => {
        const { subject, issuer, key, signature, bytes, notBefore, notAfter, sha256 } = certificate;
        const lines: readonly (readonly [string, string | undefined])[] = [
          ['Subject', subject],
          ['Issuer', issuer],
          ['Key', key],
          ['Signature', signature],
          ['Size', `${bytes} B`],
          ['Valid', notBefore === undefined || notAfter === undefined ? undefined : `${notBefore} to ${notAfter}`],
          ['SHA-256', (sha256.match(/../g) ?? []).join(':').toUpperCase()],
        ];
        return (
          element('h4', {}, i === 0 ? 'Leaf' : `Issuer ${i}`) +
          rows(
            lines.map(([name, words]) => [name, words === undefined ? 'not readable' : words === '' ? 'empty' : words]),
            text,
          )
        );
      })
      .join('') +
    element('p', { class: 'dim' }, 'WebRTC trusts the fingerprint that signalling announced, not dates and issuers.')
  );
}
