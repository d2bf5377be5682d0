/** Long data over DTLS 1.3: only its content type is looked at once keys are proved, and what is none of it is found all the same. */
import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import { type Handshake, keptApplicationData, type RecordView } from '../../src/analysis/model.ts';
import { Prng } from '../../src/base/random.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import type { DatagramEvent, TraceEvent } from '../../src/trace/model.ts';
import { isUnified } from '../../src/wire/unified.ts';
import { captureHeader, simulated } from '../support/traces.ts';

const sends = 300;
const talk = Array.from({ length: sends }, (_, i) => `send=${10 + (i % 900)}`);

/** Two times so many messages that are sent and come back, with new keys between. The trace says nothing but datagrams and secrets. */
function conversation(suites: readonly number[]): TraceEvent[] {
  const config = { versions: ['1.3'], cipherSuites: suites } as const;
  const { events } = simulated({ client: config, server: config, steps: [...talk, 'key-update', ...talk] });
  return events.flatMap((event): TraceEvent[] => {
    if (event.kind === 'secret') return [event];
    if (event.kind !== 'datagram') return [];
    const [client, server] = ['192.0.2.1:5000', '192.0.2.2:4433'];
    const src = event.from === 'client' ? client : server;
    return [{ ...event, src, dst: src === client ? server : client, from: undefined, contents: undefined }];
  });
}

/** The one handshake, and how many records were opened for it. */
function read(events: readonly TraceEvent[]): { readonly handshake: Handshake; readonly opens: number } {
  let opens = 0;
  const crypto: CryptoProvider = {
    ...nodeProvider,
    aead: (name, key) => {
      const aead = nodeProvider.aead(name, key);
      return {
        seal: aead.seal,
        open: (...args) => {
          opens++;
          return aead.open(...args);
        },
      };
    },
  };
  const analysis = new Analysis({ crypto, header: captureHeader });
  for (const event of events) analysis.push(event);
  const { handshakes } = analysis.snapshot();
  const [handshake] = handshakes;
  if (!handshake || handshakes.length > 1) throw new Error(`${handshakes.length} handshakes`);
  return { handshake, opens };
}
const recordsOf = ({ datagrams }: Handshake): RecordView[] => datagrams.flatMap(({ records }) => records);
const messagesOf = ({ messages }: Handshake): string[] => messages.map(({ from, name }) => `${from} ${name}`);

describe.each([
  { name: 'AES-128-GCM', suites: [0x1301], shortcut: true },
  { name: 'AES-256-GCM', suites: [0x1302], shortcut: true },
  { name: 'ChaCha20-Poly1305', suites: [0x1303], shortcut: false },
])('under $name', ({ suites, shortcut }) => {
  const events = conversation(suites);

  it('all of it is counted, and what is between and behind it is read', () => {
    const { handshake, opens } = read(events);
    for (const actor of ['client', 'server'] as const) expect(handshake.traffic[actor].applicationData).toBe(2 * sends);
    expect(messagesOf(handshake).at(-1)).toBe('client key_update');
    expect(handshake.alerts).toMatchObject([{ readable: true }, { readable: true }]);
    expect(recordsOf(handshake).filter(({ protection }) => protection === 'undecryptable')).toEqual([]);
    // Those that came while keys were still coming are opened twice.
    if (shortcut) expect(opens).toBeLessThan(5 * keptApplicationData);
    else expect(opens).toBeGreaterThan(4 * sends);
  });

  it('bytes that nobody sent with these keys do not make it lose count', () => {
    const random = new Prng('strangers');
    const noise = (like: DatagramEvent): DatagramEvent => {
      const bytes = Uint8Array.from(like.bytes);
      bytes.set(random.bytes(bytes.length - 1), 1);
      // One record that fills its datagram, as the real ones do.
      bytes.set(like.bytes.subarray(3, 5), 3);
      return { ...like, bytes };
    };
    let data = 0;
    const mixed = events.flatMap((event) =>
      event.kind === 'datagram' && isUnified(event.bytes[0] ?? 0) && ++data > 200
        ? [noise(event), noise(event), noise(event), event]
        : [event],
    );
    const clean = read(events).handshake;
    const { handshake } = read(mixed);
    expect(messagesOf(handshake)).toEqual(messagesOf(clean));
    expect(handshake.alerts).toMatchObject([{ readable: true }, { readable: true }]);
    expect(mixed.length).toBeGreaterThan(events.length + 1000);
  });
});
