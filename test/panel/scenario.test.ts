import { describe, expect, it } from 'vitest';
import { axesOf, axisLines, suggestions } from '../../panel/state/axes.ts';
import {
  applyPreset,
  emptyForm,
  type FormState,
  rawRequest,
  setCertificate,
  setField,
} from '../../panel/state/form.ts';
import {
  around,
  followedBy,
  movedCursor,
  offsetOf,
  type ScenarioText,
  typedText,
  writtenAnew,
} from '../../panel/state/scenario.ts';
import { optionNames, optionTable, presets, readSweepFile } from '../../src/scenario/index.ts';
import { editFields } from '../../src/scenario/yaml/edit.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';

const tools = { parse: parseScenarioText, edit: editFields };
const anew = (form: FormState): ScenarioText => writtenAnew(form, tools);
const typed = (text: string, form = emptyForm()) => typedText(text, form, tools);
const told = ({ problems }: ScenarioText): string[] =>
  problems.map(({ at, what }) => `${at.line}:${at.column} ${what.split(';')[0]}`);

const ticket = `# Ticket 4711
version: 1
name: A large certificate
target: sim
mtu: 300   # small
repeat: 20
until: stalled
expect: { outcome: established, findings: { must: [retransmission-normal] } }
`;

describe('the text beside the form', () => {
  it('says the same as the form for every preset, there and back', () => {
    for (const { id } of presets) {
      const form = applyPreset(emptyForm(), id);
      const { text, problems } = anew(form);
      const back = typed(text).form;
      expect(rawRequest(back), id).toEqual(rawRequest(form));
      if (form.target === 'sim') expect(problems, text).toEqual([]);
    }
  });

  it('changes what the form changed, and keeps what only a file has', () => {
    const { scenario, form } = typed(ticket);
    const next = setField(form, 'mtu', '1200');
    const after = followedBy(scenario, form, next, tools);
    expect(after.text).toBe(ticket.replace('mtu: 300', 'mtu: 1200'));
    expect(after).toMatchObject({ name: 'A large certificate', apart: false, problems: [] });
    expect(after.expectation?.findings.must).toEqual(['retransmission-normal']);
    const gone = followedBy(after, next, setField(setField(next, 'mtu', ''), 'target', '127.0.0.1:4433'), tools);
    expect(gone.text).toBe(
      ticket.replace('mtu: 300   # small\n', '').replace('target: sim', 'target: "127.0.0.1:4433"'),
    );
  });

  it('puts what is typed into the form, right or wrong, and says where it is wrong', () => {
    const { scenario, form } = typed('version: 1\ntarget: sim\nmtu: 12\nallowWeak: true\nlink: ["loss=30%"]\nmut: 3\n');
    expect(form.values).toMatchObject({ mtu: '12', allowWeak: 'on', link: 'loss=30%' });
    expect(told(scenario)).toEqual(['3:6 mtu: "12" is too small', '6:1 "mut" is not a field (did you mean mtu?)']);
    expect(typed('version: 1\ntarget: sim\n', form).form.values).toEqual({});
  });

  it('leaves the form alone while the text can not be read, and says so when the form goes on', () => {
    const start = typed(ticket);
    const { scenario, form } = typed(`${ticket}link: [`, start.form);
    expect(form).toBe(start.form);
    expect(scenario.root).toBeUndefined();
    expect(told(scenario)[0]).toMatch(/^\d+:\d+ is not YAML/);
    expect(followedBy(scenario, form, setField(form, 'mtu', '500'), tools)).toMatchObject({ apart: true });
  });

  it('never has a secret in it, keeps those of the form, and asks for those that it lacks', () => {
    let form = setField(emptyForm(), 'target', 'whip:https://gateway.example/room');
    form = setField(setField(form, 'token', 'S3CRET'), 'turn', 'turn:user:S3CRET@relay.example');
    form = setField(
      setField(setCertificate(form, 'pasted'), 'cert', '-----BEGIN CERTIFICATE-----S3CRET'),
      'key',
      'S3CRET',
    );
    const { text } = anew(form);
    expect(text).not.toContain('S3CRET');
    const same = typed(`${text}mtu: 500\n`, form);
    expect(same.form.values).toEqual({ ...form.values, mtu: '500' });
    expect(same.scenario.problems).toEqual([]);
    expect(told(typed(text).scenario).join('\n')).toMatch(
      /cert: a panel reads no files[\s\S]*no environment with DTLSCOPE_TOKEN/,
    );
  });

  it('loses no option of a file: each is in the form, or stays in the text', () => {
    const form = emptyForm();
    for (const name of optionNames) {
      if (!optionTable[name].commands.includes('probe') || ['token', 'cert', 'key', 'expect'].includes(name)) continue;
      const { scenario, form: read } = typed(`version: 1\ntarget: sim\n${name}: 1.2\n`, form);
      const next = followedBy(scenario, read, setField(read, 'seed', '99'), tools);
      if (name !== 'seed') expect(next.text, name).toContain(`${name}: 1.2`);
    }
  });
});

