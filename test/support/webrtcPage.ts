/**
 * A page that opens a data channel to a `WebrtcPeer`, says hello, hears the answer, stays for a while and then tells how it
 * went. It signals by plain HTTP, so that any browser that can open an address will do, wherever it runs.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the page saw, by its own getStats. */
export interface Report {
  readonly error?: string;
  readonly connectionState?: string;
  /** Every state of the connection, in order. */
  readonly states: readonly string[];
  /** Messages from our side. */
  readonly heard: readonly string[];
  readonly transport?: {
    readonly dtlsState?: string;
    readonly dtlsRole?: string;
    readonly tlsVersion?: string;
    readonly dtlsCipher?: string;
    readonly dtlsGroup?: string;
    readonly iceState?: string;
    readonly iceRole?: string;
  };
}

export interface PageServer {
  readonly url: string;
  /** The address of a page that shows other pages side by side, for a browser that is told one address. */
  framing(urls: readonly string[]): string;
  /** Resolves when the page has told how it went; rejects when it has not in time. */
  readonly report: Promise<Report>;
  stop(): Promise<void>;
}

/** Longest time a page may take, the browser's start included. ms */
const patienceMs = 90_000;

/** How long the connection is watched after the first message. ms: libwebrtc calls a silent peer disconnected in 5 s. */
const stayMs = 6000;

const page = `<!doctype html><title>offer</title><script>
const states = [], heard = [];
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const post = async (path, body) => (await fetch(path, { method: 'POST', body: JSON.stringify(body) })).json();
const within = (ms, what, promise) =>
  Promise.race([promise, sleep(ms).then(() => { throw new Error('no ' + what + ' in ' + ms + ' ms'); })]);
const pc = new RTCPeerConnection();
pc.addEventListener('connectionstatechange', () => states.push(pc.connectionState));
const facts = async () => {
  for (const stats of (await pc.getStats()).values()) if (stats.type === 'transport') return stats;
};
(async () => {
  try {
    const channel = pc.createDataChannel('dtlscope');
    const opened = new Promise((done) => channel.addEventListener('open', done));
    const hears = () => new Promise((done) =>
      channel.addEventListener('message', ({ data }) => done(heard.push(data)), { once: true }));
    const gathered = new Promise((done) =>
      pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && done()));
    await pc.setLocalDescription();
    await within(10000, 'candidates', gathered);
    const { sdp } = await post('/offer', { sdp: pc.localDescription.sdp });
    await pc.setRemoteDescription({ type: 'answer', sdp });
    await within(20000, 'open channel', opened);
    for (const text of ['hello from the page', 'still here']) {
      if (heard.length > 0) await sleep(${stayMs});
      const answered = hears();
      channel.send(text);
      await within(20000, 'answer', answered);
    }
    await post('/report', { connectionState: pc.connectionState, states, heard, transport: await facts() });
  } catch (error) {
    await post('/report', { error: String(error), connectionState: pc.connectionState, states, heard, transport: await facts() });
  }
})();
</script>`;

/** Serves the page on an address that the browser reaches; `answer` gets the page's offer. */
export async function servePage(host: string, answer: (offer: string) => Promise<string>): Promise<PageServer> {
  let told: (report: Report) => void = () => {};
  let failed: (error: Error) => void = () => {};
  const report = new Promise<Report>((resolve, reject) => {
    told = resolve;
    failed = reject;
  });
  // Who waits for it may not have begun to.
  report.catch(() => {});
  const timer = setTimeout(() => failed(new Error(`the page said nothing in ${patienceMs} ms`)), patienceMs);
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      if (request.method !== 'POST') {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
        const frames = searchParams.getAll('url').map((url) => `<iframe src="${encodeURI(url)}"></iframe>`);
        const html = pathname === '/' ? page : pathname === '/frames' ? `<!doctype html>${frames.join('')}` : undefined;
        response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html' });
        response.end(html ?? '');
        return;
      }
      const reply = (value: unknown): void => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(value));
      };
      if (request.url === '/report') {
        told(JSON.parse(body) as Report);
        reply({});
        return;
      }
      answer((JSON.parse(body) as { sdp: string }).sdp).then(
        (sdp) => reply({ sdp }),
        (error: Error) => {
          failed(error);
          reply({ sdp: '' });
        },
      );
    });
  });
  await listening(server, host);
  const url = `http://${host}:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    framing: (urls) => `${url}frames?${new URLSearchParams(urls.map((one) => ['url', one]))}`,
    report,
    stop: async () => {
      clearTimeout(timer);
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

const listening = (server: Server, host: string): Promise<void> =>
  new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(0, host, done);
  });
