/**
 * A gateway that can not put a ClientHello together from fragments, as several stacks in the field: in front of a real DTLS
 * server, it passes everything on but datagrams that hold part of a ClientHello.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface Gateway {
  readonly port: number;
  /** Sizes of the datagrams that it could not take, in order. */
  readonly refused: readonly number[];
  stop(): Promise<void>;
}

/** Starts one on loopback, for one client at a time. */
export async function gatewayTo(serverPort: number): Promise<Gateway> {
  const [outside, inside] = await Promise.all([open(), open()]);
  const refused: number[] = [];
  let client = 0;
  outside.on('message', (bytes, { port }) => {
    client = port;
    if (holdsPartOfHello(bytes)) refused.push(bytes.length);
    else inside.send(bytes, serverPort, '127.0.0.1');
  });
  inside.on('message', (bytes) => outside.send(bytes, client, '127.0.0.1'));
  const close = (socket: Socket): Promise<void> => new Promise((done) => socket.close(() => done()));
  return {
    port: outside.address().port,
    refused,
    stop: async () => {
      await Promise.all([close(outside), close(inside)]);
    },
  };
}

async function open(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** RFC 6347 §4.1, §4.2.2: a handshake record of epoch 0, a client_hello, and a fragment that is not all of it. */
function holdsPartOfHello(bytes: Buffer): boolean {
  if (bytes.length < 25 || bytes[0] !== 22 || bytes.readUInt16BE(3) !== 0 || bytes[13] !== 1) return false;
  return bytes.readUIntBE(22, 3) < bytes.readUIntBE(14, 3);
}
