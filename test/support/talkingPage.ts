/**
 * Pages that make connections, for tests that watch them: their own scripts do what a WebRTC app does, and the test carries
 * their descriptions and candidates, as an app's server would. Every host name of this machine serves the same.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the script of a page has, as the test calls it. */
export interface Talk {
  /** Makes a connection with a data channel, and answers its offer without candidates. */
  offer(): Promise<string>;
  /** Answers an offer, with the implicit setLocalDescription. */
  answer(sdp: string): Promise<string>;
  take(sdp: string): Promise<void>;
  candidate(text: string): Promise<void>;
  /** Candidates that the page was told by events, so far; "" is the last. */
  readonly candidates: readonly string[];
  /** "connectionState", and the states of DTLS. */
  states(): readonly string[];
  /** SHA-256 of the peer's certificate, lower-case hexadecimal. */
  peerFingerprint(): Promise<string | undefined>;
  readonly pc: RTCPeerConnection;
}

const talk = `<!doctype html><title>talk</title><script>
const bare = (sdp) => sdp.replace(/^a=(candidate:|end-of-candidates).*\\r\\n/gm, '');
const talk = {
  candidates: [],
  make() {
    talk.pc = new RTCPeerConnection();
    talk.pc.onicecandidate = ({ candidate }) => talk.candidates.push(candidate ? candidate.candidate : '');
    return talk.pc;
  },
  async offer() {
    const pc = talk.make();
    pc.createDataChannel('talk');
    const offer = await pc.createOffer();
    await pc.setLocalDescription({ type: 'offer', sdp: offer.sdp.replace('a=max-message-size:262144', 'a=max-message-size:100000') });
    if (pc.localDescription.sdp.match(/a=ice-ufrag:\\S+/)[0] !== offer.sdp.match(/a=ice-ufrag:\\S+/)[0]) throw new Error('another user');
    return bare(pc.localDescription.sdp);
  },
  async answer(sdp) {
    const pc = talk.make();
    await pc.setRemoteDescription({ type: 'offer', sdp });
    await pc.setLocalDescription();
    return bare(pc.currentLocalDescription.sdp);
  },
  take: (sdp) => talk.pc.setRemoteDescription({ type: 'answer', sdp }),
  candidate: (text) => talk.pc.addIceCandidate(text === '' ? undefined : { candidate: text, sdpMLineIndex: 0 }),
  states: () => [talk.pc.connectionState, talk.pc.sctp?.transport.state ?? 'none'],
  async peerFingerprint() {
    const [der] = talk.pc.sctp?.transport.getRemoteCertificates() ?? [];
    if (!der) return undefined;
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
    return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  },
};
</script>`;

/** Two connections of one page that speak to each other. */
const pair = `<!doctype html><title>pair</title><script>
const a = new RTCPeerConnection(), b = new RTCPeerConnection();
a.onicecandidate = ({ candidate }) => b.addIceCandidate(candidate);
b.onicecandidate = ({ candidate }) => a.addIceCandidate(candidate);
(async () => {
  a.createDataChannel('pair');
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
})();
</script>`;

export interface TalkingServer {
  readonly port: number;
  /** The address of a page; any name under "localhost" will do. */
  url(page: 'talk' | 'pair' | 'frames' | 'hostile', host?: string): string;
  stop(): Promise<void>;
}

/** `hostile` is the script of that page. */
export async function serveTalk(hostile: string): Promise<TalkingServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const srcdoc = pair.replaceAll('"', '&quot;');
    const pages: Readonly<Record<string, string>> = {
      '/talk': talk,
      '/pair': pair,
      '/frames': `<!doctype html><title>frames</title><iframe srcdoc="${srcdoc}"></iframe><iframe src="http://other.localhost:${port}/pair"></iframe>`,
      '/hostile': `<!doctype html><title>hostile</title><script>${hostile}</script>`,
    };
    const page = pages[pathname];
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html' });
    response.end(page ?? '');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: (page, host = '127.0.0.1') => `http://${host}:${port}/${page}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
