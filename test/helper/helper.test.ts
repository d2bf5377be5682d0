import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chromiumExtensionId, chromiumOrigin, firefoxExtensionId } from '../../src/bridge/identity.ts';
import { helperErrors, helperMessageBytes, protocolVersion } from '../../src/bridge/messages.ts';
import { buildHelper, HelperProcess, littleEndian } from './process.ts';

let built: Awaited<ReturnType<typeof buildHelper>>;
const started: HelperProcess[] = [];
const peers: Socket[] = [];

beforeAll(async () => {
  built = await buildHelper();
});
afterAll(() => built.dispose());
afterEach(async () => {
  for (const helper of started.splice(0)) helper.child.kill('SIGKILL');
  for (const peer of peers.splice(0)) peer.close();
});

function start(args?: readonly string[]): HelperProcess {
  const helper = new HelperProcess(built.file, args);
  started.push(helper);
  return helper;
}

async function greeted(): Promise<HelperProcess> {
  const helper = start();
  await helper.greet();
  return helper;
}

/** A UDP peer that does with each datagram what it is told; its port. */
async function peer(
  hear: (this: Socket, data: Buffer, from: { address: string; port: number }) => void,
  family: 4 | 6 = 4,
): Promise<number> {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  peers.push(socket);
  socket.on('message', hear.bind(socket));
  socket.bind(0, family === 4 ? '127.0.0.1' : '::1');
  await once(socket, 'listening');
  return socket.address().port;
}

const echo = function (this: Socket, data: Buffer, from: { address: string; port: number }): void {
  this.send(data, from.port, from.address);
};

const datagram = (packet: number, port: number, bytes: number | Buffer = 10, address = '127.0.0.1') => ({
  packet,
  address,
  port,
  data: (typeof bytes === 'number' ? Buffer.alloc(bytes, packet) : bytes).toString('base64'),
});

describe('greeting', () => {
  it('tells protocol, version, capabilities, limits and the time', async () => {
    const hello = await start().greet();
    expect(hello.protocol).toEqual(protocolVersion);
    expect(hello.helper).toBe('9.9.9');
    expect(hello.capabilities).toEqual(expect.arrayContaining(['udp4', 'udp6', 'resolve', 'clock']));
    expect(hello.limits).toMatchObject({ unansweredDatagrams: 64, unansweredBytes: 65536 });
    expect(hello.now).toBeGreaterThan(0);
  });

  it('refuses every other request before hello, with the id of the request', async () => {
    const helper = start();
    helper.send({ kind: 'clock', id: 5 });
    expect(await helper.reply(5)).toMatchObject({ kind: 'error', code: helperErrors.notGreeted });
    helper.send({ kind: 'open', id: 6, socket: 1, family: 4 });
    expect(await helper.reply(6)).toMatchObject({ kind: 'error', code: helperErrors.notGreeted });
  });

  it('says who it is to another major version and then refuses to work', async () => {
    const helper = start();
    helper.send({ kind: 'hello', protocol: { major: protocolVersion.major + 1, minor: 0 }, client: 'test' });
    await helper.error(helperErrors.protocolMismatch);
    expect(helper.messages[0]).toMatchObject({ kind: 'hello', protocol: protocolVersion });
    helper.send({ kind: 'clock', id: 5 });
    expect(await helper.reply(5)).toMatchObject({ code: helperErrors.notGreeted });
  });

  it('greets a newer minor version', async () => {
    const helper = start();
    helper.send({ kind: 'hello', protocol: { major: protocolVersion.major, minor: 99 }, client: 'test' });
    helper.send({ kind: 'clock', id: 5 });
    expect(await helper.reply(5)).toMatchObject({ kind: 'ok' });
  });
});

