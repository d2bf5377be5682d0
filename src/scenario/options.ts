/**
 * The one option table. The terminal's flags, the panel's form, the checks of both and the command line that reproduces a
 * run all come from here. Adding an option: add its field to `Options` and a row below; the compiler asks for the rest.
 *
 * Defaults are WebRTC's habits where it has some, or those of the stack that `--as` names. Every other flag changes one thing
 * and nothing else.
 */
import { type Outcome, outcomes } from '../diagnosis/model.ts';
import type { Fingerprint, Packing, Role } from '../engine/api.ts';
import type { LinkRule } from '../link/api.ts';
import { profiles } from '../profiles/index.ts';
import { groups, signatureSchemes, srtpProfiles, type Version } from '../wire/registry.ts';
import { cipherSuites } from '../wire/suites.ts';
import { parseCredentialSpec } from '../x509/spec.ts';
import { type QuirkId, quirkGroups, quirkIds, quirks } from './quirks/index.ts';
import type { Step } from './stepGrammar.ts';
import type { TurnServer } from './turnUrl.ts';
import {
  choice,
  codes,
  decimal,
  files,
  fingerprints,
  flag,
  integer,
  linkRules,
  names,
  onOff,
  optionalChoice,
  optionalInteger,
  secret,
  several,
  steps,
  text,
  turnServer,
  type ValueType,
  words,
} from './valueType.ts';

export interface Options {
  readonly role: Role;
  /** A profile's id, or `ourselves`. */
  readonly as: string;
  readonly versions: readonly Version[];
  readonly suites: readonly number[];
  readonly groups: readonly number[];
  readonly sigalgs: readonly number[];
  readonly alpn: readonly string[];
  /** Sessions are given and taken up again. */
  readonly resume: boolean;
  readonly allowWeak: boolean;
  /** File names on the command line, PEM texts in a form: whoever runs it knows which. */
  readonly cert: readonly string[];
  readonly key: readonly string[];
  readonly certGen: string | undefined;
  readonly fingerprint: readonly Fingerprint[];
  readonly clientAuth: 'none' | 'request' | 'require';
  readonly mtu: number;
  readonly packing: Packing;
  readonly fragment: number | undefined;
  /** RFC 8449: what we take in a record, of which the peer is told. */
  readonly recordSizeLimit: number | undefined;
  /** `undefined` where nobody chose: that of the path, or the usual one. ms */
  readonly rto: number | undefined;
  readonly rtoGrowth: number;
  readonly rtoMax: number;
  readonly attempts: number;
  readonly linger: number;
  /** What is done once the handshake is established, in this order. */
  readonly steps: readonly Step[];
  /** Our server sends application data back. */
  readonly echo: boolean;
  readonly srtp: readonly number[];
  readonly cookie: boolean;
  readonly quirk: readonly QuirkId[];
  readonly link: readonly LinkRule[];
  readonly seed: number;
  readonly turn: TurnServer | undefined;
  /** Our server is a WebRTC gateway: signalling by WHIP and WHEP, ICE, and DTLS behind them. */
  readonly whip: boolean;
  /** How the description that we write settles the DTLS role. */
  readonly setup: 'actpass' | 'active' | 'passive';
  readonly announce: readonly Fingerprint[];
  readonly token: string | undefined;
  readonly bind: string | undefined;
  readonly timeout: number;
  readonly expect: Outcome;
  /** Rounds, of `parallel` handshakes each. */
  readonly repeat: number;
  /** The outcome that ends the repeating. */
  readonly until: Outcome | undefined;
  /** Handshakes at once. */
  readonly parallel: number;
}
export type OptionName = keyof Options;

/** The `--as` that is no profile: defaults of our own. */
export const ourselves = 'dtlscope';

/** What the options describe: one handshake of ours, or our server for anybody. */
export type Command = 'probe' | 'serve';

export const optionGroups = {
  role: 'Role and trust',
  certificate: 'Our certificate',
  offer: 'What we offer',
  datagrams: 'Datagrams',
  timers: 'Timers',
  after: 'After the handshake',
  quirks: 'Quirks',
  network: 'Network',
  signalling: 'Signalling',
  run: 'The run',
} as const;
export type OptionGroup = keyof typeof optionGroups;

