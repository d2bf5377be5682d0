/**
 * The panel over a fake background, as a page to look at: the query says which scene. Scenes that need shapes hard to
 * capture use handshakes made by hand.
 */

import { mount } from '../../panel/mount.tsx';
import { makeRunBook } from '../../panel/reader.ts';
import { emptyForm, setField } from '../../panel/state/form.ts';
import type { Panel } from '../../panel/state/model.ts';
import { places } from '../../panel/state/model.ts';
import { RunBook } from '../../panel/state/runBook.ts';
import { createPanel } from '../../panel/state/store.ts';
import { followTheme } from '../../panel/theme.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import type { CheckNews, SweepNews } from '../../src/bridge/client.ts';
import type { CheckOutcome } from '../../src/bridge/panel.ts';
import { openFile } from '../../src/capture/open.ts';
import type { Diagnosis } from '../../src/diagnosis/model.ts';
import { stateHead, stateLine } from '../../src/report/sweep/state.ts';
import { type CellResult, readSweepFile } from '../../src/scenario/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { FakeBackground } from './fakeBackground.ts';
import { handshakeOf, longTalk, lostTo, recoveredLoss } from './handshakes.ts';
import { inspectedAccess, inspectedConnection, inspectedPage } from './inspectedPage.ts';

const established: Diagnosis = {
  outcome: 'established',
  lastMessage: 'finished',
  verdict:
    'The handshake succeeded after 1.025 s: bytes 150–425 of the server’s certificate were lost once, and the server sent flight 4 again after 1.005 s.',
  findings: [
    {
      id: 'retransmission-normal',
      severity: 'info',
      title: 'Retransmission is normal',
      why: 'One flight was sent again after a timer of 1 s, and the handshake went on.',
      fix: '',
      see: 'RFC 6347 §4.2.4',
      evidence: [8, 9, 10, 11].map((packet) => ({ packet, start: 0, end: 300 })),
    },
    {
      id: 'fragment-lost',
      severity: 'warning',
      title: 'A fragment of certificate was lost',
      why: 'Bytes 150–425 of 700 of the server’s certificate did not arrive at first sending (datagram 5).',
      fix: 'Look for loss between server and client; a smaller certificate (ECDSA) travels in fewer datagrams.',
      see: 'RFC 6347 §4.2.3',
      evidence: [{ packet: 5, start: 25, end: 300 }],
    },
  ],
};

const silent = (): Handshake =>
  handshakeOf(
    [0, 1000, 3000, 7000].map((at, attempt) => ({
      at,
      from: 'client' as const,
      flight: 1,
      attempt,
      size: 167,
      holds: ['client_hello'],
      ...(attempt === 1 ? lostTo('out:loss=30%') : {}),
    })),
    {
      failures: [
        { at: 15_000, actor: 'client', failure: { fault: 'network', code: 'timed-out', flight: 1, attempts: 3 } },
      ],
    },
  );

const noAnswer: Diagnosis = {
  outcome: 'no-answer',
  lastMessage: undefined,
  verdict: 'Nothing ever answered: the ClientHello was sent 4 times to 127.0.0.1:4444 in 15.0 s.',
  findings: [
    {
      id: 'peer-silent',
      severity: 'error',
      title: 'The peer never answered',
      why: 'Four datagrams of 167 B went out, none came back, and no ICMP error either.',
      fix: 'Check address and port, a firewall in between, and that the peer takes the DTLS server role.',
      see: 'RFC 6347 §4.2.4',
      evidence: [1, 2, 3, 4].map((packet) => ({ packet, start: 0, end: 167 })),
    },
  ],
};

const harmed = (): Handshake =>
  handshakeOf(
    [
      { at: 0, from: 'client', flight: 1, size: 1413, holds: ['client_hello 0-1175/1413'], newBytes: 1175 },
      { at: 0.2, from: 'client', flight: 1, size: 263, holds: ['client_hello 1175-1413/1413'], newBytes: 238 },
      {
        at: 41,
        from: 'server',
        flight: 2,
        size: 1200,
        holds: ['server_hello', 'certificate 0-1058/3719'],
        link: [{ action: { kind: 'truncated', to: 1200, at: 41 }, rule: 'in:truncate=1200' }],
        leftover: { start: 1187, reason: 'the record ends behind the datagram', declared: 2661 },
      },
      {
        at: 42,
        from: 'server',
        flight: 2,
        size: 1472,
        holds: ['certificate 1058-2500/3719'],
        link: [{ action: { kind: 'too-large', mtu: 600 }, rule: 'in:mtu=600' }],
        delivered: false,
      },
      { at: 43, from: 'client', holds: ['alert 50'], size: 15 },
    ],
    {
      inferred: ['version'],
      drops: [
        {
          at: 41,
          actor: 'client',
          packet: 3,
          reason: 'truncated',
          offset: 1187,
          detail: '2661 bytes declared, 13 there',
        },
      ],
    },
  );