describe('callers', () => {
  it.each([
    ['another extension', ['chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/']],
    ['an origin that only begins like ours', [`${chromiumOrigin(chromiumExtensionId)}evil`]],
    ['another add-on', ['/x/io.github.dtlscope.helper.json', 'evil@example.org']],
    ['nobody', []],
  ])('refuses %s with its number, and ends', async (_who, args) => {
    const helper = start(args);
    expect((await helper.exited).code).toBe(2);
    expect(helper.messages).toEqual([expect.objectContaining({ kind: 'error', code: helperErrors.forbiddenOrigin })]);
    expect(helper.stderr).not.toBe('');
  });

  it('serves our add-on in Firefox', async () => {
    await start(['/x/io.github.dtlscope.helper.json', firefoxExtensionId]).greet();
  });

  it('serves a private build whose id the installer put into the launcher', async () => {
    const id = 'abcdefghijklmnopabcdefghijklmnop';
    await start(['--allow-extension', id, chromiumOrigin(id)]).greet();
  });
});

describe('datagrams', () => {
  it.each([4, 6] as const)('cross over IPv%i there and back with times in order', async (family) => {
    const helper = await greeted();
    const port = await peer(echo, family);
    await helper.open(1, family);
    const payload = Buffer.from([...Array(1200).keys()].map((i) => i & 255));
    helper.send({
      kind: 'send',
      socket: 1,
      datagrams: [datagram(7, port, payload, family === 4 ? '127.0.0.1' : '0:0:0:0:0:0:0:1')],
    });
    const received = await helper.event((event) => event.kind === 'received');
    const sent = await helper.event((event) => event.kind === 'sent');
    if (received.kind !== 'received' || sent.kind !== 'sent') throw new Error('impossible');
    expect(Buffer.from(received.data, 'base64')).toEqual(payload);
    expect(received.port).toBe(port);
    expect(received.address).toBe(family === 4 ? '127.0.0.1' : '::1');
    expect(sent.packet).toBe(7);
    expect(received.at).toBeGreaterThan(sent.at);
  });

  it('keep their order and are counted', async () => {
    const helper = await greeted();
    const port = await peer(echo);
    await helper.open(1);
    helper.send({ kind: 'send', socket: 1, datagrams: [...Array(40).keys()].map((i) => datagram(i, port, 100 + i)) });
    await helper.event((event) => event.kind === 'received' && event.data === datagram(39, port, 139).data);
    const received = helper.events.filter((event) => event.kind === 'received').map(({ data }) => data);
    expect(received).toEqual([...Array(40).keys()].map((i) => datagram(i, port, 100 + i).data));
    const counters = helper.messages.flatMap((message) => (message.kind === 'events' ? [message.counters] : [])).at(-1);
    const bytes = [...Array(40).keys()].reduce((sum, i) => sum + 100 + i, 0);
    expect(counters).toEqual({
      sentDatagrams: 40,
      sentBytes: bytes,
      receivedDatagrams: 40,
      receivedBytes: bytes,
      droppedDatagrams: 0,
    });
  });

  it('are heard from strangers too, also while a peer is written to', async () => {
    const helper = await greeted();
    const port = await peer(echo);
    const local = await helper.open(1);
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(1, port)] });
    await helper.event((event) => event.kind === 'received');
    const stranger = createSocket('udp4');
    peers.push(stranger);
    stranger.send(Buffer.from('who am I?'), local.port, '127.0.0.1');
    const heard = await helper.event(
      (event) => event.kind === 'received' && event.data === Buffer.from('who am I?').toString('base64'),
    );
    expect(heard).toMatchObject({ port: stranger.address().port });
  });

  it('come from one port, whoever they go to', async () => {
    const helper = await greeted();
    const from: number[] = [];
    const ports = [];
    for (let i = 0; i < 3; i++) ports.push(await peer((_data, sender) => from.push(sender.port)));
    const local = await helper.open(1);
    helper.send({ kind: 'send', socket: 1, datagrams: ports.map((port, i) => datagram(i, port)) });
    await expect.poll(() => from).toEqual([local.port, local.port, local.port]);
  });

  it('of the largest size are passed in messages that stay below the bound, in order', async () => {
    const helper = await greeted();
    const local = await helper.open(1);
    const sender = createSocket('udp4');
    peers.push(sender);
    const sizes = [...Array(12).keys()].map((i) => 65_507 - i);
    for (const size of sizes) sender.send(Buffer.alloc(size, 1), local.port, '127.0.0.1');
    await helper.event((event) => event.kind === 'received' && Buffer.from(event.data, 'base64').length === 65_496);
    const received = helper.events.flatMap((event) =>
      event.kind === 'received' ? [Buffer.from(event.data, 'base64').length] : [],
    );
    expect(received).toEqual(sizes.slice(sizes.length - received.length));
    expect(helper.largest).toBeLessThanOrEqual(helperMessageBytes);
  });

  it('to a closed port are reported as refused', async () => {
    const helper = await greeted();
    const port = await peer(() => {});
    peers.pop()?.close();
    await helper.open(1);
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(3, port)] });
    expect(await helper.event((event) => event.kind === 'failed')).toMatchObject({
      packet: 3,
      code: helperErrors.refused,
    });
    // And the socket still works: the next one is sent and refused as well.
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(4, port)] });
    expect(await helper.event((event) => event.kind === 'failed' && event.packet === 4)).toMatchObject({
      code: helperErrors.refused,
    });
  });

  it('that follow a refused one reach a peer that has started meanwhile', async () => {
    const helper = await greeted();
    const port = await peer(() => {});
    peers.pop()?.close();
    await helper.open(1);
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(1, port)] });
    await helper.event((event) => event.kind === 'failed');
    const late = createSocket('udp4');
    peers.push(late);
    late.on('message', echo.bind(late));
    late.bind(port, '127.0.0.1');
    await once(late, 'listening');
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(2, port)] });
    expect(await helper.event((event) => event.kind === 'received')).toMatchObject({ port });
  });
});

