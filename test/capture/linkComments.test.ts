import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { formatLinkComment, parseLinkComment } from '../../src/capture/linkComments.ts';
import { readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import type { LinkAction, Trace, TraceEvent } from '../../src/trace/model.ts';

const at = 5;
const actions: readonly LinkAction[] = [
  { kind: 'lost' },
  { kind: 'too-large', mtu: 1200 },
  { kind: 'too-large', mtu: 1200, toldAt: at },
  { kind: 'queue-full' },
  { kind: 'queue-full', queue: { bytes: 20_000, loadBytes: 0, loads: [] } },
  {
    kind: 'queued',
    ms: 311.125,
    queue: {
      bytes: 8800,
      loadBytes: 8000,
      loads: ['out:load=300kbit/s,streams=2,size=1KB', 'load=1kbit/s,streams=1,size=80B'],
    },
    at,
  },
  { kind: 'truncated', to: 1600, at },
  { kind: 'corrupted', at },
  { kind: 'duplicated', at },
  { kind: 'held-back', at },
];

describe('a comment about the link', () => {
  it('is read back as what it says, with and without a rule', () => {
    for (const action of actions)
      for (const rule of ['', 'loss=30%', 'delay=server_hello (odd),by=7ms'])
        expect(parseLinkComment(formatLinkComment(action, rule) ?? '', at)).toEqual({ action, rule });
  });

  it('is not needed for a datagram that arrived as it was', () => {
    expect(formatLinkComment({ kind: 'delivered', at }, 'delay=10ms')).toBeUndefined();
  });

  it('is not found in what other people write', () => {
    for (const text of [
      '',
      'lost, never arrived',
      'link: was it lost?',
      'link: cut to many bytes',
      'link: ',
      'Link: lost',
    ])
      expect(parseLinkComment(text, at)).toBeUndefined();
  });

  it('goes through a pcapng file with the datagram that it is about', () => {
    const datagram = (packet: number): TraceEvent => ({
      kind: 'datagram',
      at,
      packet,
      src: '192.0.2.1:5000',
      dst: '192.0.2.2:4433',
      from: 'client',
      bytes: utf8('hello'),
      length: 5,
      contents: undefined,
    });
    const header = {
      tool: 't',
      kind: 'run',
      startedAt: 0,
      title: undefined,
      localRole: 'client',
      commandLine: undefined,
    } as const;
    const link: TraceEvent = { kind: 'link', at, packet: 2, action: { kind: 'lost' }, rule: 'drop=2' };
    const trace: Trace = { header, events: [datagram(1), datagram(2), link] };
    const { trace: read } = readCapture(toPcapng(trace, { withKeys: false }));
    expect(read?.events.filter((event) => event.kind === 'link')).toEqual([{ ...link, at: 0 }]);
    expect(read?.events.filter((event) => event.kind === 'note')).toEqual([]);
  });
});
