/** A WHIP and WHEP server on loopback over HTTP, with our own WebRTC endpoint behind it, that can be told to misbehave. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type PeerFault, WebrtcPeer } from './webrtcPeer.ts';

export interface WhipBehaviour {
  readonly setup?: 'active' | 'passive';
  readonly ice?: 'full' | 'lite';
  /** What the endpoint behind it gets wrong. */
  readonly fault?: PeerFault;
  /** Answers a POST with this instead of a session. */
  readonly refuse?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  /** Takes no offer that claims a DTLS role: one has to leave the choice (RFC 8842 §5.2). */
  readonly actpassOnly?: boolean;
  /** So long after it was made, when ICE behind it has begun, the answer is sent. ms */
  readonly answerAfterMs?: number;
  /** Sent beside 201. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What becomes of the answer on its way. */
  readonly rewrite?: (answer: string, offer: string) => string;
  /** Status of PATCH. */
  readonly patch?: number;
  /** Never answers a POST. */
  readonly mute?: boolean;
  /** Lets pages of other origins ask (CORS), as RFC 9725 §4.2 wants. */
  readonly cors?: boolean;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export class WhipServer {
  readonly url: string;
  readonly asked: Asked[] = [];
  readonly peers: WebrtcPeer[] = [];
  readonly #server: Server;

  private constructor(server: Server, behaviour: WhipBehaviour) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/whip/stream`;
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const { method = '', url: path = '', headers } = request;
      this.asked.push({ method, path, headers, body });
      if (behaviour.cors) {
        response.setHeader('access-control-allow-origin', '*');
        response.setHeader('access-control-allow-headers', 'authorization, content-type, if-match');
        response.setHeader('access-control-allow-methods', 'POST, PATCH, DELETE');
        response.setHeader('access-control-expose-headers', 'location, link, etag');
      }
      if (method === 'OPTIONS') response.writeHead(behaviour.cors ? 204 : 405).end();
      else if (method === 'DELETE') response.writeHead(200).end();
      else if (method === 'PATCH') response.writeHead(behaviour.patch ?? 204).end();
      else if (behaviour.mute) return;
      else if (behaviour.refuse) {
        const { status, headers: more, body: text } = behaviour.refuse;
        response.writeHead(status, more).end(text);
      } else if (behaviour.actpassOnly && /^a=setup:(?!actpass)/m.test(body)) {
        response.writeHead(400, { 'content-type': 'text/plain' }).end("a=setup must be 'actpass' in an offer");
      } else {
        const peer = await WebrtcPeer.start({
          host: '127.0.0.1',
          setup: behaviour.setup ?? 'passive',
          ...(behaviour.ice && { ice: behaviour.ice }),
          ...(behaviour.fault && { fault: behaviour.fault }),
        });
        this.peers.push(peer);
        const answer = await peer.answer(body);
        if (behaviour.answerAfterMs !== undefined)
          await new Promise((resolve) => setTimeout(resolve, behaviour.answerAfterMs));
        response
          .writeHead(201, {
            'content-type': 'application/sdp',
            location: '/session/1',
            etag: '"ice-1"',
            ...behaviour.headers,
          })
          .end(behaviour.rewrite ? behaviour.rewrite(answer, body) : answer);
      }
    });
  }

  static async start(behaviour: WhipBehaviour = {}): Promise<WhipServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new WhipServer(server, behaviour);
  }

  async stop(): Promise<void> {
    await Promise.all(this.peers.map((peer) => peer.stop()));
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }
}