describe('what is refused', () => {
  it.each([
    ['multicast', '224.0.0.251'],
    ['broadcast', '255.255.255.255'],
    ['the loopback subnet’s broadcast', '127.255.255.255'],
    ['0.0.0.0', '0.0.0.0'],
    ['reserved addresses', '240.0.0.1'],
  ])('%s', async (_what, address) => {
    const helper = await greeted();
    await helper.open(1);
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(1, 5353, 10, address)] });
    expect(await helper.event((event) => event.kind === 'failed')).toMatchObject({
      packet: 1,
      code: helperErrors.forbiddenAddress,
    });
  });

  it.each([
    ['IPv6 multicast', 'ff02::fb'],
    ['IPv4 multicast in IPv6 clothes', '::ffff:224.0.0.251'],
    ['the unspecified address', '::'],
  ])('%s', async (_what, address) => {
    const helper = await greeted();
    await helper.open(1, 6);
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(1, 5353, 10, address)] });
    expect(await helper.event((event) => event.kind === 'failed')).toMatchObject({
      code: helperErrors.forbiddenAddress,
    });
  });

  it('names instead of addresses, addresses of the other family, and port 0', async () => {
    const helper = await greeted();
    await helper.open(1);
    const at = (packet: number, address: string, port = 9) => datagram(packet, port, 10, address);
    helper.send({ kind: 'send', socket: 1, datagrams: [at(1, 'localhost'), at(2, '::1'), at(3, '127.0.0.1', 0)] });
    await helper.event((event) => event.kind === 'failed' && event.packet === 3);
    expect(helper.events.map((event) => ('code' in event ? event.code : undefined))).toEqual([
      helperErrors.badMessage,
      helperErrors.badMessage,
      helperErrors.forbiddenAddress,
    ]);
  });

  it('a datagram that UDP cannot hold', async () => {
    const helper = await greeted();
    const port = await peer(echo);
    await helper.open(1);
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(1, port, 65_508)] });
    expect(await helper.event((event) => event.kind === 'failed')).toMatchObject({
      code: helperErrors.datagramTooLarge,
    });
  });

  it('the 65th datagram to somebody who never answered, also from the next socket', async () => {
    const helper = await greeted();
    let arrived = 0;
    const port = await peer(() => {
      arrived += 1;
    });
    await helper.open(1);
    helper.send({ kind: 'send', socket: 1, datagrams: [...Array(65).keys()].map((i) => datagram(i, port)) });
    expect(await helper.event((event) => event.kind === 'failed')).toMatchObject({
      packet: 64,
      code: helperErrors.floodBeforeAnswer,
    });
    await expect.poll(() => arrived).toBe(64);
    await helper.open(2);
    helper.send({ kind: 'send', socket: 2, datagrams: [...Array(64).keys()].map((i) => datagram(100 + i, port)) });
    await helper.event(
      (event) => event.kind === 'failed' && event.packet >= 100 && event.code === helperErrors.floodBeforeAnswer,
    );
  });

  it('more than 64 KiB to somebody who never answered', async () => {
    const helper = await greeted();
    const port = await peer(() => {});
    await helper.open(1);
    helper.send({
      kind: 'send',
      socket: 1,
      datagrams: [datagram(1, port, 40_000), datagram(2, port, 25_536), datagram(3, port, 1)],
    });
    const failed = await helper.event((event) => event.kind === 'failed');
    expect(failed).toMatchObject({ packet: 3, code: helperErrors.floodBeforeAnswer });
  });

  it('nothing of that once the peer has answered, up to the rate cap', async () => {
    const helper = await greeted();
    const port = await peer(echo);
    await helper.open(1);
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(0, port)] });
    await helper.event((event) => event.kind === 'received');
    for (let batch = 0; batch < 16; batch++) {
      const first = 1 + batch * 256;
      helper.send({ kind: 'send', socket: 1, datagrams: [...Array(256).keys()].map((i) => datagram(first + i, port)) });
    }
    const failed = await helper.event((event) => event.kind === 'failed');
    expect(failed).toMatchObject({ code: helperErrors.rateExceeded });
    expect('packet' in failed && failed.packet).toBeGreaterThanOrEqual(2000);
  });

  it('messages that are too large, without losing the next one', async () => {
    const helper = await greeted();
    const length = 1024 * 1024 + 1;
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, length, littleEndian);
    helper.raw(header);
    helper.raw(new Uint8Array(length));
    await helper.error(helperErrors.messageTooLarge);
    helper.send({ kind: 'clock', id: 9 });
    expect(await helper.reply(9)).toMatchObject({ kind: 'ok' });
  });

  it('what is not a message of the protocol, and goes on', async () => {
    const helper = await greeted();
    for (const body of ['{', '[]', '{"kind":"exec","id":1,"command":"sh"}', '{"kind":"open","id":2,"socket":-1}']) {
      const bytes = Buffer.from(body);
      const header = Buffer.alloc(4);
      new DataView(header.buffer, header.byteOffset).setUint32(0, bytes.length, littleEndian);
      helper.raw(Buffer.concat([header, bytes]));
    }
    expect(await helper.reply(1)).toMatchObject({ code: helperErrors.badMessage });
    expect(await helper.reply(2)).toMatchObject({ code: helperErrors.badMessage });
    expect(helper.messages.filter((message) => message.kind === 'error')).toHaveLength(4);
  });

  it('sockets beyond the limit, numbers in use, sockets that are not open, addresses that are not ours', async () => {
    const helper = await greeted();
    for (let socket = 0; socket < 16; socket++) await helper.open(socket);
    helper.send({ kind: 'open', id: 1, socket: 99, family: 4 });
    expect(await helper.reply(1)).toMatchObject({ code: helperErrors.tooManySockets });
    helper.send({ kind: 'open', id: 2, socket: 3, family: 4 });
    expect(await helper.reply(2)).toMatchObject({ code: helperErrors.socketInUse });
    helper.send({ kind: 'close', id: 3, socket: 3 });
    expect(await helper.reply(3)).toMatchObject({ kind: 'ok' });
    helper.send({ kind: 'close', id: 4, socket: 3 });
    expect(await helper.reply(4)).toMatchObject({ code: helperErrors.unknownSocket });
    helper.send({ kind: 'send', socket: 3, datagrams: [datagram(1, 9)] });
    expect(await helper.error(helperErrors.unknownSocket)).toMatchObject({ code: helperErrors.unknownSocket });
    helper.send({ kind: 'open', id: 5, socket: 3, family: 4, bind: '192.0.2.1' });
    expect(await helper.reply(5)).toMatchObject({ code: helperErrors.bindFailed });
  });
});

