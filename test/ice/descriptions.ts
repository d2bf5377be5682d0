/** Session descriptions as the browsers and Janus write them, shortened to what matters, with made-up credentials. */
export const sha256A =
  '6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08';
export const sha256B =
  'D2:B9:31:8F:DF:24:D8:0E:ED:D2:EF:25:9E:AF:6F:B8:34:AE:53:9C:E6:F3:8F:F2:64:15:FA:E8:7F:53:2D:38';

export const lines = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => `${line.trim()}\r\n`)
    .join('');

export const chromiumOffer = lines(`
  v=0
  o=- 6102519571546218123 2 IN IP4 127.0.0.1
  s=-
  t=0 0
  a=group:BUNDLE 0 1 2
  a=extmap-allow-mixed
  a=msid-semantic: WMS 1f0e
  m=audio 54609 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
  c=IN IP4 192.0.2.7
  a=rtcp:9 IN IP4 0.0.0.0
  a=candidate:2871529 1 udp 2122260223 192.0.2.7 54609 typ host generation 0 network-id 1 network-cost 10
  a=candidate:842163 1 udp 1686052607 198.51.100.4 54609 typ srflx raddr 192.0.2.7 rport 54609 generation 0 network-id 1
  a=candidate:99 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0 network-id 1
  a=ice-ufrag:EsAw
  a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y
  a=ice-options:trickle renomination
  a=fingerprint:sha-256 ${sha256A}
  a=setup:actpass
  a=mid:0
  a=sendrecv
  a=rtcp-mux
  a=rtpmap:111 opus/48000/2
  a=rtcp-fb:111 transport-cc
  a=fmtp:111 minptime=10;useinbandfec=1
  a=rtpmap:63 red/48000/2
  a=rtpmap:9 G722/8000
  a=rtpmap:0 PCMU/8000
  a=rtpmap:13 CN/8000
  a=rtpmap:126 telephone-event/8000
  m=video 9 UDP/TLS/RTP/SAVPF 97 96 102
  c=IN IP4 0.0.0.0
  a=ice-ufrag:EsAw
  a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y
  a=ice-options:trickle renomination
  a=fingerprint:sha-256 ${sha256A}
  a=setup:actpass
  a=mid:1
  a=recvonly
  a=rtcp-mux
  a=rtpmap:97 rtx/90000
  a=fmtp:97 apt=96
  a=rtpmap:96 VP8/90000
  a=rtpmap:102 H264/90000
  m=application 9 UDP/DTLS/SCTP webrtc-datachannel
  c=IN IP4 0.0.0.0
  a=ice-ufrag:EsAw
  a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y
  a=fingerprint:sha-256 ${sha256A}
  a=setup:actpass
  a=mid:2
  a=sctp-port:5000
  a=max-message-size:262144
`);

/** A gateway that is ICE-lite, with everything of the connection at the session's level. */
export const gatewayAnswer = lines(`
  v=0
  o=- 1 1 IN IP4 203.0.113.9
  s=gateway
  t=0 0
  a=ice-lite
  a=group:BUNDLE 0 1 2
  a=fingerprint:sha-256 ${sha256B}
  a=setup:passive
  a=ice-ufrag:9xYz
  a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
  m=audio 9 UDP/TLS/RTP/SAVPF 111
  c=IN IP4 203.0.113.9
  a=mid:0
  a=recvonly
  a=rtcp-mux
  a=rtpmap:111 opus/48000/2
  a=candidate:1 1 udp 2013266431 203.0.113.9 20001 typ host
  a=candidate:2 1 udp 2013266430 2001:db8::9 20001 typ host
  a=end-of-candidates
  m=video 9 UDP/TLS/RTP/SAVPF 96
  c=IN IP4 203.0.113.9
  a=mid:1
  a=inactive
  a=rtcp-mux
  a=rtpmap:96 VP8/90000
  m=application 9 UDP/DTLS/SCTP webrtc-datachannel
  c=IN IP4 203.0.113.9
  a=mid:2
  a=sctp-port:5000
`);

/** `text` with lines replaced: each pair is a line as it stands there and what takes its place, everywhere. */
export const edited = (
  text: string,
  ...edits: readonly (readonly [from: string, to: string | undefined])[]
): string => {
  let out = text;
  for (const [from, to] of edits) {
    if (!out.includes(`${from}\r\n`)) throw new Error(`no line "${from}"`);
    out = out.replaceAll(`${from}\r\n`, to === undefined ? '' : `${to}\r\n`);
  }
  return out;
};

/** Audio and a data channel, as aiortc 1.4 offers them: bundled, and each with a transport of its own until the answer comes. */
export const aiortcOffer = lines(`
  v=0
  o=- 4004307576 4004307576 IN IP4 0.0.0.0
  s=-
  t=0 0
  a=group:BUNDLE 0 1
  a=msid-semantic:WMS *
  m=audio 44269 UDP/TLS/RTP/SAVPF 96 0 8
  c=IN IP4 192.0.2.7
  a=sendrecv
  a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
  a=mid:0
  a=msid:179d6157-a4c1-4ac4-bbb9-4812791b516b c8747b30-010f-4810-8ab5-5a1a38d5cf80
  a=rtcp:9 IN IP4 0.0.0.0
  a=rtcp-mux
  a=ssrc:3698087517 cname:1a6b50de-265b-4457-a32e-92efb973aa2a
  a=rtpmap:96 opus/48000/2
  a=rtpmap:0 PCMU/8000
  a=rtpmap:8 PCMA/8000
  a=candidate:d175cf607b0d08878b53517f98f658d6 1 udp 2130706431 192.0.2.7 44269 typ host
  a=end-of-candidates
  a=ice-ufrag:HSJh
  a=ice-pwd:GHGpd3fCQiRC0VsnUYtUtb
  a=fingerprint:sha-256 ${sha256A}
  a=setup:actpass
  m=application 45133 DTLS/SCTP 5000
  c=IN IP4 192.0.2.7
  a=mid:1
  a=sctpmap:5000 webrtc-datachannel 65535
  a=max-message-size:65536
  a=candidate:d175cf607b0d08878b53517f98f658d6 1 udp 2130706431 192.0.2.7 45133 typ host
  a=end-of-candidates
  a=ice-ufrag:2Ey8
  a=ice-pwd:31787MBSYxnjwFloWYPkfN
  a=fingerprint:sha-256 ${sha256A}
  a=setup:actpass
`);
