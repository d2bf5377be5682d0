import { describe, expect, it } from 'vitest';
import { concat, fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { listedProblems } from '../../src/trace/problem.ts';
import { migrationFrom, type Step, steps } from '../../src/trace/qlog/migrate.ts';
import { readQlog, readSqlog } from '../../src/trace/qlog/read.ts';
import { fileSchema, format, schemaUri } from '../../src/trace/qlog/schema.ts';
import { SqlogWriter, toQlog, toSqlog } from '../../src/trace/qlog/write.ts';
import { eventKinds, linkActions, randomTrace } from './events.ts';

const withKeys = { withKeys: true } as const;
const formats = [
  { name: 'a sequential file', write: toSqlog, read: readSqlog },
  { name: 'a contained file', write: toQlog, read: readQlog },
] as const;

const small: Trace = {
  header: { tool: 't', kind: 'run', startedAt: 0, title: undefined, localRole: 'client', commandLine: undefined },
  events: [
    { kind: 'note', at: 0, text: 'first' },
    { kind: 'note', at: 1, text: 'second' },
    { kind: 'note', at: 2, text: 'third' },
  ],
};

describe.each(formats)('$name', ({ write, read }) => {
  it('gives back every recorded fact exactly, undefined fields included', () => {
    const seenActions = new Set<string>();
    const seenKinds = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const trace = randomTrace(seed);
      for (const event of trace.events) {
        seenKinds.add(event.kind);
        if (event.kind === 'link') seenActions.add(event.action.kind);
      }
      const reading = read(utf8(write(trace, withKeys)));
      expect(reading.problems).toEqual([]);
      expect(reading.ignored).toBe(0);
      expect(reading.trace).toStrictEqual(trace);
    }
    expect([...seenKinds].sort()).toEqual([...eventKinds].sort());
    expect([...seenActions].sort()).toEqual([...linkActions].sort());
  });

  it('holds no secret unless asked', () => {
    const trace = randomTrace(7);
    const secrets = trace.events.filter((event) => event.kind === 'secret');
    expect(secrets.length).toBeGreaterThan(0);
    const text = write(trace, { withKeys: false });
    expect(text).not.toContain('CLIENT_RANDOM');
    const kept = trace.events.filter((event) => event.kind !== 'secret');
    expect(read(utf8(text)).trace?.events).toStrictEqual(kept);
  });

  it('says what it is to other qlog tools', () => {
    const text = write(small, withKeys).replaceAll('\u001e', '');
    const head = JSON.parse(write === toSqlog ? (text.split('\n')[0] ?? '') : text);
    const trace = head.trace ?? head.traces[0];
    expect(head.file_schema).toBe(write === toSqlog ? fileSchema.sequential : fileSchema.contained);
    expect(trace.vantage_point).toEqual({ name: 't', type: 'client' });
    expect(trace.event_schemas).toContain(schemaUri);
    expect(trace.common_fields.reference_time.wall_clock_time).toBe('1970-01-01T00:00:00.000Z');
  });

  it('is read up to where it was cut, wherever that is', () => {
    const trace = randomTrace(3, 28);
    const bytes = utf8(write(trace, withKeys));
    let most = 0;
    for (let end = 0; end < bytes.length; end++) {
      const reading = read(bytes.subarray(0, end));
      const events = reading.trace?.events ?? [];
      expect(events.length).toBeGreaterThanOrEqual(most);
      most = events.length;
      if (end % 97 === 0 || end > bytes.length - 40) expect(events).toStrictEqual(trace.events.slice(0, most));
    }
    expect(most).toBe(trace.events.length);
  });

  it('never throws at 4,000 corruptions, keeps what is sound, and gives offsets inside the file', () => {
    const random = new Prng(11);
    const trace = randomTrace(5, 28);
    const clean = utf8(write(trace, withKeys));
    let kept = 0;
    for (let round = 0; round < 4000; round++) {
      const bytes = Uint8Array.from(clean);
      for (let i = random.int(4); i >= 0; i--) bytes[random.int(bytes.length)] = random.int(256);
      const reading = read(bytes);
      kept += reading.trace?.events.length ?? 0;
      for (const { offset, why } of reading.problems) {
        if (offset !== undefined) expect(offset <= bytes.length && offset >= 0).toBe(true);
        expect(why).not.toBe('');
      }
    }
    // Far more than half of all events survive four broken bytes.
    expect(kept / 4000).toBeGreaterThan(trace.events.length * 0.7);
  });

  it('ignores events and fields that it does not know', () => {
    const text = write(small, withKeys)
      .replace('"message":"second"', '"message":"second","colour":"blue"')
      .replace('"name":"loglevel:info","data":{"message":"third"}', '"name":"dtls:record_sent","data":{"epoch":0}');
    const reading = read(utf8(text));
    expect(reading.problems).toEqual([]);
    expect(reading.ignored).toBe(1);
    expect(reading.trace?.events).toStrictEqual(small.events.slice(0, 2));
  });

  it('refuses a newer major version by name, and says what to do', () => {
    const newer = write(small, withKeys).replace(`"format":[${format.major},`, '"format":[7,');
    const reading = read(utf8(newer));
    expect(reading.trace).toBeUndefined();
    expect(reading.problems).toEqual([
      {
        code: 'newer-version',
        offset: 0,
        why: 'this trace has format version 7, newer than version 1 that this dtlscope reads; update dtlscope',
      },
    ]);
  });

  it('reads a newer minor version', () => {
    const newer = write(small, withKeys).replace(`"format":[${format.major},0]`, `"format":[${format.major},99]`);
    expect(read(utf8(newer)).trace?.events).toStrictEqual(small.events);
  });

  it('brings an older version up by its steps, in order', () => {
    const rename: Step = {
      from: 1,
      what: 'the header called the title "name"',
      header: ({ name, ...rest }) => ({ ...rest, title: name }),
      event: (event) => [event],
    };
    const split: Step = {
      from: 2,
      what: 'one note held several lines',
      header: (header) => ({ ...header, title: `${header['title']}!` }),
      event: (event) =>
        String(event.data['message'])
          .split('+')
          .map((message) => ({ ...event, data: { message } })),
    };
    const old = write(small, withKeys)
      .replace('"tool":"t"', '"tool":"t","name":"old"')
      .replace('"second"', '"sec+ond"');
    const reading = read(utf8(old), { major: 3, steps: [split, rename] });
    expect(reading.problems).toEqual([]);
    expect(reading.trace?.header.title).toBe('old!');
    expect(reading.trace?.events.map((event) => event.kind === 'note' && event.text)).toEqual([
      'first',
      'sec',
      'ond',
      'third',
    ]);
  });

  it('names the fault of a qlog file of somebody else', () => {
    const other = JSON.stringify({
      file_schema: 'x',
      trace: { events: [] },
      traces: [{ events: [{ time: 1, name: 'quic:x' }] }],
    });
    const reading = read(utf8(read === readSqlog ? `\u001e${other}\n` : other));
    expect(reading.trace).toBeUndefined();
    expect(reading.problems.map((problem) => problem.code)).toEqual(['not-this-format']);
  });
});

