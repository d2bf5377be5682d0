import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentsOf, secretLabels } from '../../panel/files.ts';
import { handshakeRow, listRows, runRow } from '../../panel/layout/runRows.ts';
import { makeRunBook } from '../../panel/reader.ts';
import type { Panel } from '../../panel/state/model.ts';
import { type GivenFile, KeyStore, openFiles } from '../../panel/state/opening.ts';
import type { Reading } from '../../panel/state/runBook.ts';
import { createPanel } from '../../panel/state/store.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { openFile } from '../../src/capture/open.ts';
import { toPcapng } from '../../src/capture/write.ts';
import type { Trace } from '../../src/trace/model.ts';
import { toSqlog } from '../../src/trace/qlog/write.ts';
import { FakeBackground } from '../support/fakeBackground.ts';
import { captureDirectory } from '../support/fixtures.ts';
import { captureTrace } from '../support/reading.ts';
import { captureAt, simulated } from '../support/traces.ts';

const file = (name: string): GivenFile => ({ name, bytes: new Uint8Array(readFileSync(`${captureDirectory}${name}`)) });
const state = (panel: Panel) => panel.store.getState();

function setUp(client = new FakeBackground()): { client: FakeBackground; panel: Panel } {
  return { client, panel: createPanel({ client, book: makeRunBook(), now: () => 1_700_000_000_000 }) };
}
function shown(panel: Panel): Reading {
  const { run } = state(panel).selection;
  const reading = run === undefined ? undefined : panel.book.read(run);
  if (!reading) throw new Error('nothing is shown');
  return reading;
}
function readingOf(trace: Trace): Reading {
  const book = makeRunBook();
  book.append('x', { header: trace.header, from: 0, events: trace.events, ended: true });
  const reading = book.read('x');
  if (!reading) throw new Error('no reading');
  return reading;
}
function reopened(contents: string | Uint8Array): Trace {
  const bytes = typeof contents === 'string' ? new TextEncoder().encode(contents) : contents;
  const opened = openFile(bytes);
  if (!('trace' in opened) || !opened.trace) throw new Error('can not be read back');
  expect(opened.problems).toEqual([]);
  return opened.trace;
}

