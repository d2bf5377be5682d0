/**
 * What keys open, byte for byte as others open it: tshark for DTLS 1.2 and 1.0, and for DTLS 1.3, which old versions of it do not
 * know, a walk that has node:crypto and nothing of dtlscope.
 */
import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/analysis/analysis.ts';
import type { Handshake, RecordView } from '../../src/analysis/model.ts';
import { toHex } from '../../src/base/bytes.ts';
import { toPcapng } from '../../src/capture/write.ts';
import type { EndpointConfig } from '../../src/engine/api.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { cipherSuiteName } from '../../src/wire/suites.ts';
import { hasTshark, tshark } from '../capture/tshark.ts';
import { recordings } from '../support/dtls13.ts';
import { openedByNode } from '../support/openedByNode.ts';
import { analysisOf, captureTrace } from '../support/reading.ts';
import { recordedTrace } from '../support/reading13.ts';
import { captureHeader, simulated } from '../support/traces.ts';

/** Every kind of protection that DTLS 1.2 and 1.0 have: AEADs, and AES-CBC with the MAC inside and outside. */
const protections: readonly Partial<EndpointConfig>[] = [
  ...[0xc02b, 0xc02c, 0xcca9, 0xc02f, 0xc030, 0xcca8].map((suite) => ({ cipherSuites: [suite] })),
  ...[true, false].flatMap((encryptThenMac) => [
    ...[0xc009, 0xc00a, 0xc023, 0xc024, 0xc027, 0x002f].map((suite) => ({
      cipherSuites: [suite],
      allowWeak: true,
      encryptThenMac,
    })),
    { cipherSuites: [0xc009, 0xc014], versions: ['1.0'] as const, allowWeak: true, encryptThenMac },
  ]),
];

/** A capture with a handshake for each of these settings, one after the other. */
function inARow(configs: readonly Partial<EndpointConfig>[]): Trace {
  const calls = configs.flatMap((config, call): TraceEvent[] => {
    const { events } = simulated({
      client: config,
      server: { ...config, cookie: call % 2 === 0, mtu: 400 },
      seed: call,
    });
    return events.flatMap((event): TraceEvent[] => {
      const at = call * 10_000 + event.at;
      if (event.kind === 'secret') return [{ ...event, at }];
      if (event.kind !== 'datagram') return [];
      const addresses = [`192.0.2.1:${5000 + call}`, '198.51.100.1:4433'] as const;
      const [src, dst] = event.from === 'client' ? addresses : [addresses[1], addresses[0]];
      return [{ ...event, at, src, dst, from: undefined, contents: undefined }];
    });
  });
  let packet = 0;
  return {
    header: captureHeader,
    events: calls.map((event) => (event.kind === 'datagram' ? { ...event, packet: ++packet } : event)),
  };
}

/** What was opened of each datagram, in hexadecimal, by its number. */
const opened = (analysis: Analysis, handshakes: readonly Handshake[]): Map<number, string[]> => {
  const contentOf = ({ content, protection }: RecordView): string[] => {
    if (protection !== 'decrypted' || !content) return [];
    return [toHex(analysis.bytesOf(content.buffer)?.subarray(content.start, content.end) ?? new Uint8Array(0))];
  };
  const all = handshakes.flatMap(({ datagrams }) => datagrams);
  return new Map(
    all
      .map(({ packet, records }) => [packet, records.flatMap(contentOf)] as const)
      .filter(([, list]) => list.length > 0),
  );
};

/** tshark's "Decrypted DTLS" buffers of each frame. */
function openedByTshark(file: Uint8Array): Map<number, string[]> {
  const { out } = tshark(file, ['-x', '-P', '-Y', 'dtls']);
  const found = new Map<number, string[]>();
  let frame = 0;
  let inside = false;
  for (const line of out.split('\n')) {
    const summary = /^ *(\d+) +\d+\.\d+ /.exec(line);
    const title = /^(.*) \(\d+ bytes\):$/.exec(line)?.[1];
    const bytes = /^[0-9a-f]{4,} {2}((?:[0-9a-f]{2} ){1,16})/.exec(line)?.[1];
    const list = found.get(frame) ?? [];
    if (summary) frame = Number(summary[1]);
    // A frame with nothing but itself has no title.
    if (summary || title !== undefined) inside = title === 'Decrypted DTLS';
    if (inside && title !== undefined) found.set(frame, [...list, '']);
    else if (inside && bytes !== undefined)
      found.set(frame, [...list.slice(0, -1), `${list.at(-1)}${bytes.replaceAll(' ', '')}`]);
  }
  return found;
}

describe.runIf(hasTshark)('tshark', () => {
  it('opens the same bytes of every suite of DTLS 1.2 and 1.0, the Finished among them', () => {
    const trace = inARow(protections);
    const analysis = analysisOf(trace);
    const { handshakes } = analysis.snapshot();
    expect(handshakes.map(({ keys }) => keys)).toEqual(protections.map(() => 'decrypts'));
    expect(new Set(handshakes.map(({ parameters }) => parameters.encryptThenMac))).toEqual(new Set([true, false]));
    const theirs = openedByTshark(toPcapng(trace, { withKeys: true }));
    for (const handshake of handshakes) {
      const ours = opened(analysis, [handshake]);
      const suite = cipherSuiteName(handshake.parameters.cipherSuite ?? 0);
      const same = new Map([...ours.keys()].map((packet) => [packet, theirs.get(packet)] as const));
      // The tshark of Debian 12 opens no ChaCha20 of DTLS 1.2: there the tag alone proves the bytes.
      if (!suite.includes('CHACHA20') || [...same.values()].some((list) => list !== undefined))
        expect(same, suite).toEqual(ours);
      expect(
        [...ours.values()].flat().filter((content) => content.startsWith('1400000c')),
        suite,
      ).toHaveLength(2);
    }
    const known = new Set(handshakes.flatMap((handshake) => [...opened(analysis, [handshake]).keys()]));
    expect([...theirs.keys()].filter((packet) => !known.has(packet))).toEqual([]);
  });

  it.each(['dtls10_rsa_cbc', 'good_ecdhe_rsa', 'lossy_retransmit'])('opens the same bytes of %s', (name) => {
    const trace = captureTrace(name, 'with keys');
    const analysis = analysisOf(trace);
    const ours = opened(analysis, analysis.snapshot().handshakes);
    expect(ours.size).toBeGreaterThan(1);
    expect(openedByTshark(toPcapng(trace, { withKeys: true }))).toEqual(ours);
  });
});

describe('node:crypto alone', () => {
  it.each(recordings)('opens the same bytes of %s', (name) => {
    const trace = recordedTrace(name, 'with keys');
    const analysis = analysisOf(trace);
    const { handshakes } = analysis.snapshot();
    expect(Object.fromEntries(opened(analysis, handshakes))).toEqual(Object.fromEntries(openedByNode(trace)));
  });
});
