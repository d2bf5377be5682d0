/** The gateway's HTTP side: WHIP, WHEP and the page, on one port of Node's server, bounded in size, time and connections. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { doneAnswer, isWhipPath, longestWhipBody, refusedAnswer, type WhipAnswer } from '../ice/whipServer.ts';
import type { Gateway } from '../run/index.ts';
import { formatAddress } from '../scenario/index.ts';
import { Exit, reason, Stop } from './exit.ts';
import { pageFiles, pageHeaders } from './gatewayPage.ts';

/** Connections at once. */
const maxConnections = 512;
/** A request has to be here within this time. ms */
const requestMs = 15_000;
/** How long answers under way may still take when the server ends. ms */
const lastAnswersMs = 500;

export interface GatewayServer {
  /** "http://127.0.0.1:4434" */
  readonly origin: string;
  stop(): void;
}

/** Listens for HTTP; throws a `Stop` when it can not. */
export async function openGatewayServer(
  gateway: Gateway,
  { host, port, wantsToken }: { readonly host: string; readonly port: number; readonly wantsToken: boolean },
): Promise<GatewayServer> {
  const page = pageFiles(wantsToken);
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs }, (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    // One request a connection: nobody waits for an idle one when the server ends.
    response.setHeader('connection', 'close');
    const file = page.get(path);
    // Browsers ask for it by themselves.
    if (path === '/favicon.ico') send(response, doneAnswer(204));
    else if (isWhipPath(path)) {
      whip(gateway, request, path).then(
        (answer) => send(response, answer),
        (error: unknown) => send(response, refusedAnswer(500, `Something went wrong here: ${reason(error)}`)),
      );
    } else if (!file)
      send(response, refusedAnswer(404, 'There is nothing here. The page is at /, offers go to /whip or /whep.'));
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      send(response, refusedAnswer(405, 'This is a page. Offers go to /whip or /whep.', { allow: 'GET, HEAD' }));
    else
      response
        .writeHead(200, { ...pageHeaders, 'content-type': file.type })
        .end(request.method === 'HEAD' ? undefined : file.body);
  });
  server.maxConnections = maxConnections;
  await listening(server, host, port);
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('an HTTP server without an address');
  return {
    origin: `http://${formatAddress(address.address, address.port)}`,
    stop: () => {
      gateway.stop();
      server.close();
      setTimeout(() => server.closeAllConnections(), lastAnswersMs).unref();
    },
  };
}

async function whip(gateway: Gateway, request: IncomingMessage, path: string): Promise<WhipAnswer> {
  const body = await bodyOf(request);
  if (body === undefined) return refusedAnswer(413, `More than ${longestWhipBody} bytes are not read.`);
  const { headers, method = '', socket } = request;
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const client = formatAddress(socket.remoteAddress ?? '', socket.remotePort ?? 0);
  return gateway.answer({ method, path, header, body }, client);
}

/** The body as text; undefined when there is too much of it. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    // What is left of it is read and let fall, or the client would never hear the answer.
    if (bytes <= longestWhipBody) parts.push(part);
    else parts.length = 0;
  }
  return bytes > longestWhipBody ? undefined : Buffer.concat(parts).toString('utf8');
}

const send = (response: ServerResponse, { status, headers, body }: WhipAnswer): void => {
  response.writeHead(status, headers).end(body);
};

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Stop(
          Exit.infrastructure,
          `Can not listen for HTTP on ${formatAddress(host, port)}: ${error.code === 'EADDRINUSE' ? 'it is in use' : reason(error)}.`,
          'Choose another --port (0 takes any that is free), or another --bind.',
        ),
      ),
    );
    server.listen(port, host, () => resolve());
  });
}