const alertSent: Diagnosis = {
  outcome: 'alert-sent',
  lastMessage: 'server_hello',
  verdict: 'We refused the handshake with decode_error: the server’s certificate was cut to 1200 bytes on the way.',
  findings: [
    {
      id: 'datagram-truncated',
      severity: 'error',
      title: 'A datagram was cut',
      why: 'Datagram 3 ends 2,648 bytes before the end of its last record.',
      fix: 'Send with an MTU of 1200 or less; see --mtu.',
      see: 'RFC 6347 §4.1.1',
      evidence: [{ packet: 3, start: 1187, end: 1200 }],
    },
  ],
};

const shapes: Readonly<Record<string, () => readonly [Handshake, Diagnosis]>> = {
  recovered: () => [recoveredLoss(), established],
  silent: () => [silent(), noAnswer],
  harmed: () => [harmed(), alertSent],
  hostile: () => [
    handshakeOf([{ at: 0, from: 'server', flight: 2, holds: ['certificate'] }]),
    { ...noAnswer, verdict: 'The certificate says CN=<img src=x onerror=alert(1)>\u202egnp.exe, and nothing else.' },
  ],
  long: () => [longTalk(100_000), { ...established, verdict: 'A long talk.', findings: [] }],
};
const made = new Map<string, readonly [Handshake, Diagnosis]>();
/** Made when it is first asked for: the long one takes half of the time in which the page opens. */
function shapeOf(title: string | undefined): readonly [Handshake, Diagnosis] | undefined {
  if (title === undefined) return undefined;
  const shape = made.get(title) ?? shapes[title]?.();
  if (shape) made.set(title, shape);
  return shape;
}

const handMade = new RunBook(
  (header) => ({
    push: () => {},
    snapshot: () => {
      const shape = shapeOf(header.title);
      return {
        revision: 1,
        handshakes: shape ? [shape[0]] : [],
        unrelated: {},
        secrets: { handshakes: 0, here: 0 },
        notes: [],
        until: 0,
      };
    },
  }),
  (handshake) => [...made.values()].find(([one]) => one.datagrams === handshake.datagrams)?.[1] ?? noAnswer,
);

/** What a gateway may have come to. */
function checkNews(state: 'running' | 'done'): CheckNews {
  const row = (
    id: string,
    section: string,
    title: string,
    status: CheckOutcome['status'],
    demand: CheckOutcome['demand'],
    says: string,
    more: Partial<CheckOutcome> = {},
  ): CheckOutcome => ({
    ...{ id, section, title, status, demand, says, see: 'RFC 6347 §4.2.4', how: 'its whole flight is dropped once' },
    ...{ group: 'timers', numbers: {}, findings: [], shown: [], ...more },
  });
  const shown = [{ trial: 12, what: 'its whole flight is dropped once', packets: [3] }];
  const results = [
    row(
      'handshake',
      'Reaching it',
      'it takes the offer of a browser of today',
      'pass',
      'MUST',
      'DTLS 1.2 with x25519, after 43 ms',
    ),
    row('cookie-asked', 'Cookies', 'it asks for a cookie', 'pass', 'SHOULD', 'a HelloVerifyRequest of 60 bytes'),
    row(
      'retransmits',
      'Timers and repetition',
      'it repeats its flight by itself',
      'fail',
      'MUST',
      'it never sent it again in 4.0 s, and then closed',
      {
        findings: ['peer-never-retransmits'],
        shown,
        scenario: 'version: 1\ntarget: 127.0.0.1:4433\nlink: ["in:drop=certificate#1"]\n',
      },
    ),
    row('timer-growth', 'Timers and repetition', 'its timer grows', 'not-applicable', 'SHOULD', 'it has none'),
    row('largest', 'Sizes', 'it keeps to 1200 bytes', 'fail', 'habit', 'its largest datagram has 1472 bytes', {
      shown,
    }),
    row(
      'split',
      'Sizes',
      'it splits a flight that is too large',
      'unclear',
      'SHOULD',
      'the peer went away in the middle of it',
    ),
  ];
  return {
    status: {
      ...{ number: 1, target: 'gateway.example.net:4433', thorough: false, state },
      spent: { handshakes: 31, datagrams: 402, bytes: 61_000, seconds: 22.4 },
      ...(state === 'running'
        ? { at: { title: 'it answers a flight of ours that comes again', number: 7, of: 58 } }
        : { reached: 'DTLS 1.2, with a small hello' }),
    },
    results,
  };
}

