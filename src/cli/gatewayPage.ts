/**
 * The page that our gateway shows: an ordinary WebRTC page, which connects to the gateway by WHIP or WHEP and says in which
 * states it is. It asks for no camera and takes nothing from elsewhere; its policy (CSP) allows nothing else.
 */

export interface PageFile {
  readonly type: string;
  readonly body: string;
}

export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** The page's files by path. `wantsToken` shows a field for the bearer token. */
export const pageFiles = (wantsToken: boolean): ReadonlyMap<string, PageFile> =>
  new Map([
    ['/', { type: 'text/html; charset=utf-8', body: html(wantsToken) }],
    ['/page.js', { type: 'text/javascript; charset=utf-8', body: script }],
    ['/page.css', { type: 'text/css; charset=utf-8', body: style }],
  ]);

const html = (wantsToken: boolean): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>dtlscope gateway</title>
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
<h1>dtlscope gateway</h1>
<form id="form">
  <fieldset>
    <legend>What this page asks the gateway for</legend>
    <label><input type="checkbox" id="data" checked> a data channel</label>
    <label><input type="checkbox" id="media" checked> audio and video</label>
    <span><label for="kind">by</label> <select id="kind"><option value="whip">WHIP (this page sends)</option><option value="whep">WHEP (this page receives)</option></select></span>
    ${wantsToken ? '<label>Bearer token <input id="token" autocomplete="off"></label>' : ''}
  </fieldset>
  <p class="row">
    <button id="connect">Connect</button>
    <button id="disconnect" type="button" disabled>Disconnect</button>
    <span id="verdict" role="status">Not connected yet.</span>
  </p>
</form>
<dl>
  <dt>Connection</dt><dd id="connection">new</dd>
  <dt>ICE</dt><dd id="ice">new</dd>
  <dt>DTLS</dt><dd id="dtls">new</dd>
  <dt>Version</dt><dd id="version">–</dd>
  <dt>Cipher suite</dt><dd id="cipher">–</dd>
  <dt>This page is the DTLS</dt><dd id="role">–</dd>
  <dt>SRTP profile</dt><dd id="srtp">–</dd>
</dl>
<h2>What happened</h2>
<ol id="log"></ol>
<p>This page connects to the gateway that served it, as any WebRTC page does to its own. No camera is asked for, and no media flows.</p>
<p>Firefox does not connect to 127.0.0.1: for it, start the gateway with <code>--bind</code> and another address of this machine, and open the page there.</p>
</html>
`;

const style = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 48em; margin: .75em auto; padding: 0 1em; }
h1, h2 { font-size: 1.15em; margin: .5em 0; }
fieldset { display: flex; flex-wrap: wrap; gap: .25em 1.5em; margin: 0; border: 1px solid GrayText; border-radius: 4px; }
.row { display: flex; flex-wrap: wrap; align-items: baseline; gap: .5em .75em; margin: .75em 0; }
button, select, input { font: inherit; }
button { padding: .25em 1em; }
#verdict { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1em 1.5em; margin: .75em 0; }
dd { margin: 0; overflow-wrap: anywhere; }
dt, li time { opacity: .75; }
#log { padding-left: 0; list-style: none; font-variant-numeric: tabular-nums; }
`;