describe('our own address', () => {
  it('is told as the peer sees it, when the peer is named at opening', async () => {
    const helper = await greeted();
    const seen: string[] = [];
    const port = await peer((_data, from) => seen.push(`${from.address}:${from.port}`));
    helper.send({ kind: 'open', id: 1, socket: 1, family: 4, peer: { address: '127.0.0.1', port } });
    const reply = await helper.reply(1);
    if (reply.kind === 'error') throw new Error(reply.message);
    expect(reply.local?.address).toBe('127.0.0.1');
    helper.send({ kind: 'send', socket: 1, datagrams: [datagram(1, port)] });
    await expect.poll(() => seen).toEqual([`${reply.local?.address}:${reply.local?.port}`]);
  });

  it('is any address, when it is not', async () => {
    const helper = await greeted();
    helper.send({ kind: 'open', id: 1, socket: 1, family: 4 });
    expect(await helper.reply(1)).toMatchObject({ kind: 'ok', local: { address: '0.0.0.0' } });
  });

  it('is not looked for where nothing may be sent', async () => {
    const helper = await greeted();
    helper.send({ kind: 'open', id: 1, socket: 1, family: 4, peer: { address: '224.0.0.1', port: 9 } });
    expect(await helper.reply(1)).toMatchObject({ kind: 'error', code: helperErrors.forbiddenAddress });
    helper.send({ kind: 'open', id: 2, socket: 1, family: 4, peer: { address: '127.0.0.1', port: 9 } });
    expect(await helper.reply(2)).toMatchObject({ kind: 'ok' });
  });
});