describe('the text of a sweep', () => {
  it('is beside the form as any other: what all cells have is in both', () => {
    const sweep = 'version: 1\ntarget: sim\nmtu: 300   # of all\nsweep: { link: ["loss=0%", "loss=30%"] }\n';
    const { scenario, form } = typed(sweep);
    expect(scenario).toMatchObject({ sweeps: true, problems: [] });
    expect(followedBy(scenario, form, setField(form, 'mtu', '600'), tools).text).toBe(sweep.replace('300', '600'));
    expect(typed('version: 1\nsweep: { target: [sim] }\n').scenario.problems).toEqual([]);
  });

  it('has its rows read and written, and says when it has more than rows', () => {
    const { root } = typed(
      'version: 1\ntarget: sim\nsweep: { versions: ["1.0", "1.2"], mtu: [300], seeds: 5 }\n',
    ).scenario;
    const rows = axesOf(root);
    expect(rows).toEqual({
      axes: [
        { name: 'versions', values: ['1.0', '1.2'] },
        { name: 'mtu', values: ['300'] },
      ],
      seeds: '5',
      more: false,
    });
    expect(rows && axisLines(rows)).toEqual(['sweep:', '  versions: ["1.0", "1.2"]', '  mtu: [300]', '  seeds: 5']);
    for (const { axes } of suggestions) {
      const written = typed(`version: 1\ntarget: sim\n${axisLines(axes)?.join('\n')}\n`).scenario;
      expect(axesOf(written.root)).toEqual(axes);
      expect(written.root && readSweepFile(written.root, around(written.root, emptyForm()))).toMatchObject({
        ok: true,
      });
    }
    expect(axisLines({ axes: [{ name: 'mtu', values: ['', ' '] }], seeds: '3', more: false })).toBeUndefined();
    for (const text of ['{ mtu: { from: 1, to: 9 } }', '{ sizes: [{ mtu: 300 }] }', '7'])
      expect(axesOf(typed(`version: 1\ntarget: sim\nsweep: ${text}\n`).scenario.root)?.more, text).toBe(true);
  });
});

describe('the cursor', () => {
  it('stays at the same characters when the form changes what is around it', () => {
    const [before, after] = ['mtu: 300\nseed: 7\n', 'mtu: 1200\nseed: 7\n'];
    expect(movedCursor(before, after, 2)).toBe(2);
    expect(movedCursor(before, after, before.indexOf('seed'))).toBe(after.indexOf('seed'));
    expect(movedCursor(before, after, 5)).toBe(5);
    expect(movedCursor(before, '', 6)).toBe(0);
  });

  it('goes to a line and column, or the nearest there is', () => {
    expect(offsetOf('ab\ncd\n', { line: 2, column: 2 })).toBe(4);
    expect(offsetOf('ab\ncd', { line: 2, column: 9 })).toBe(5);
    expect(offsetOf('ab', { line: 7, column: 1 })).toBe(2);
  });
});