const packing = `version: 1
name: Packing against loss
target: sim
versions: ["1.2"]
timeout: 5s
sweep:
  packing: [packed, record]
  link: ["loss=0%", "loss=5%", "loss=10%", "loss=15%", "loss=20%", "loss=30%"]
  seeds: 20
`;
const scenarioTexts: Readonly<Record<string, string>> = {
  ticket: `# What customers behind the tunnel see
version: 1
name: A large certificate over a path of 1280 bytes
about: The first datagram with the certificate never arrives, until datagrams become smaller.
target: sim
certGen: rsa-4096,chain=3
mtu: 1472   # as their gateway is configured
link: ["mtu=1232", "out:loss=5%"]
seed: 7
repeat: 50
until: stalled
expect:
  outcome: established
  findings: { must: [retransmission-normal], mustNot: [last-flight-lost] }
`,
  packing,
  wrong: `version: 1
target: sim
mtu: 12
linc: ["loss=30%"]
link: ["loss=300%"]
expect: { findings: { must: [fragment-lots] } }
`,
};

/** What its cells may have come to. */
const cells = (count: number): CellResult[] =>
  [20, 20, 19, 17, 12, 4, 20, 19, 15, 9, 3, 0].slice(0, count).map((asExpected, index) => ({
    cell: index + 1,
    made: 20,
    asExpected,
    outcomes: { established: asExpected, ...(asExpected < 20 && { stalled: 20 - asExpected }) },
    timeMs: asExpected === 0 ? null : { least: 60, median: 64 + index * 211, p95: 70 + index * 900, most: 4900 },
    datagrams: { least: 6, median: 8 + index * 2, p95: 11 + index * 3, most: 60 },
    retransmissions: { least: 0, median: index > 2 ? 2 : 0, p95: 4, most: 6 },
    findings:
      asExpected < 20
        ? [
            {
              id: 'flight-lost',
              severity: 'error',
              title: 'A flight was lost',
              count: 20 - asExpected,
              leads: 20 - asExpected,
            },
          ]
        : [],
    bad:
      asExpected < 20
        ? {
            seed: 3,
            outcome: 'stalled',
            unmet: ['the outcome should be established, and is stalled'],
            verdict: 'The handshake stalled after the server’s certificate: bytes 150–425 of it were lost five times.',
            commandLine: null,
          }
        : null,
    error: null,
    traces: [],
    search: null,
  }));
function sweepNews(state: 'running' | 'done'): SweepNews {
  const parsed = parseScenarioText(packing);
  if (!parsed.ok) throw new Error('no sweep');
  const read = readSweepFile(parsed.root, { env: () => undefined, file: (path) => ({ path, found: false }) });
  if (!read.ok) throw new Error('no sweep');
  const results = cells(state === 'done' ? 12 : 7);
  return {
    status: {
      ...{ number: 1, state, handshakes: results.length * 20 },
      ...(state === 'running' && { at: { cell: 8, made: 9, of: 20 } }),
    },
    text: packing,
    head: stateHead({ index: 1, of: 1 }, 'packing.yaml', read.plan.shape),
    lines: results.map((one) => stateLine(one).trimEnd()),
  };
}

const query = new URLSearchParams(location.search);
const client = new FakeBackground();
// A real capture, read by the real reader; every other scene is made by hand.
const capture = query.get('capture');
const book = capture === null && query.get('reader') !== 'real' ? handMade : makeRunBook();
for (const name of capture?.split(',') ?? []) {
  const bytes = await (await fetch(`captures/${name}.pcapng`)).arrayBuffer();
  const opened = openFile(new Uint8Array(bytes));
  if (!('trace' in opened) || !opened.trace) throw new Error(`${name} can't be read`);
  client.addRun(name, { target: name, options: {} }, {}, opened.trace.header);
  client.tell(name, opened.trace.events, true);
}
const helper = query.get('helper');
if (helper === 'not-installed')
  client.setHelper({ kind: 'not-installed', message: 'Specified native messaging host not found.' });
if (helper === 'forbidden')
  client.setHelper({ kind: 'forbidden', message: 'Access to the specified native messaging host is forbidden.' });
