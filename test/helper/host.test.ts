import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { type FromHelper, helperMessageBytes, protocolVersion, type SocketEvent } from '../../src/bridge/messages.ts';
import { Host, inBatches } from '../../src/helper/host.ts';

const received = (bytes: number, at = 0): SocketEvent => ({
  kind: 'received',
  at,
  address: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff%a-long-interface',
  port: 65535,
  data: Buffer.alloc(bytes).toString('base64'),
});

describe('batches of events', () => {
  it.each([0, 1, 100, 1200, 65_507])('of datagrams of %i bytes keep order and stay below the bound', (bytes) => {
    const events = [...Array(Math.max(20, Math.ceil(2_000_000 / (bytes + 100)))).keys()].map((i) => received(bytes, i));
    const batches = inBatches(events);
    expect(batches.flat()).toEqual(events);
    expect(batches.length).toBeGreaterThan(1);
    const counters = { sentDatagrams: 2 ** 52, sentBytes: 2 ** 52, receivedDatagrams: 2 ** 52, receivedBytes: 2 ** 52 };
    for (const batch of batches) {
      const message = { kind: 'events', socket: 2 ** 52, events: batch, counters };
      expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(helperMessageBytes);
    }
  });

  it('of failures whose text needs escapes stay below the bound too', () => {
    const failed: SocketEvent = {
      kind: 'failed',
      at: 1 / 3,
      packet: 2 ** 52,
      code: 230,
      message: '\u0001'.repeat(300),
    };
    for (const batch of inBatches(Array(3000).fill(failed))) {
      expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(helperMessageBytes);
    }
  });
});

describe('back-pressure', () => {
  it('drops what arrives while the browser does not read, counts it, and tells afterwards', async () => {
    const said: FromHelper[] = [];
    let wake = (): void => {};
    let full = true;
    const host = new Host({
      version: 'test',
      platform: 'test',
      now: () => performance.now(),
      send: (message) => {
        said.push(message);
        wake();
      },
      full: () => full,
      soon: setImmediate,
    });
    const until = async <T>(pick: (message: FromHelper) => T | undefined): Promise<T> => {
      for (;;) {
        for (const message of said) {
          const picked = pick(message);
          if (picked !== undefined) return picked;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    const say = (value: unknown): void => host.frame({ kind: 'message', value });
    say({ kind: 'hello', protocol: protocolVersion, client: 'test' });
    say({ kind: 'open', id: 1, socket: 1, family: 4, bind: '127.0.0.1' });
    const local = await until((message) => (message.kind === 'ok' ? message.local : undefined));
    const peer = createSocket('udp4');
    for (let i = 0; i < 5; i++) await new Promise((resolve) => peer.send('lost', local.port, '127.0.0.1', resolve));
    // `drained` is called by the pipe whenever it likes; the count that it tells is complete once all five were dropped.
    let dropped = 0;
    while (dropped < 5) {
      await new Promise((resolve) => setImmediate(resolve));
      host.drained();
      const told = said.flatMap((message) => (message.kind === 'events' ? [message.counters.droppedDatagrams] : []));
      dropped = told.at(-1) ?? 0;
    }
    expect(said.flatMap((message) => (message.kind === 'events' ? message.events : []))).toEqual([]);
    full = false;
    await new Promise((resolve) => peer.send('heard', local.port, '127.0.0.1', resolve));
    const heard = await until((message) => (message.kind === 'events' && message.events[0] ? message : undefined));
    expect(heard.counters).toMatchObject({ receivedDatagrams: 1, droppedDatagrams: 5 });
    peer.close();
    host.close();
  });
});
