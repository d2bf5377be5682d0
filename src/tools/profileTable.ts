/** The profiles as Markdown: what each says, and of every figure where it comes from. */
import { type Figure, known, type Profile, profiles } from '../profiles/index.ts';
import { extensionTypes, groups, nameIn, signatureSchemes, srtpProfiles } from '../wire/registry.ts';
import { cipherSuiteName } from '../wire/suites.ts';
import { partMark, withPart } from './generatedPart.ts';

const mark = partMark('src/profiles');

/** A document with its generated part made anew; throws when the document has no place for it. */
export const withProfiles = (document: string): string => withPart(document, mark, profileTables());

function profileTables(): string {
  return [
    '| `--as` | versions | ClientHello | timer: start, growth, cap, tries | MTU | packing; sent again | fragments sent again | window | cookie |',
    '|---|---|---|---|---|---|---|---|---|',
    ...profiles.map(row),
    '',
    ...profiles.map(section),
  ].join('\n');
}

function row({ id, hello, offer, timers, datagrams, replayWindow, cookie }: Profile): string {
  const cells = [
    `\`${id}\``,
    short(offer.versions, (versions) => versions.join(', ')),
    hello ? (hello.order === 'shuffled' ? 'captured, shuffled' : 'captured') : 'ours',
    [
      short(timers.start, (ms) => `${ms} ms`),
      short(timers.growth, (factor) => `×${factor}`),
      short(timers.cap, (ms) => `${ms / 1000} s`),
      short(timers.attempts, String),
    ].join(', '),
    [
      short(datagrams.mtu, String),
      ...(known(datagrams.mtuSteps) ?? []).map(
        ({ fromRetransmission, mtu }) => `${mtu} from no. ${fromRetransmission}`,
      ),
    ].join('; '),
    `${short(datagrams.packing, String)}; ${short(datagrams.resendPacking, String)}`,
    short(datagrams.borders, String),
    short(replayWindow, String),
    short(cookie, yesNo),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** A value with a question mark where it was read and not seen, and a dash where nobody has looked. */
const short = <T>(figure: Figure<T>, write: (value: T) => string): string =>
  figure.basis === 'unmeasured' ? '–' : `${write(figure.value)}${figure.basis === 'measured' ? '' : '°'}`;
const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

function section(profile: Profile): string {
  const { id, title, about, hello, extensionOrder, offer, timers, datagrams, replayWindow, cookie } = profile;
  const { verify, commonName, notes } = profile;
  const lines = [
    line('versions', offer.versions, (versions) => versions.join(', ')),
    line('cipher suites', offer.cipherSuites, (codes) => codes.map(cipherSuiteName).join(', ')),
    line('groups', offer.groups, (codes) => codes.map(nameIn(groups)).join(', ')),
    line('signature algorithms', offer.signatureSchemes, (codes) => codes.map(nameIn(signatureSchemes)).join(', ')),
    line('SRTP profiles', offer.srtpProfiles, (codes) => codes.map(nameIn(srtpProfiles)).join(', ')),
    line('ALPN', offer.alpn, (names) => names.join(', ')),
    line('first timer', timers.start, (ms) => `${ms} ms`),
    line('growth', timers.growth, (factor) => `×${factor}`),
    line('cap', timers.cap, (ms) => `${ms} ms`),
    line('retransmissions', timers.attempts, String),
    line('MTU', datagrams.mtu, (bytes) => `${bytes} bytes of UDP payload`),
    line('steps of the MTU', datagrams.mtuSteps, (steps) =>
      steps.map(({ fromRetransmission, mtu }) => `${mtu} from retransmission ${fromRetransmission}`).join(', '),
    ),
    line('packing', datagrams.packing, String),
    line('packing when sent again', datagrams.resendPacking, String),
    line('fragments when sent again', datagrams.borders, String),
    line('messages share a record under keys', datagrams.sharedRecords, yesNo),
    line('replay window', replayWindow, (records) => `${records} records`),
    line('cookie as server', cookie, yesNo),
    ...(verify
      ? [
          line(
            'HelloVerifyRequest',
            verify,
            ({ version, cookieLength }) => `version 0x${version.toString(16)}, a cookie of ${cookieLength} bytes`,
          ),
        ]
      : []),
    ...(commonName ? [line('common name of its own certificates', commonName, String)] : []),
  ];
  return [
    `### ${title} (\`${id}\`)`,
    '',
    `${about.charAt(0).toUpperCase()}${about.slice(1)}.`,
    '',
    ...lines,
    ...(hello
      ? [`- extensions, ${hello.order === 'shuffled' ? 'in any order' : 'in this order'}: ${extensions(hello)}`]
      : []),
    ...(extensionOrder
      ? [line('order of its extensions', extensionOrder, (codes) => codes.map(nameIn(extensionTypes)).join(', '))]
      : []),
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}

const line = <T>(name: string, figure: Figure<T>, write: (value: T) => string): string =>
  figure.basis === 'unmeasured'
    ? `- ${name}: not measured, our default`
    : `- ${name}: ${write(figure.value) || 'none'} (${figure.basis}: ${figure.from})`;

const extensions = ({ extensions }: NonNullable<Profile['hello']>): string =>
  extensions
    .map((one) => (typeof one === 'string' ? one : one.kind === 'unknown' ? `extension ${one.code}` : one.kind))
    .join(', ');