describe('a sequential file', () => {
  it('can be written piece by piece', () => {
    const writer = new SqlogWriter(small.header, withKeys);
    let text = writer.start();
    for (const event of small.events) text += writer.event(event);
    expect(text).toBe(toSqlog(small, withKeys));
  });

  it('gives offset and reason for a broken record, and the records around it', () => {
    const text = toSqlog(small, withKeys);
    const broken = text.replace('{"time":1', '{"time":1,,');
    const reading = readSqlog(utf8(broken));
    expect(reading.trace?.events).toStrictEqual([small.events[0], small.events[2]]);
    expect(reading.problems).toEqual([
      { code: 'broken', offset: broken.indexOf('{"time":1,,') - 1, why: 'this record is not a JSON object' },
    ]);
  });

  it('names the field that is wrong in an event', () => {
    const text = toSqlog(small, withKeys).replace('"message":"second"', '"message":2');
    expect(readSqlog(utf8(text)).problems[0]?.why).toBe('loglevel:info: message is not text');
  });

  it('still gives the events when its first record is broken', () => {
    const text = toSqlog(small, withKeys).replace('{"file_schema"', '"file_schema"');
    const reading = readSqlog(utf8(text));
    expect(reading.trace?.events).toStrictEqual(small.events);
    expect(reading.trace?.header.kind).toBe('capture');
    expect(reading.problems).toHaveLength(1);
  });

  it('shows the first of two traces in one file, and says so', () => {
    const text = toSqlog(small, withKeys);
    const reading = readSqlog(utf8(text + text));
    expect(reading.trace?.events).toStrictEqual(small.events);
    expect(reading.problems.map(({ code, offset }) => [code, offset])).toEqual([['limit', text.length]]);
  });

  it('lists a bounded number of problems and counts the rest', () => {
    const reading = readSqlog(utf8(toSqlog(small, withKeys) + '\u001e?\n'.repeat(5000)));
    expect(reading.problems).toHaveLength(listedProblems + 1);
    expect(reading.problems.at(-1)?.why).toBe('4900 more problems are not listed');
  });

  it('refuses a datagram that says it is shorter than its bytes', () => {
    const datagram: TraceEvent = {
      kind: 'datagram',
      at: 0,
      packet: 1,
      src: 'a',
      dst: 'b',
      from: undefined,
      bytes: Uint8Array.of(1, 2, 3),
      length: 3,
      contents: undefined,
    };
    const text = toSqlog({ header: small.header, events: [datagram] }, withKeys).replace('"length":3', '"length":2');
    const reading = readSqlog(utf8(text));
    expect(reading.trace?.events).toEqual([]);
    expect(reading.problems[0]?.why).toContain('raw.length is smaller');
  });
});

