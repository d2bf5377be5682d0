/** Failures of what two sides agree on, or believe to have: roles, certificates, timers, keys, media. */
import type { Story } from './model.ts';

/** Of the test key that a simulated server shows, and of another certificate. */
const right = 'sha-256 5A:D8:33:85:58:82:CC:19:DC:A4:69:6A:60:6D:0D:BD:30:D1:30:EC:1E:1C:3E:CF:2D:37:0A:AB:C6:AA:13:83';
const another =
  'sha-256 62:31:B0:17:64:78:CD:25:C4:09:C9:4C:06:74:09:9F:D0:A2:76:FD:51:9E:C1:9C:F2:59:FD:09:71:95:89:77';

export const agreements: readonly Story[] = [
  {
    id: 'both-passive',
    rows: ['23', '25'],
    title: 'Both sides wait for the other to begin',
    seen: 'ICE connects, its checks go on and on, and not one record of DTLS is sent by either side.',
    cause:
      'Each side takes itself for the DTLS server and waits for a ClientHello, because the answer said a=setup:passive (or actpass, which is none) and the offerer waits all the same.',
    cure: 'Answer an offer of actpass with active, or do as the answer says: when it is passive, the offerer is the client.',
    threads: ['otalk/rtcpeerconnection-shim#173', 'OvenMediaLabs/OvenMediaEngine#2314'],
    failing: {
      label: 'nobody begins',
      target: 'sim:both-passive',
      options: { role: ['server'], versions: ['1.2'] },
      gives: { outcome: 'no-answer', leads: 'both-passive' },
    },
    mended: {
      label: 'one of them is active',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'both-active',
    rows: ['24'],
    title: 'Both sides begin',
    seen: 'A ClientHello comes from either side, each of them is repeated, and nothing else follows but perhaps an alert about an unexpected message.',
    cause:
      'The role that one side announced in a=setup is not the one that its DTLS library plays, often after a second offer or an ICE restart.',
    cure: 'Take the DTLS role from one place, which is what the answer’s a=setup settles, and keep it for as long as the association lives.',
    threads: ['emiago/diago#174', 'meetecho/janus-gateway#3020', 'aiortc/aiortc#223', 'pion/webrtc#494'],
    failing: {
      label: 'two clients',
      target: 'sim:both-active',
      options: { versions: ['1.2'] },
      gives: { outcome: 'stalled', leads: 'both-active' },
    },
    mended: {
      label: 'a client and a server',
      target: 'sim',
      options: { versions: ['1.2'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'fingerprint-mismatch',
    rows: ['28'],
    title: 'The certificate is not the one that signalling announced',
    seen: 'DTLS ends with an alert about a bad certificate right after the certificate came, or completes and is closed at once.',
    cause:
      'The a=fingerprint in the description is that of another certificate: the gateway has several, made a new one since, or something between the two rewrote the description.',
    cure: 'Write the fingerprint of the certificate that this very transport will show, into every media section of it.',
    threads: ['paullouisageneau/libdatachannel#1390', 'pion/webrtc#3296', 'jitsi/jitsi-videobridge#78'],
    failing: {
      label: 'the fingerprint of another certificate',
      target: 'sim',
      options: { versions: ['1.2'], fingerprint: [another] },
      gives: { outcome: 'fingerprint-mismatch', leads: 'fingerprint-mismatch', must: ['alert-explained'] },
    },
    mended: {
      label: 'its own',
      target: 'sim',
      options: { versions: ['1.2'], fingerprint: [right] },
      gives: { outcome: 'established', leads: 'fingerprint-match' },
    },
  },
  {
    id: 'rto-below-rtt',
    rows: ['40'],
    title: 'A timer shorter than the round trip',
    seen: 'Over a satellite or a far relay the flights come two, three or four times, two different ServerHellos among them, and then one side ends it with an alert.',
    cause:
      'The client sends its ClientHello again after 50 ms though an answer takes 600 ms, and the server begins a new handshake with every copy, so that the two sides hash different messages.',
    cure: 'Take the first timer from the round trip that ICE has measured, or 1 s, and let the server answer a repeated ClientHello with the same flight.',
    threads: [
      'awslabs/amazon-kinesis-video-streams-webrtc-sdk-c#883',
      'zephyrproject-rtos/zephyr#49071',
      'randombit/botan#2498',
    ],
    failing: {
      label: 'a first timer of 50 ms',
      target: 'sim:hello-answered-anew',
      options: { versions: ['1.2'], rto: ['50ms'], link: ['delay=300ms'] },
      gives: { outcome: 'alert-received', leads: 'interleaved-handshakes', must: ['alert-explained'] },
    },
    mended: {
      label: 'a first timer of 1 s',
      target: 'sim:hello-answered-anew',
      options: { versions: ['1.2'], rto: ['1s'], link: ['delay=300ms'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'storm',
    rows: ['15'],
    title: 'Last flights without end',
    seen: 'The handshake has completed, and the last flight is still sent many times a second; with some browsers the connection fails after a quarter of a minute.',
    cause:
      'The server treats its last flight as one that waits for an answer, and starts its timer anew with each repetition of the client’s, although nothing answers a last flight.',
    cure: 'Answer a repetition of the other side’s last flight once, and run no timer after one’s own.',
    threads: ['pion/dtls#424', 'pion/dtls#676', 'randombit/botan#5835'],
    failing: {
      label: 'the last flight on a timer',
      target: 'sim:storm-after-finished',
      options: { versions: ['1.2'] },
      gives: { outcome: 'established', leads: 'retransmission-storm' },
    },
    mended: {
      label: 'the last flight once',
      target: 'sim',
      options: { versions: ['1.2'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'hashed-twice',
    rows: ['42'],
    title: 'A message that came twice is hashed twice',
    seen: 'A small part of the handshakes ends with decrypt_error or bad_certificate, always where something was lost or late, never in the laboratory.',
    cause:
      'A message that is repeated goes into the hash over the handshake a second time, so that Finished and CertificateVerify are computed over something that nobody sent.',
    cure: 'Hash each message once, by its message_seq, as if it had come in one fragment.',
    threads: ['erlang/otp#11075', 'meetecho/janus-gateway#136'],
    failing: {
      label: 'hashed again, after one loss',
      target: 'sim:hashed-twice',
      options: { role: ['server'], versions: ['1.2'], link: ['in:drop=client_key_exchange#1'] },
      gives: { outcome: 'alert-sent', leads: 'finished-decrypt-failure', must: ['alert-explained', 'flight-lost'] },
    },
    mended: {
      label: 'hashed once, after the same loss',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'], link: ['in:drop=client_key_exchange#1'] },
      gives: { outcome: 'established', leads: 'flight-lost', mustNot: ['finished-decrypt-failure'] },
    },
  },
  {
    id: 'tls-labels',
    rows: ['17'],
    title: 'DTLS 1.3 with the key labels of TLS',
    seen: 'As soon as both sides speak DTLS 1.3 the client acknowledges the ServerHello and nothing behind it, and the server repeats its flight in vain.',
    cause:
      'The server derives its keys with the label “tls13 ” where DTLS 1.3 has “dtls13”, so that the client can open nothing that is encrypted.',
    cure: 'Use the label “dtls13” in every HKDF-Expand-Label of DTLS 1.3 (RFC 9147 §5.9).',
    threads: ['bcgit/bc-java#2441', 'jitsi/jitsi-videobridge#2451'],
    failing: {
      label: 'the label of TLS',
      target: 'sim:tls13-labels',
      options: { versions: ['1.3'], groups: ['x25519,secp256r1'] },
      gives: { outcome: 'stalled', leads: 'only-server-hello-acknowledged' },
    },
    mended: {
      label: 'the label of DTLS',
      target: 'sim',
      options: { versions: ['1.3'], groups: ['x25519,secp256r1'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'old-version',
    rows: ['22'],
    title: 'A gateway that speaks DTLS 1.0 alone',
    seen: 'An old gateway works with old telephones, and every browser of today ends the handshake with protocol_version as soon as the ServerHello is there.',
    cause:
      'The gateway’s library, or the method that it was told to use, knows DTLS 1.0 alone, which browsers no longer speak.',
    cure: 'Use OpenSSL 1.1 or newer, and DTLS_method in place of DTLSv1_method.',
    threads: ['meetecho/janus-gateway#1560', 'meetecho/janus-gateway#1555', 'open-webrtc-toolkit/owt-server#487'],
    failing: {
      label: 'DTLS 1.0',
      target: 'sim:dtls-1.0',
      options: { versions: ['1.2'] },
      gives: { outcome: 'alert-sent', leads: 'version-mismatch', must: ['alert-explained'] },
    },
    mended: {
      label: 'DTLS 1.2',
      target: 'sim',
      options: { versions: ['1.2'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'no-srtp',
    rows: ['26'],
    title: 'DTLS completes, and there are no keys for media',
    seen: 'The handshake completes, data channels may even work, and the browser plays nothing, or ends the connection with insufficient_security.',
    cause:
      'The server leaves use_srtp out of its answer, as libraries do that were not told of any SRTP profile, so that the two sides have no keys for media.',
    cure: 'Set the SRTP profiles in every DTLS context of the server, also where a session begins without media.',
    threads: ['pion/dtls#356', 'paullouisageneau/libdatachannel#383', 'rtcweb-wg/jsep#1035'],
    failing: {
      label: 'no use_srtp in the answer',
      target: 'sim:no-use-srtp',
      options: { versions: ['1.2'] },
      gives: { outcome: 'established', leads: 'srtp-not-negotiated' },
    },
    mended: {
      label: 'use_srtp in the answer',
      target: 'sim',
      options: { versions: ['1.2'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'stale-association',
    rows: ['37'],
    title: 'A client that begins anew from the same port',
    seen: 'After a page was reloaded or a phone switched networks and back, the new ClientHello gets no answer until the old connection has timed out.',
    cause:
      'The new ClientHello comes from the address of an association that the server still holds to be alive, and the server takes it for an old message.',
    cure: 'Let the server answer a new ClientHello on a live address with a cookie, and replace the old association once the client has returned it (RFC 6347 §4.2.8).',
    threads: ['pion/dtls#253', 'pion/dtls#479', 'openssl/openssl#3283'],
    failing: {
      label: 'the client begins anew on its old port',
      target: 'sim:begins-anew',
      options: { role: ['server'], versions: ['1.2'] },
      gives: { outcome: 'established', leads: 'stale-association' },
    },
    mended: {
      label: 'a new association, on other ports',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
];