describe('names', () => {
  it('are resolved to all their addresses', async () => {
    const helper = await greeted();
    helper.send({ kind: 'resolve', id: 1, host: 'localhost' });
    const reply = await helper.reply(1);
    if (reply.kind === 'error') throw new Error(reply.message);
    expect(reply.addresses?.map(({ address }) => address)).toContain('127.0.0.1');
  });

  it('that do not exist are an error with its number', async () => {
    const helper = await greeted();
    helper.send({ kind: 'resolve', id: 1, host: 'no such host' });
    expect(await helper.reply(1)).toMatchObject({ kind: 'error', code: helperErrors.resolveFailed });
  });
});

describe('its life', () => {
  it('ends when the browser closes its input, with sockets open', async () => {
    const helper = await greeted();
    await helper.open(1);
    expect(await helper.stop()).toEqual({ code: 0, signal: null });
    expect(helper.strays).toEqual([]);
  });

  it('ends on SIGTERM', async () => {
    const helper = await greeted();
    await helper.open(1);
    helper.child.kill('SIGTERM');
    expect(await helper.exited).toEqual({ code: 143, signal: null });
  });

  it('ends on SIGTERM also while the browser reads nothing and the pipe is full', async () => {
    const helper = await greeted();
    const local = await helper.open(1);
    helper.child.stdout.pause();
    const sender = createSocket('udp4');
    peers.push(sender);
    // Far more than a pipe holds, even if the kernel drops some.
    for (let i = 0; i < 60; i++) {
      await new Promise((resolve) => sender.send(Buffer.alloc(60_000, 1), local.port, '127.0.0.1', resolve));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    helper.child.kill('SIGTERM');
    expect(await helper.exited).toEqual({ code: 143, signal: null });
  });

  it('frees its ports when a socket is closed', async () => {
    const helper = await greeted();
    const local = await helper.open(1);
    helper.send({ kind: 'close', id: 1, socket: 1 });
    await helper.reply(1);
    const mine = createSocket('udp4');
    peers.push(mine);
    mine.bind(local.port, '127.0.0.1');
    await once(mine, 'listening');
  });

  it('listens on no TCP port', async () => {
    const helper = await greeted();
    const local = await helper.open(1);
    const attempt = connect(local.port, '127.0.0.1');
    const [error] = (await once(attempt, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });
});