describe('a contained file', () => {
  it('is one JSON document with a line for each event', () => {
    const text = toQlog(small, withKeys);
    expect(JSON.parse(text).traces[0].events).toHaveLength(3);
    expect(text.split('\n').filter((line) => line.startsWith('{"time"'))).toHaveLength(3);
  });

  it('is read event by event when it is cut after another tool laid it out anew', () => {
    const pretty = JSON.stringify(JSON.parse(toQlog(small, withKeys)), null, 2);
    const cut = pretty.slice(0, pretty.indexOf('third'));
    const reading = readQlog(utf8(cut));
    expect(reading.trace?.events).toStrictEqual(small.events.slice(0, 2));
    expect(reading.problems.map((problem) => problem.code)).toContain('cut');
  });

  it('keeps the events around a broken one', () => {
    const text = toQlog(small, withKeys).replace('"second"', '"second');
    const reading = readQlog(utf8(text));
    expect(reading.trace?.events).toStrictEqual([small.events[0], small.events[2]]);
    expect(reading.problems[0]).toEqual({
      code: 'broken',
      offset: text.indexOf('{"time":1'),
      why: 'this event is not a JSON object',
    });
  });

  it('stays linear on text that was made to be scanned again and again', () => {
    const head = toQlog({ ...small, events: [] }, withKeys).replace(/\n\]\}\]\}\n$/, '');
    // Each line opens an object that never ends.
    const hostile = concat(utf8(head), utf8('{"a":{"b":\n'.repeat(100_000)));
    const reading = readQlog(hostile);
    expect(reading.trace?.events).toEqual([]);
    expect(reading.problems.some((problem) => problem.code === 'limit')).toBe(true);
  });

  it('shows the first of several traces of ours, and says so', () => {
    const file = JSON.parse(toQlog(small, withKeys));
    file.traces = [{ events: [] }, file.traces[0], file.traces[0]];
    const reading = readQlog(utf8(JSON.stringify(file)));
    expect(reading.trace?.events).toStrictEqual(small.events);
    expect(reading.problems[0]?.why).toBe('the file holds 2 traces of dtlscope; the first one is shown');
  });
});

describe('versions', () => {
  it('have a step from every older major version to the next', () => {
    expect(steps.map((step) => step.from)).toEqual(Array.from({ length: format.major - 1 }, (_, i) => i + 1));
  });

  it('are refused when a step is missing', () => {
    const result = migrationFrom(1, 3, []);
    expect(result).toEqual({
      ok: false,
      code: 'unsupported',
      why: 'this trace has format version 1, for which no way to 3 is known',
    });
  });
});

it('reads no qlog out of noise', () => {
  const random = new Prng(2);
  for (let i = 0; i < 2000; i++) {
    const bytes = random.bytes(random.int(200));
    expect(readSqlog(bytes).trace).toBeUndefined();
    expect(readQlog(bytes).trace).toBeUndefined();
    expect(fromUtf8(bytes)).toBeTypeOf('string');
  }
});
