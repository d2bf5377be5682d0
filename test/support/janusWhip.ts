/** Janus in a namespace behind WHIP: it has none of its own, so this is the small server that stands before it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EchoCall, Janus } from './janus.ts';
import { makeNamespace } from './namespace.ts';

export interface JanusWhip {
  /** "whip:http://127.0.0.1:…". */
  readonly target: string;
  /** The address of ours that Janus can reach. */
  readonly bind: string;
  stop(): Promise<void>;
}

export async function startJanusWhip(): Promise<JanusWhip> {
  const namespace = makeNamespace();
  const janus = await Janus.start({ namespace, certificate: 'ecdsa-p256', dtlsMtu: 1200 });
  const calls: EchoCall[] = [];
  const server = createServer((request, response) => {
    let offer = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      offer += text;
    });
    request.on('end', async () => {
      if (request.method !== 'POST') return void response.writeHead(200).end();
      const call = await janus.call(offer);
      calls.push(call);
      response.writeHead(201, { 'content-type': 'application/sdp', location: `/whip/${calls.length}` });
      response.end(call.answer);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    target: `whip:http://127.0.0.1:${port}/whip`,
    bind: namespace.here,
    stop: async () => {
      for (const call of calls) await call.end();
      server.close();
      await janus.stop();
      namespace.remove();
    },
  };
}