const script = String.raw`const at = (id) => document.getElementById(id);
const show = (id, text) => { at(id).textContent = text || '–'; };
let pc, session, etag, startedAt, timer, waiting = [];

function log(text) {
  const line = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = Math.round(performance.now() - startedAt) + ' ms  ';
  line.append(time, text);
  at('log').append(line);
}

const headers = (more) => {
  const token = at('token')?.value.trim();
  return { ...more, ...(token ? { authorization: 'Bearer ' + token } : {}) };
};

async function said(response) {
  return response.status + ' ' + (await response.text()).trim();
}

// Candidates that are found after the offer went out (RFC 9725, section 4.3).
async function trickle(candidate) {
  if (!session) { waiting.push(candidate); return; }
  const sdp = pc.localDescription.sdp;
  const line = (name) => (sdp.match(new RegExp('^a=' + name + ':.*$', 'm')) || [''])[0].trim();
  const body = [line('ice-ufrag'), line('ice-pwd'), 'm=audio 9 RTP/AVP 0', 'a=mid:' + candidate.sdpMid,
    candidate.candidate ? 'a=' + candidate.candidate : 'a=end-of-candidates', ''].join('\r\n');
  const type = { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': etag };
  const response = await fetch(session, { method: 'PATCH', headers: headers(type), body });
  if (!response.ok) log('candidate refused: ' + await said(response));
}

async function look() {
  if (!pc) return;
  for (const stats of (await pc.getStats()).values()) {
    if (stats.type !== 'transport') continue;
    show('dtls', stats.dtlsState);
    const versions = { FEFD: 'DTLS 1.2', FEFC: 'DTLS 1.3', FEFF: 'DTLS 1.0' };
    show('version', versions[String(stats.tlsVersion).toUpperCase()] || stats.tlsVersion);
    show('cipher', stats.dtlsCipher);
    show('role', stats.dtlsRole);
    show('srtp', stats.srtpCipher);
  }
}

async function connect() {
  startedAt = performance.now();
  at('log').textContent = '';
  const kind = at('kind').value;
  const mine = pc = new RTCPeerConnection();
  waiting = [];
  pc.addEventListener('iceconnectionstatechange', () => {
    show('ice', mine.iceConnectionState);
    log('ICE: ' + mine.iceConnectionState);
  });
  pc.addEventListener('connectionstatechange', () => {
    show('connection', mine.connectionState);
    log('connection: ' + mine.connectionState);
    // Chromium answers from what it knew up to 50 ms ago.
    void look();
    setTimeout(look, 100);
    const words = { connected: 'Connected: ICE and DTLS are done.', failed: 'The connection failed.', disconnected: 'The gateway has gone silent.', closed: 'The connection is closed.' };
    show('verdict', words[mine.connectionState] || 'Connecting…');
  });
  pc.addEventListener('icecandidate', ({ candidate }) => { if (candidate) void trickle(candidate); });
  if (at('data').checked) pc.createDataChannel('dtlscope');
  if (at('media').checked)
    for (const media of ['audio', 'video'])
      pc.addTransceiver(media, { direction: kind === 'whip' ? 'sendonly' : 'recvonly' });
  await pc.setLocalDescription();
  const response = await fetch('/' + kind, {
    method: 'POST', headers: headers({ 'content-type': 'application/sdp' }), body: pc.localDescription.sdp,
  });
  if (response.status !== 201) throw new Error('the gateway answered ' + await said(response));
  session = response.headers.get('location');
  etag = response.headers.get('etag');
  log('the gateway answered our offer');
  await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  for (const sender of pc.getSenders()) if (sender.transport) {
    sender.transport.addEventListener('statechange', () => { log('DTLS: ' + sender.transport.state); void look(); });
    break;
  }
  for (const candidate of waiting.splice(0)) await trickle(candidate);
  timer = setInterval(look, 1000);
}

async function disconnect(why) {
  clearInterval(timer);
  const [ended, closing] = [session, pc];
  session = pc = undefined;
  at('connect').disabled = false;
  at('disconnect').disabled = true;
  show('verdict', why);
  for (const id of ['connection', 'ice', 'dtls']) show(id, 'closed');
  // The session goes first: with the connection it would be gone already.
  if (ended) await fetch(ended, { method: 'DELETE', headers: headers({}) }).catch(() => {});
  closing?.close();
}

at('form').addEventListener('submit', (event) => {
  event.preventDefault();
  at('connect').disabled = true;
  at('disconnect').disabled = false;
  show('verdict', 'Connecting…');
  connect().catch((error) => disconnect('Not connected: ' + error.message));
});
at('disconnect').addEventListener('click', () => void disconnect('Disconnected.'));
`;
