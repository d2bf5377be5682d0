import { describe, expect, it } from 'vitest';
import type { HelperSocket, OpenOptions } from '../../background/helperLink.ts';
import { openHelperTransport, splitAddress } from '../../background/helperTransport.ts';
import { instant } from '../../src/base/time.ts';
import { helperErrors, type SocketEvent } from '../../src/bridge/messages.ts';
import type { TransportEvent } from '../../src/run/index.ts';

async function setUp() {
  let opened: OpenOptions | undefined;
  const sent: { packet: number; bytes: Uint8Array; to: { address: string; port: number } }[] = [];
  let closed = 0;
  const socket: HelperSocket = {
    local: { address: '::1', port: 40000 },
    send: (packet, bytes, to) => sent.push({ packet, bytes, to }),
    close: () => {
      closed += 1;
    },
  };
  const transport = await openHelperTransport(
    {
      open: async (options) => {
        opened = options;
        return socket;
      },
      toLocal: (at) => instant(at - 1000),
    },
    { family: 6, bind: undefined, port: undefined, peer: { address: '2001:db8::1', port: 5000 } },
  );
  if (opened === undefined) throw new Error('not opened');
  const heard: TransportEvent[] = [];
  return {
    transport,
    sent,
    heard,
    helper: opened,
    closed: () => closed,
    listen: () => transport.listen((event) => heard.push(event)),
  };
}

const failed = (code: number, packet = 1): SocketEvent => ({ kind: 'failed', at: 1, packet, code, message: 'why' });

describe('a transport over the helper', () => {
  it('has the addresses of both ends, as the trace writes them', async () => {
    const { transport } = await setUp();
    expect(transport.local).toBe('[::1]:40000');
    expect(transport.remote).toBe('[2001:db8::1]:5000');
  });

  it('sends to whom it is told, under the datagram’s number', async () => {
    const { transport, sent } = await setUp();
    transport.send(Uint8Array.of(1, 2), '[2001:db8::2]:6000', 9);
    expect(sent).toEqual([{ packet: 9, bytes: Uint8Array.of(1, 2), to: { address: '2001:db8::2', port: 6000 } }]);
  });

  it('gives datagrams and sendings with their times on our clock', async () => {
    const { helper, heard, listen } = await setUp();
    listen();
    helper.hear({ kind: 'received', at: 1500.5, address: '::1', port: 7, data: 'AQI=' });
    helper.hear({ kind: 'sent', at: 1600, packet: 3 });
    expect(heard).toEqual([
      { kind: 'datagram', bytes: Uint8Array.of(1, 2), from: '[::1]:7', at: 500.5 },
      { kind: 'sent', packet: 3, at: 600 },
    ]);
  });

  it('keeps what comes before anybody listens', async () => {
    const { helper, heard, listen } = await setUp();
    helper.hear({ kind: 'sent', at: 1600, packet: 3 });
    listen();
    expect(heard).toHaveLength(1);
  });

  it('tells apart what the network refuses, what the system refuses, and what only stays behind', async () => {
    const { helper, heard, listen, transport } = await setUp();
    listen();
    for (const code of [helperErrors.refused, helperErrors.sendFailed, helperErrors.forbiddenAddress])
      helper.hear(failed(code));
    for (const code of [helperErrors.floodBeforeAnswer, helperErrors.rateExceeded, 999]) helper.hear(failed(code, 4));
    expect(heard.map((event) => ('by' in event ? [event.kind, event.by] : [event.kind]))).toEqual([
      ['refused', transport.remote],
      ['refused', 'this system'],
      ['refused', 'the helper'],
      ['unsent'],
      ['unsent'],
      ['unsent'],
    ]);
    expect(heard[3]).toEqual({ kind: 'unsent', packet: 4, why: 'why' });
  });

  it('steps down to the next usual payload when a datagram was too big', async () => {
    const { helper, heard, listen, transport } = await setUp();
    listen();
    transport.send(new Uint8Array(1400), transport.remote, 1);
    transport.send(new Uint8Array(100), transport.remote, 2);
    helper.hear(failed(helperErrors.tooBig, 1));
    helper.hear(failed(helperErrors.tooBig, 77));
    expect(heard).toEqual([
      { kind: 'too-big', size: 1232 },
      { kind: 'too-big', size: 1232 },
    ]);
  });

  it('tells when the helper is gone, and nothing once it was closed', async () => {
    const { helper, heard, listen, transport, closed } = await setUp();
    listen();
    helper.gone('Native host has exited.');
    expect(heard).toEqual([{ kind: 'gone', why: 'Native host has exited.' }]);
    transport.close();
    helper.hear({ kind: 'sent', at: 1, packet: 1 });
    transport.send(Uint8Array.of(1), transport.remote, 5);
    expect(heard).toHaveLength(1);
    expect(closed()).toBe(1);
  });
});

describe('addresses', () => {
  it('are split where the port begins', () => {
    expect(splitAddress('127.0.0.1:80')).toEqual({ address: '127.0.0.1', port: 80 });
    expect(splitAddress('[fe80::1%eth0]:80')).toEqual({ address: 'fe80::1%eth0', port: 80 });
    expect(splitAddress('::1')).toBeUndefined();
    expect(splitAddress('somewhere')).toBeUndefined();
  });
});
