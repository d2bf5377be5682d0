/** Recorded handshakes of DTLS 1.3 as traces, with their keys or without. */
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { type RecordingName, recordingOf } from './dtls13.ts';
import { captureTrace } from './reading.ts';
import { captureHeader } from './traces.ts';

/** Milliseconds between datagrams of a recording that has no times. */
const pace = 3;

/** A recording as a capture; its datagrams are numbered from 1. */
export function recordedTrace(name: RecordingName, keys: 'with keys' | 'without keys'): Trace {
  if (name === 'dtls13_nss_mutual_pq') return captureTrace(name, keys);
  const { datagrams, secrets } = recordingOf(name);
  // The random stands behind record header, handshake header and version.
  const clientRandom = (datagrams[0]?.bytes ?? new Uint8Array(0)).subarray(27, 59);
  const known = [...secrets].map(
    ([label, secret]): TraceEvent => ({ kind: 'secret', at: 0, label, clientRandom, secret }),
  );
  const [client, server] = ['192.0.2.1:5000', '192.0.2.2:4433'];
  const sent = datagrams.map(
    ({ from, bytes }, i): TraceEvent => ({
      kind: 'datagram',
      at: i * pace,
      packet: i + 1,
      src: from === 'client' ? client : server,
      dst: from === 'client' ? server : client,
      from: undefined,
      bytes,
      length: bytes.length,
      contents: undefined,
    }),
  );
  return { header: captureHeader, events: keys === 'with keys' ? [...known, ...sent] : sent };
}