export interface OptionDefinition<T> {
  readonly flag: `--${string}`;
  readonly group: OptionGroup;
  /** What a form writes before the field. */
  readonly label: string;
  /** One line, without a full stop. */
  readonly help: string;
  readonly commands: readonly Command[];
  /** Only this role has a use for it; both when undefined. */
  readonly onlyRole: Role | undefined;
  readonly type: ValueType<T>;
  readonly default: (command: Command) => T;
}

const strongSuites = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030];
const strongSchemes = [0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];
/** What `--allow-weak` adds where nobody says what to offer. */
export const weakOffer = {
  versions: ['1.0'],
  suites: [0xc009, 0xc013, 0xc00a, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035],
  sigalgs: [0x0203, 0x0201],
} as const;

type Table = { readonly [N in OptionName]: OptionDefinition<Options[N]> };

const always =
  <T>(value: T) =>
  (): T =>
    value;
const both: readonly Command[] = ['probe', 'serve'];
const everyOutcome = Object.fromEntries(outcomes.map((name) => [name, name])) as Record<Outcome, string>;

export const optionTable: Table = {
  role: {
    flag: '--role',
    group: 'role',
    label: 'Our role',
    help: 'the DTLS side that we take: a server waits for the peer to start',
    commands: ['probe'],
    onlyRole: undefined,
    type: choice<Role>({ client: 'we send the first ClientHello', server: 'we wait for the peer’s ClientHello' }),
    default: (command) => (command === 'serve' ? 'server' : 'client'),
  },
  as: {
    flag: '--as',
    group: 'role',
    label: 'Behave as',
    help: 'take versions, offer, timers and sizes of another stack for defaults; other flags still override',
    commands: both,
    onlyRole: undefined,
    type: choice(
      Object.fromEntries([
        [ourselves, 'our own defaults: what WebRTC stacks mostly do'],
        ...profiles.map(({ id, title, about }) => [id, `${title}: ${about}`] as const),
      ]),
    ),
    default: always(ourselves),
  },
  fingerprint: {
    flag: '--fingerprint',
    group: 'role',
    label: 'Expected fingerprint',
    help: 'the hash that the peer’s certificate must have, as in SDP; any certificate when left out',
    commands: both,
    onlyRole: undefined,
    type: fingerprints,
    default: always([]),
  },
  clientAuth: {
    flag: '--client-auth',
    group: 'role',
    label: 'Client certificate',
    help: 'whether our server asks for the client’s certificate',
    commands: both,
    onlyRole: 'server',
    type: choice({
      none: 'do not ask',
      request: 'ask, and go on without one',
      require: 'ask, and fail without one',
    }),
    default: always('request'),
  },
  cookie: {
    flag: '--cookie',
    group: 'role',
    label: 'Cookie exchange',
    help: 'whether our server makes the client prove its address first (HelloVerifyRequest)',
    commands: both,
    onlyRole: 'server',
    type: onOff('one round trip more, as OpenSSL’s listener', 'answers the first ClientHello, as most WebRTC stacks'),
    default: always(false),
  },
  certGen: {
    flag: '--cert-gen',
    group: 'certificate',
    label: 'Make a certificate',
    help: 'a certificate made to order for this run, as in rsa-4096 (see: dtlscope cert --help); ecdsa-p256 when nothing is given',
    commands: both,
    onlyRole: undefined,
    type: text('spec', (given) => {
      const parsed = parseCredentialSpec(given);
      return parsed.ok ? undefined : parsed.error;
    }),
    default: always(undefined),
  },
  cert: {
    flag: '--cert',
    group: 'certificate',
    label: 'Certificate chain (PEM)',
    help: 'our certificate chain, leaf first, PEM; may be given several times, each with its --key',
    commands: both,
    onlyRole: undefined,
    type: files,
    default: always([]),
  },
  key: {
    flag: '--key',
    group: 'certificate',
    label: 'Private key (PEM or PKCS#8)',
    help: 'the private key of the --cert before it, PEM or PKCS#8 DER; not needed when the --cert file holds it',
    commands: both,
    onlyRole: undefined,
    type: files,
    default: always([]),
  },
  versions: {
    flag: '--versions',
    group: 'offer',
    label: 'DTLS versions',
    help: 'versions that we speak',
    commands: both,
    onlyRole: undefined,
    type: words<Version>(['1.3', '1.2', '1.0'], 1),
    default: always(['1.3', '1.2']),
  },
  suites: {
    flag: '--suites',
    group: 'offer',
    label: 'Cipher suites',
    help: 'cipher suites in order of preference, by IANA name or as 0xc02b',
    commands: both,
    onlyRole: undefined,
    type: codes(cipherSuites, [...strongSuites, ...weakOffer.suites], 1),
    default: always(strongSuites),
  },
  groups: {
    flag: '--groups',
    group: 'offer',
    label: 'Groups',
    help: 'key exchange groups in order of preference',
    commands: both,
    onlyRole: undefined,
    type: codes(groups, [4588, 29, 23, 24, 25], 1),
    default: always([4588, 29, 23, 24]),
  },
  sigalgs: {
    flag: '--sigalgs',
    group: 'offer',
    label: 'Signature algorithms',
    help: 'signature schemes that we accept, in order of preference',
    commands: both,
    onlyRole: undefined,
    type: codes(signatureSchemes, [...strongSchemes, 0x0603, ...weakOffer.sigalgs], 1),
    default: always(strongSchemes),
  },
  allowWeak: {
    flag: '--allow-weak',
    group: 'offer',
    label: 'Weak parameters',
    help: 'DTLS 1.0, AES-CBC, RSA key exchange and SHA-1 signatures may be agreed; they go behind what else we offer',
    commands: both,
    onlyRole: undefined,
    type: flag('may be agreed, as old gateways need it', 'never agreed'),
    default: always(false),
  },
  srtp: {
    flag: '--srtp',
    group: 'offer',
    label: 'SRTP profiles',
    help: 'DTLS-SRTP protection profiles in order of preference, or none',
    commands: both,
    onlyRole: undefined,
    type: codes(srtpProfiles, [7, 8, 1, 2], 0),
    default: always([7, 8, 1]),
  },
  alpn: {
    flag: '--alpn',
    group: 'offer',
    label: 'ALPN',
    help: 'application protocols in order of preference, as in webrtc,c-webrtc',
    commands: both,
    onlyRole: undefined,
    type: names,
    default: always([]),
  },
  resume: {
    flag: '--resume',
    group: 'offer',
    label: 'Resume sessions',
    help: 'serve: give clients session ids and tickets; probe with --repeat: begin each handshake from the session of the one before',
    commands: both,
    onlyRole: undefined,
    type: flag('sessions are given and taken up again', 'every handshake is a full one'),
    default: always(false),
  },
  mtu: {
    flag: '--mtu',
    group: 'datagrams',
    label: 'MTU',
    help: 'largest UDP payload that we send',
    commands: both,
    onlyRole: undefined,
    type: integer(64, 65_507, 'bytes'),
    default: always(1200),
  },
  packing: {
    flag: '--packing',
    group: 'datagrams',
    label: 'Packing',
    help: 'how records are put into datagrams',
    commands: both,
    onlyRole: undefined,
    type: choice<Packing>({
      packed: 'fill datagrams up to the MTU',
      record: 'one record a datagram',
      flight: 'the whole flight in one datagram, whatever the MTU: the memory-BIO mistake',
    }),
    default: always('packed'),
  },
  fragment: {
    flag: '--fragment',
    group: 'datagrams',
    label: 'Largest fragment',
    help: 'largest handshake fragment, when it is to be smaller than the MTU allows',
    commands: both,
    onlyRole: undefined,
    type: optionalInteger(1, 65_507, 'bytes'),
    default: always(undefined),
  },
  recordSizeLimit: {
    flag: '--record-size-limit',
    group: 'datagrams',
    label: 'Record size limit',
    help: 'the most that the peer may put into a record, as record_size_limit tells it (RFC 8449)',
    commands: both,
    onlyRole: undefined,
    type: optionalInteger(64, 16_385, 'bytes'),
    default: always(undefined),
  },
  rto: {
    flag: '--rto',
    group: 'timers',
    label: 'First retransmission after',
    help: 'time until a flight is sent again the first time; without it 1 s (RFC 6347), and with ICE what libwebrtc takes: twice its round trip, at least 50 ms',
    commands: both,
    onlyRole: undefined,
    type: optionalInteger(1, 600_000, 'ms'),
    default: always(undefined),
  },
  rtoGrowth: {
    flag: '--rto-growth',
    group: 'timers',
    label: 'Growth',
    help: 'factor by which that time grows with each retransmission',
    commands: both,
    onlyRole: undefined,
    type: decimal(1, 10),
    default: always(2),
  },
  rtoMax: {
    flag: '--rto-max',
    group: 'timers',
    label: 'At most',
    help: 'cap on that time',
    commands: both,
    onlyRole: undefined,
    type: integer(1, 600_000, 'ms'),
    default: always(60_000),
  },
  attempts: {
    flag: '--attempts',
    group: 'timers',
    label: 'Retransmissions',
    help: 'retransmissions of one flight before we give up',
    commands: both,
    onlyRole: undefined,
    type: integer(0, 1000),
    default: always(12),
  },
  linger: {
    flag: '--linger',
    group: 'timers',
    label: 'Linger',
    help: 'time after the handshake in which repeats are answered, before we close',
    commands: both,
    onlyRole: undefined,
    type: integer(0, 3_600_000, 'ms'),
    default: (command) => (command === 'serve' ? 60_000 : 1000),
  },
  steps: {
    flag: '--step',
    group: 'after',
    label: 'Steps',
    help: 'what to do once it is established, as in send=1000,echo=2s, wait=5s, key-update, idle=30s, restart or close; may be given several times, and is done in that order',
    commands: ['probe'],
    onlyRole: undefined,
    type: steps,
    default: always([]),
  },
  echo: {
    flag: '--echo',
    group: 'after',
    label: 'Echo',
    help: 'send application data back to the client; the time of --linger then counts from the last of it',
    commands: ['serve'],
    onlyRole: undefined,
    type: flag('application data goes back', 'application data is taken, and not answered'),
    default: always(false),
  },
  quirk: {
    flag: '--quirk',
    group: 'quirks',
    label: 'Be broken',
    help: 'do wrong what a broken stack does, as in last-flight-once; may be given several times; list shows them all',
    commands: both,
    onlyRole: undefined,
    type: several(
      quirkIds.map((value) => ({ value, help: quirks[value].about, group: quirkGroups[quirks[value].group] })),
      'the names that --quirk list shows',
    ),
    default: always([]),
  },
  link: {
    flag: '--link',
    group: 'network',
    label: 'Link rules',
    help: 'impair the network, as in loss=30%, out:delay=70ms±20ms, in:drop=certificate#1 or 3g; may be given several times; list shows all',
    commands: both,
    onlyRole: undefined,
    type: linkRules,
    default: always([]),
  },
  seed: {
    flag: '--seed',
    group: 'network',
    label: 'Seed',
    help: 'what the link’s dice start from: the same seed gives the same network',
    commands: both,
    onlyRole: undefined,
    type: integer(0, 0xffff_ffff),
    default: always(1),
  },
  turn: {
    flag: '--turn',
    group: 'network',
    label: 'TURN server',
    help: 'send everything through this relay: turn:USER:PASSWORD@HOST:PORT (UDP); the password may be in DTLSCOPE_TURN_PASSWORD instead',
    commands: ['probe'],
    onlyRole: undefined,
    type: turnServer,
    default: always(undefined),
  },
  bind: {
    flag: '--bind',
    group: 'network',
    label: 'Local address',
    help: 'local address, as ADDRESS or ADDRESS:PORT; serve listens on 127.0.0.1 unless told otherwise',
    commands: both,
    onlyRole: undefined,
    type: text('address', (given) => (parseBind(given) ? undefined : { why: 'it is not an IP address, or IP:PORT' })),
    default: always(undefined),
  },
  whip: {
    flag: '--whip',
    group: 'signalling',
    label: 'Gateway',
    help: 'be a WebRTC gateway: a page, WHIP and WHEP over HTTP, ICE-lite, and DTLS behind them',
    commands: ['serve'],
    onlyRole: undefined,
    type: flag('offers come by WHIP or WHEP, and ICE comes before DTLS', 'DTLS over plain UDP'),
    default: always(false),
  },
  setup: {
    flag: '--setup',
    group: 'signalling',
    label: 'Setup attribute',
    help: 'the DTLS role that our description claims; to an offer of actpass, actpass answers by --role (a gateway: passive)',
    commands: both,
    onlyRole: undefined,
    type: choice({
      actpass: 'our offer leaves the choice to the answer',
      active: 'we are the DTLS client',
      passive: 'we are the DTLS server',
    }),
    default: always('actpass'),
  },
  announce: {
    flag: '--announce',
    group: 'signalling',
    label: 'Announced fingerprint',
    help: 'the fingerprint that our description announces; that of our certificate when left out',
    commands: both,
    onlyRole: undefined,
    type: fingerprints,
    default: always([]),
  },
  token: {
    flag: '--token',
    group: 'signalling',
    label: 'Bearer token',
    help: 'bearer token for whip: and whep:, or the one that our gateway asks for; kept out of traces and reports; may be in DTLSCOPE_TOKEN instead',
    commands: both,
    onlyRole: undefined,
    type: secret,
    default: always(undefined),
  },
  timeout: {
    flag: '--timeout',
    group: 'run',
    label: 'Give up after',
    help: 'longest time that a run may take, all in all',
    commands: both,
    onlyRole: undefined,
    type: integer(1, 3_600_000, 'ms'),
    default: (command) => (command === 'serve' ? 120_000 : 30_000),
  },
  expect: {
    flag: '--expect',
    group: 'run',
    label: 'Expected outcome',
    help: 'the outcome that counts as success',
    commands: both,
    onlyRole: undefined,
    type: choice<Outcome>(everyOutcome),
    default: always('established'),
  },
  repeat: {
    flag: '--repeat',
    group: 'run',
    label: 'Repeat',
    help: 'make the handshake so many times, the seed growing by one each time; the last good one and the first bad one are kept and compared',
    commands: ['probe'],
    onlyRole: undefined,
    type: integer(1, 100_000),
    default: always(1),
  },
  until: {
    flag: '--until',
    group: 'run',
    label: 'Until',
    help: 'stop repeating as soon as a handshake ends with this outcome',
    commands: ['probe'],
    onlyRole: undefined,
    type: optionalChoice<Outcome>(everyOutcome),
    default: always(undefined),
  },
  parallel: {
    flag: '--parallel',
    group: 'run',
    label: 'At once',
    help: 'open so many associations at once, as a conference does; with --repeat in every round',
    commands: ['probe'],
    onlyRole: undefined,
    type: integer(1, 256),
    default: always(1),
  },
};

/** In the order of the table, which is the order of help and form. */
export const optionNames = Object.keys(optionTable) as readonly OptionName[];

/** How the command line spells a value: one text for each time the flag stands there, none for "not set". */
export const formatOption = <N extends OptionName>(name: N, value: Options[N]): readonly string[] => {
  const row: OptionDefinition<Options[N]> = optionTable[name];
  return row.type.format(value);
};

/** The options that a command takes. */
export const optionsOf = (command: Command): readonly OptionName[] =>
  optionNames.filter((name) => optionTable[name].commands.includes(command));

/** `ADDRESS` or `ADDRESS:PORT`, with an IPv6 address in brackets when a port follows. */
export function parseBind(given: string): { readonly host: string; readonly port: number } | undefined {
  const [, v6, v4, port = '0'] = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([0-9.]+))(?::(\d{1,5}))?$/i.exec(given) ?? [];
  const bare = /^[0-9a-f.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(given) ? given : undefined;
  const host = bare ?? v6 ?? v4;
  if (host === undefined || (!bare && Number(port) > 65_535)) return undefined;
  if (v4 !== undefined && !bare && !/^(\d{1,3}\.){3}\d{1,3}$/.test(v4)) return undefined;
  return { host, port: bare ? 0 : Number(port) };
}
