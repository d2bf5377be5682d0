/** docs/qlog.md is held against what is written: every event, every field, and none that does not exist. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pathFactKinds, pathFactShape, pathProtocols } from '../../src/trace/pathFacts.ts';
import { toQlogEvent } from '../../src/trace/qlog/events.ts';
import { format, schemaUri } from '../../src/trace/qlog/schema.ts';
import { randomTrace } from './events.ts';

const document = readFileSync(new URL('../../docs/qlog.md', import.meta.url), 'utf8');
/** Rows of the tables, by the names of their events. */
const rows = new Map(
  document.split('\n').flatMap((line) => {
    const [, names = '', data = ''] = /^\| (`\w+:[^|]*) \| (.*) \|$/.exec(line) ?? [];
    return [...names.matchAll(/`([\w:-]+)`/g)].map(([, name = '']): [string, string] => [name, data]);
  }),
);
const header = { tool: 't', kind: 'run', startedAt: 0, title: '', localRole: 'client', commandLine: '' } as const;
const events = Array.from({ length: 60 }, (_, seed) => randomTrace(seed).events).flat();

it('names every event that is written, with all of its fields, and no other', () => {
  const written = new Set<string>();
  for (const event of events) {
    const { name, data } = toQlogEvent(event, header);
    written.add(name);
    for (const [field, value] of Object.entries(data))
      if (value !== undefined) expect(rows.get(name), `${name} has ${field}`).toContain(`\`${field}\``);
  }
  // A trace whose view is nobody's.
  written.add('dtls:datagram_observed');
  expect([...rows.keys()].filter((name) => !written.has(name) && !/^(ice|turn|signalling):/.test(name))).toEqual([]);
});

it('lists the facts of ICE, TURN and signalling with the types of their fields', () => {
  for (const protocol of pathProtocols)
    for (const kind of pathFactKinds(protocol)) {
      const shape = Object.entries(pathFactShape(protocol, kind) ?? {});
      expect(rows.get(`${protocol}:${kind}`) ?? '', `${protocol}:${kind}`).toBe(
        shape.map(([field, type]) => `\`${field}\` ${type}`).join(', '),
      );
    }
});

it('names the schema and the version of the format', () => {
  expect(document).toContain(schemaUri);
  expect(document).toContain(`[${format.major}, ${format.minor}]`);
});
