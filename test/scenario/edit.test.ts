import { describe, expect, it } from 'vitest';
import { editFields, type FieldEdits } from '../../src/scenario/yaml/edit.ts';

const order = ['version', 'name', 'target', 'role', 'versions', 'mtu', 'link', 'seed', 'expect'];
const edit = (text: string, edits: Record<string, readonly string[] | undefined>): string | undefined =>
  editFields(text, new Map(Object.entries(edits)) satisfies FieldEdits, order);

const file = `# Ticket 4711
version: 1
target: sim   # two ends in memory

# What the path lets through
mtu: 300      # small on purpose
link:
  - "loss=30%"   # both ways
  - delay=70ms
expect: { outcome: stalled }
`;

describe('editing a field of a scenario file', () => {
  it('changes its value and nothing else, remarks behind it included', () => {
    expect(edit(file, { mtu: ['mtu: 1200'] })).toBe(file.replace('mtu: 300 ', 'mtu: 1200 '));
    expect(edit(file, { link: ['link: [loss=10%]'] })).toBe(
      file.replace('link:\n  - "loss=30%"   # both ways\n  - delay=70ms', 'link: [loss=10%]'),
    );
  });

  it('takes a line away with the field, and leaves the rest as it stands', () => {
    expect(edit(file, { mtu: undefined })).toBe(file.replace('mtu: 300      # small on purpose\n', ''));
    expect(edit(file, { seed: undefined })).toBe(file);
  });

  it('puts a new field where the order has it, with or without a line feed at the end', () => {
    expect(edit(file, { role: ['role: server'], seed: ['seed: 7'] })).toBe(
      file.replace('in memory\n', 'in memory\nrole: server\n').replace('  - delay=70ms\n', '  - delay=70ms\nseed: 7\n'),
    );
    expect(edit('version: 1\ntarget: sim', { mtu: ['mtu: 300'] })).toBe('version: 1\ntarget: sim\nmtu: 300\n');
    expect(edit('mtu: 300\n', { version: ['version: 1'] })).toBe('version: 1\nmtu: 300\n');
  });

  it('fills in a field without a value, and one that is folded over lines', () => {
    expect(edit('version: 1\nmtu:\ntarget: sim\n', { mtu: ['mtu: 300'] })).toBe('version: 1\nmtu: 300\ntarget: sim\n');
    expect(edit('target: >-\n  si\n  m\nmtu: 1\n', { target: ['target: sim'] })).toBe('target: sim\nmtu: 1\n');
  });

  it('keeps the indentation of a file that is indented as a whole', () => {
    expect(edit('  version: 1\n  mtu: 300\n', { target: ['target: sim'], mtu: ['mtu: 5'] })).toBe(
      '  version: 1\n  target: sim\n  mtu: 5\n',
    );
  });

  it('edits JSON as JSON, and YAML in braces as such', () => {
    const json = '{ "version": 1, "target": "sim", "mtu": 300 }';
    expect(JSON.parse(edit(json, { mtu: undefined, versions: ['versions: ["1.2"]'] }) ?? '')).toEqual({
      version: 1,
      target: 'sim',
      versions: ['1.2'],
    });
    expect(edit('{ version: 1, target: sim }', { mtu: ['mtu: 300'] })).toContain('mtu: 300');
  });

  it('gives up on what is no group of fields', () => {
    for (const text of ['- a\n- b\n', 'version: [1', 'words'])
      expect(edit(text, { mtu: ['mtu: 300'] }), text).toBeUndefined();
  });
});