describe('a capture that is opened', () => {
  it('is a selected run with its verdict, and is kept by the background', async () => {
    const { client, panel } = setUp();
    await panel.actions.openFiles([file('loss-small.pcapng')]);
    expect(client.asked).toContain('keep loss-small.pcapng');
    expect(state(panel).runs.map(({ file: name, outcome }) => [name, outcome])).toEqual([
      ['loss-small.pcapng', 'established'],
    ]);
    expect(state(panel).selection.run).toBe(state(panel).runs[0]?.id);
    expect(shown(panel).handshakes[0]?.handshake.lost).toHaveLength(1);
  });

  it('stays selected, record and all, when the background gives it an id of its own', async () => {
    const { panel } = setUp();
    const opening = panel.actions.openFiles([file('loss-small.pcapng')]);
    const before = state(panel).selection.run;
    panel.actions.selectTarget({ kind: 'datagram', packet: 4 });
    await opening;
    const { run, target } = state(panel).selection;
    expect(run).not.toBe(before);
    expect(target).toEqual({ kind: 'datagram', packet: 4 });
    expect(state(panel).runs.map(({ id }) => id)).toEqual([run]);
  });

  it('stays the baseline that it was pinned as meanwhile', async () => {
    const { panel } = setUp();
    const opening = panel.actions.openFiles([file('loss-small.pcapng')]);
    panel.actions.pin({ run: state(panel).selection.run ?? '', handshake: 'h1' });
    await opening;
    expect(state(panel).baseline).toEqual({ run: state(panel).runs[0]?.id, handshake: 'h1' });
    panel.actions.pin(undefined);
    expect(state(panel).baseline).toBeUndefined();
  });

  it('is shown all the same when it can not be kept, and that is said', async () => {
    const { client, panel } = setUp();
    client.failNext = { code: 'too-large', message: 'The file is larger than all that is kept.' };
    await panel.actions.openFiles([file('hole.pcapng')]);
    expect(shown(panel).handshakes).toHaveLength(1);
    expect(state(panel).notice?.text).toContain('goes when the panel is closed: The file is larger');
  });

  it('names no MTU, which nobody set', async () => {
    const { panel } = setUp();
    await panel.actions.openFiles([file('hole.pcapng')]);
    const [run] = state(panel).runs;
    if (!run) throw new Error('no run');
    const row = runRow(run, shown(panel));
    expect(row.figures.join()).not.toContain('MTU');
    expect(row.label).toMatch(/^hole\.pcapng, stalled, #1 .*, file$/);
  });

  it('lists each of its handshakes', () => {
    const one = simulated({ seed: 1 });
    const from = one.events.filter((event) => event.kind === 'datagram');
    const later = from.map((event) => ({ ...event, src: `x${event.src}`, dst: `x${event.dst}` }));
    const both = [...from, ...later].map((event, at) => ({
      ...event,
      packet: at + 1,
      from: undefined,
      contents: undefined,
    }));
    const reading = readingOf({ header: { ...one.header, kind: 'capture' }, events: both });
    const rows = listRows([{ run: 'r', handshakes: reading.handshakes }]);
    expect(rows.map(({ key }) => key)).toEqual(['r', 'r/h1', 'r/h2']);
    expect(rows[1]?.handshake && handshakeRow(rows[1].handshake).label).toMatch(/^h1 \S+ → \S+, .*, handshake$/);
    expect(listRows([{ run: 'r', handshakes: reading.handshakes.slice(0, 1) }])).toHaveLength(1);
  });
});

describe('captures of both ends', () => {
  const run = simulated({ rules: ['delay=10ms', 'in:drop=certificate#1'] });
  const capture = (end: 'client' | 'server'): GivenFile => ({
    name: `${end}.pcapng`,
    bytes: toPcapng(captureAt(run, end), { withKeys: true }),
  });
  const lost = (panel: Panel): number =>
    shown(panel).handshakes[0]?.handshake.datagrams.filter(({ delivered }) => delivered === false).length ?? 0;

  it('that are opened together are shown as one more run, which tells what was lost between them', async () => {
    const { client, panel } = setUp();
    await panel.actions.openFiles([capture('server'), capture('client')]);
    expect(state(panel).runs.map(({ file: name }) => name)).toEqual([
      'server.pcapng',
      'client.pcapng',
      'client.pcapng and server.pcapng',
    ]);
    expect(client.asked).toContain('keep client.pcapng and server.pcapng');
    expect(lost(panel)).toBe(1);
    expect(state(panel).notice?.text).toMatch(
      /^client\.pcapng, nearer to the client, and server\.pcapng, nearer to the server, hold one handshake .* 1 did not come/,
    );
    const records = shown(panel).handshakes[0]?.handshake.datagrams.flatMap((one) => one.records) ?? [];
    expect(records.some(({ protection }) => protection === 'decrypted')).toBe(true);
  });

  it('that are opened one after the other are put together when the second comes, and no more than once', async () => {
    const { panel } = setUp();
    await panel.actions.openFiles([capture('client')]);
    expect(state(panel).runs).toHaveLength(1);
    await panel.actions.openFiles([capture('server')]);
    expect(state(panel).runs).toHaveLength(3);
    await panel.actions.openFiles([capture('server')]);
    expect(state(panel).runs).toHaveLength(4);
  });

  it('that are of two handshakes, or of one place, stay as they are', async () => {
    const { panel } = setUp();
    await panel.actions.openFiles([capture('client'), capture('client'), file('loss-small.pcapng')]);
    expect(state(panel).runs).toHaveLength(3);
    expect(state(panel).notice).toBeUndefined();
  });
});

describe('a key log', () => {
  const keysOf = (panel: Panel): string | undefined => shown(panel).handshakes[0]?.handshake.keys;

  it('opens the capture that came with it, and is kept with it', async () => {
    const { client, panel } = setUp();
    await panel.actions.openFiles([file('loss-small.keylog'), file('loss-small.pcapng')]);
    expect(keysOf(panel)).toBe('decrypts');
    const again = setUp(client).panel;
    expect(keysOf(again)).toBe('decrypts');
  });

  it('that comes before its capture waits for it', async () => {
    const { panel } = setUp();
    await panel.actions.openFiles([file('loss-small.keylog')]);
    expect(state(panel).notice?.text).toMatch(/^1 secret of .*\. It waits for the capture/);
    await panel.actions.openFiles([file('loss-small.pcapng')]);
    expect(keysOf(panel)).toBe('decrypts');
  });

  it('that does not fit the capture that came with it is said not to', async () => {
    const { panel } = setUp();
    await panel.actions.openFiles([file('hole.pcapng'), file('loss-small.keylog')]);
    expect(state(panel).notice?.text).toBe(
      '1 secret of loss-small.keylog: of no handshake in hole.pcapng. Keys open only their own sessions.',
    );
    const other = setUp().panel;
    await other.actions.openFiles([
      file('loss-small.pcapng'),
      file('loss-small.keylog'),
      file('good_ecdhe_rsa.keylog'),
    ]);
    expect(state(other).notice).toBeUndefined();
  });

  it('that comes later is joined to what is open, and to nothing else', async () => {
    const { panel } = setUp();
    await panel.actions.openFiles([file('hole.pcapng')]);
    const hole = shown(panel);
    await panel.actions.openFiles([file('loss-small.pcapng')]);
    expect(keysOf(panel)).toBe('none');
    await panel.actions.openFiles([file('loss-small.keylog')]);
    expect(keysOf(panel)).toBe('decrypts');
    expect(state(panel).notice?.text).toContain('added to 1 open run');
    const first = state(panel).runs[0];
    expect(first && panel.book.read(first.id)).toBe(hole);
  });

  it('gives a capture only the secrets of its own handshakes', () => {
    const keys = new KeyStore();
    const both = [file('good_mutual_srtp.keylog'), file('loss-small.keylog'), file('loss-small.pcapng')];
    const [opened] = openFiles(both, keys, 'test').imports;
    if (!opened) throw new Error('not opened');
    expect(secretLabels(opened.trace)).toEqual(['1 CLIENT_RANDOM']);
  });
});

describe('a file that is broken', () => {
  it('shows its good part, with the place and the reason', async () => {
    const { panel } = setUp();
    const whole = file('loss-small.pcapng');
    await panel.actions.openFiles([{ name: 'cut.pcapng', bytes: whole.bytes.subarray(0, whole.bytes.length - 200) }]);
    const { run } = state(panel).selection;
    const problems = run === undefined ? [] : state(panel).problems[run];
    expect(problems?.[0]?.offset).toBeGreaterThan(0);
    expect(problems?.[0]?.why).not.toBe('');
    expect(shown(panel).handshakes).toHaveLength(1);
  });

  it('from its first byte makes no run, and says what it is instead', async () => {
    const { panel } = setUp();
    await panel.actions.openFiles([{ name: 'a.gz', bytes: Uint8Array.of(0x1f, 0x8b, 8, 0) }, file('hole.pcapng')]);
    expect(state(panel).runs.map((run) => run.file)).toEqual(['hole.pcapng']);
    expect(state(panel).notice).toMatchObject({ tone: 'bad' });
    expect(state(panel).notice?.text).toContain('a.gz can’t be read: at byte 0: a gzip file');
  });
});

/** What must survive a file without keys: all that is not behind encryption. */
const readable = ({ handshakes }: Reading) =>
  handshakes.map(({ handshake, diagnosis }) => ({
    outcome: diagnosis.outcome,
    datagrams: handshake.datagrams.map(({ packet, from, size, bytes }) => ({ packet, from, size, bytes: [...bytes] })),
    lost: handshake.lost,
    parameters: handshake.parameters,
    messages: handshake.messages
      .filter(inClear)
      .map(({ key, total, complete, missing }) => ({ key, total, complete, missing })),
  }));
const inClear = ({ message }: Handshake['messages'][number]): boolean => message !== 20 && message !== 4;

const traces: readonly (readonly [string, () => Trace])[] = [
  ['a capture with a loss', () => captureTrace('loss-small', 'with keys')],
  ['a capture with client certificate and SRTP', () => captureTrace('good_mutual_srtp', 'with keys')],
  ['a simulated run', () => simulated({ rules: ['loss=10%'], seed: 5 })],
];

describe.each(traces)('%s', (_, make) => {
  const trace = make();
  const before = readingOf(trace);

  it.each(['sqlog', 'qlog'] as const)('gives the same view after a .%s with keys', (kind) => {
    const after = readingOf(reopened(contentsOf(trace, [], kind, { withKeys: true })));
    expect(after.snapshot).toEqual(before.snapshot);
    expect(after.handshakes).toEqual(before.handshakes);
  });

  it.each(['sqlog', 'qlog'] as const)('keeps all but the ciphertext after a .%s without keys', (kind) => {
    const after = readingOf(reopened(contentsOf(trace, [], kind, { withKeys: false })));
    expect(readable(after)).toEqual(readable(before));
    const records = after.handshakes.flatMap(({ handshake }) => handshake.datagrams.flatMap((one) => one.records));
    expect(records.some(({ protection }) => protection === 'encrypted')).toBe(true);
    expect(records.some(({ protection }) => protection === 'decrypted')).toBe(false);
  });
});

describe('a capture as .pcapng', () => {
  const trace = captureTrace('loss-small', 'with keys');
  const withoutNumbers = ({ handshakes }: Reading) =>
    handshakes.map(({ handshake, diagnosis }) => ({
      outcome: diagnosis.outcome,
      verdict: diagnosis.verdict,
      keys: handshake.keys,
      ladder: handshake.flights.map(({ number, from, messages, complete }) => ({ number, from, messages, complete })),
      datagrams: handshake.datagrams.map(({ from, size, attempt, bytes }) => ({
        from,
        size,
        attempt,
        bytes: [...bytes],
      })),
      lost: handshake.lost.map(({ from, message, bytes }) => ({ from, message, bytes })),
    }));

  it('gives the same handshake again with keys', () => {
    const after = readingOf(reopened(toPcapng(trace, { withKeys: true })));
    expect(withoutNumbers(after)).toEqual(withoutNumbers(readingOf(trace)));
  });

  it('gives the same datagrams and outcome without keys', () => {
    const after = readingOf(reopened(toPcapng(trace, { withKeys: false })));
    expect(after.handshakes[0]?.handshake.keys).toBe('none');
    expect(withoutNumbers(after)[0]?.datagrams).toEqual(withoutNumbers(readingOf(trace))[0]?.datagrams);
    expect(after.handshakes[0]?.diagnosis.outcome).toBe('established');
  });
});

describe('the files for scripts and threads', () => {
  const trace = captureTrace('loss-small', 'with keys');
  const { handshakes } = readingOf(trace);

  it('hold what was found, and no secret, whatever is asked for', () => {
    const json = String(contentsOf(trace, handshakes, 'json', { withKeys: true }));
    expect(JSON.parse(json).handshakes[0].lost).toHaveLength(1);
    const text = String(contentsOf(trace, handshakes, 'txt', { withKeys: true }));
    expect(text).toContain(handshakes[0]?.diagnosis.verdict.slice(0, 30));
    const keys = String(contentsOf(trace, handshakes, 'keys', { withKeys: true }));
    const secret = keys.trim().split(' ')[2] ?? '';
    expect(secret).toHaveLength(96);
    for (const one of [json, text, toSqlog(trace, { withKeys: false })]) expect(one).not.toContain(secret);
  });

  it('hide addresses until they are asked for, and no key is ever in them', () => {
    const secret =
      String(contentsOf(trace, handshakes, 'keys', { withKeys: true }))
        .trim()
        .split(' ')[2] ?? '-';
    const [one] = handshakes;
    const abroad = one ? [{ ...one, handshake: { ...one.handshake, client: '198.51.100.7:5000' } }] : [];
    for (const kind of ['html', 'md', 'svg'] as const) {
      expect(contentsOf(trace, abroad, kind, { withKeys: true })).not.toMatch(new RegExp(`198\\.51\\.100|${secret}`));
      expect(contentsOf(trace, abroad, kind, { withKeys: false, addresses: 'shown' })).toContain('198.51.100.7:5000');
    }
  });

  it('are empty as a key log until keys are asked for', () => {
    expect(contentsOf(trace, handshakes, 'keys', { withKeys: false })).toBe('');
  });
});