if (helper === 'exited')
  client.setHelper({
    kind: 'exited',
    message: 'Native host has exited.',
    when: 'start',
    exit: {
      reason: 'ended',
      code: 1,
      stderr: "node:internal/modules/esm/resolve:283\nError: Cannot find module '/home/a/dtlscope-helper.mjs'\n",
    },
  });
if (helper === 'version-mismatch')
  client.setHelper({
    kind: 'version-mismatch',
    helper: '0.0.1',
    theirs: { major: 0, minor: 9 },
    ours: { major: 1, minor: 0 },
    update: 'helper',
  });

const secret: TraceEvent = {
  kind: 'secret',
  at: 0,
  label: 'CLIENT_RANDOM',
  clientRandom: new Uint8Array(32),
  secret: new Uint8Array(48),
};
const anything = { client: {}, server: {} };
const expects = {
  name: 'A certificate in fragments',
  expectation: {
    outcome: 'established',
    findings: { must: ['fragment-lost'], mustNot: ['retransmission-normal'] },
    datagrams: { client: { most: 12 }, server: {} },
    retransmissions: anything,
  },
};
const wanted = (query.get('runs') ?? '').split(',').filter((id) => id !== '');
for (const id of wanted) {
  const target = id === 'harmed' ? 'a-host-with-a-rather-long-name.gateways.example.net:49152' : '127.0.0.1:4444';
  client.addRun(id, { target, options: id === 'harmed' ? { mtu: '600' } : {}, ...(query.get('expect') && expects) });
  const live = query.get('live') === id;
  client.tell(id, [secret]);
  client.tell(id, live ? [] : [{ kind: 'end', at: 1, how: 'done', why: undefined }], !live);
}

let form = emptyForm();
if (query.get('carried')) {
  const sdp = ['v=0', 'o=- 4611686018427387904 1 IN IP4 0.0.0.0', 's=-', 't=0 0', 'm=audio 9 UDP/TLS/RTP/SAVPF 111']
    .concat(['c=IN IP4 0.0.0.0', 'a=setup:holdconn', 'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuv'])
    .concat(['a=rtpmap:111 opus/48000/2', 'a=mid:0', ''])
    .join('\r\n');
  client.addRun('carried', { target: 'sdp:', options: {} }, { ours: { type: 'offer', sdp, waits: true } });
  form = setField(setField(form, 'target', 'sdp:'), 'description', sdp);
}
if (query.get('wrong')) {
  for (const [name, value] of [
    ['target', '127.0.0.1'],
    ['mtu', '12'],
    ['certGen', 'rsa-1024'],
    ['link', 'loss=300%'],
    ['fingerprint', 'sha-256 AA:BB'],
  ] as const)
    form = setField(form, name, value);
  form = { ...form, submitted: true };
}
const target = query.get('target');
if (target !== null) form = setField(form, 'target', target);
const view = { stun: query.get('stun') !== null };
const inspecting = query.get('page');
if (inspecting === 'connections') client.setPage(inspectedPage, [inspectedConnection]);
const later = (publish: () => void): number => requestAnimationFrame(() => publish());
const access = inspecting === null ? undefined : inspectedAccess;
const panel: Panel = createPanel({ client, book, form, view, access, later });
followTheme(document.documentElement);
const element = document.getElementById('root');
if (element) mount(element, panel);
const pinned = query.get('pin');
if (pinned !== null) {
  const shown = panel.store.getState().selection.run;
  panel.actions.selectRun(pinned);
  panel.actions.pin({ run: pinned, handshake: 'h1' });
  if (shown !== undefined) panel.actions.selectRun(shown);
}
if (inspecting !== null) {
  panel.actions.showSide('page');
  if (inspecting === 'connections') panel.actions.selectConnection(inspectedConnection.id);
}
const packet = query.get('packet');
if (packet) setTimeout(() => panel.actions.selectTarget({ kind: 'datagram', packet: Number(packet) }, true));
const place = places.find((one) => one === query.get('place'));
if (place) panel.actions.goTo(place);
const written = query.get('scenario');
if (written !== null) {
  panel.actions.showSide('options');
  void panel.actions.openScenario(scenarioTexts[written] ?? '', `${written}.yaml`);
}
const swept = query.get('sweep');
if (swept === 'running' || swept === 'done') client.setSweep(sweepNews(swept));
const checking = query.get('check');
if (checking === 'running' || checking === 'done') client.setCheck(checkNews(checking));
Object.assign(globalThis, { panel, client });
