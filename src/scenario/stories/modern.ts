/** What browsers and gateways of today fail on: hellos, fragments, record numbers, paths. */
import { chain2700, oneDatagram } from './common.ts';
import type { Story } from './model.ts';

export const modern: readonly Story[] = [
  {
    id: 'fragmented-hello',
    rows: ['1', '2', '5'],
    title: 'A ClientHello in two datagrams gets no answer',
    seen: 'Since a browser was updated it no longer reaches a gateway: ICE connects, the ClientHello goes out again and again, and not one byte of DTLS comes back.',
    cause:
      'The post-quantum key share makes the ClientHello larger than a datagram, and the server reads none that comes in fragments.',
    cure: 'Update the server’s DTLS library (Mbed TLS 3.6.6, OpenSSL 1.1); until then a client without the post-quantum group has a ClientHello that fits one datagram.',
    threads: [
      'espressif/esp-webrtc-solution#175',
      'paullouisageneau/libdatachannel#1520',
      'signalwire/freeswitch#2966',
    ],
    measured:
      'Servers of OpenSSL 3.0 and GnuTLS 3.7 put such a ClientHello together, so they fail only behind something that does not pass it on.',
    failing: {
      label: 'as Chromium 156 sends it',
      target: 'sim:hello-in-one-piece',
      options: { as: ['chromium-156'] },
      gives: {
        outcome: 'no-answer',
        leads: 'client-hello-fragmented-unanswered',
        must: ['post-quantum-key-share'],
      },
    },
    mended: {
      label: 'the same without X25519MLKEM768',
      target: 'sim:hello-in-one-piece',
      options: { as: ['chromium-156'], groups: [oneDatagram] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'cookie-then-silence',
    rows: ['4'],
    title: 'The server asks for a cookie and then falls silent',
    seen: 'The first ClientHello gets a HelloVerifyRequest, the second one, with the cookie, gets nothing, and the server’s log speaks of a fragmented ClientHello.',
    cause:
      'A stateless listener (DTLSv1_listen) verifies the cookie in one datagram alone, and the ClientHello with its post-quantum key share needs two.',
    cure: 'Behind ICE, which has proved the address already, do without the cookie; elsewhere let the client send a ClientHello that fits one datagram.',
    threads: ['openssl/openssl#25380', 'openssl/openssl#27640'],
    measured:
      'The listener of OpenSSL 3.0 takes a ClientHello in fragments as long as the cookie is in the first of them.',
    failing: {
      label: 'as Chromium 156 sends it',
      target: 'sim:cookie-hello-in-one-piece',
      options: { as: ['chromium-156'] },
      gives: { outcome: 'stalled', leads: 'cookie-then-silence', must: ['post-quantum-key-share'] },
    },
    mended: {
      label: 'the same without X25519MLKEM768',
      target: 'sim:cookie-hello-in-one-piece',
      options: { as: ['chromium-156'], groups: [oneDatagram] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'refragmented-resend',
    rows: ['6'],
    title: 'A flight that is cut otherwise when it is sent again',
    seen: 'One lost datagram stops the handshake for good: the flight is sent again and again, every byte of it arrives, and the other side keeps silent.',
    cause:
      'The sender cuts the repetition in other places, as it may, and the receiver puts fragments together only where their borders stay the same.',
    cure: 'Mend the receiver, which must take any overlap (pion has it since v3), or let the sender keep its borders.',
    threads: ['pion/dtls#1099', 'OvenMediaLabs/OvenMediaEngine#2329'],
    failing: {
      label: 'other borders the second time',
      target: 'sim:stable-borders-only',
      options: {
        role: ['server'],
        versions: ['1.2'],
        certGen: [chain2700],
        quirk: ['refragmented-resend'],
        link: ['out:drop=certificate@1500#1'],
      },
      gives: { outcome: 'stalled', leads: 'refragmented-retransmission', must: ['fragment-lost'] },
    },
    mended: {
      label: 'the same borders',
      target: 'sim:stable-borders-only',
      options: {
        role: ['server'],
        versions: ['1.2'],
        certGen: [chain2700],
        link: ['out:drop=certificate@1500#1'],
      },
      gives: { outcome: 'established', leads: 'fragment-lost', mustNot: ['refragmented-retransmission'] },
    },
  },
  {
    id: 'overtaking',
    rows: ['13'],
    title: 'A datagram that overtakes another costs a second',
    seen: 'Nothing is lost, and yet handshakes over some paths take a second longer, or fail where the timers are short.',
    cause:
      'The second fragment of the certificate arrives before the first, and the receiver drops what is not the very next piece, so that everything waits for the timer.',
    cure: 'Let the receiver keep fragments by their offset until the message is whole.',
    threads: [],
    failing: {
      label: 'fragments in their order only',
      target: 'sim:in-order-only',
      options: {
        role: ['server'],
        versions: ['1.2'],
        certGen: [chain2700],
        link: ['out:delay=certificate@0#1,by=100ms'],
      },
      gives: { outcome: 'established', leads: 'reordering-stalls' },
    },
    mended: {
      label: 'fragments in any order',
      target: 'sim',
      options: {
        role: ['server'],
        versions: ['1.2'],
        certGen: [chain2700],
        link: ['out:delay=certificate@0#1,by=100ms'],
      },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'record-numbers-reused',
    rows: ['12'],
    title: 'Repeated records under numbers that were used before',
    seen: 'When the server’s last flight is lost the client sends its own again, as it should, and the server seems deaf until the client gives up.',
    cause:
      'The client sends the very same datagrams again, and the server’s replay window drops records whose numbers it has seen, in silence, as it must.',
    cure: 'Give each record a new number whenever it is sent, also when the message in it is an old one.',
    threads: ['cyassl/cyassl#39', 'zephyrproject-rtos/zephyr#49071', 'eclipse-tinydtls/tinydtls#71'],
    failing: {
      label: 'the same datagrams again',
      target: 'sim',
      options: { versions: ['1.2'], quirk: ['same-record-numbers'], link: ['in:drop=finished#1'] },
      gives: { outcome: 'stalled', leads: 'record-number-reused', mustNot: ['last-flight-lost'] },
    },
    mended: {
      label: 'a new number for each record',
      target: 'sim',
      options: { versions: ['1.2'], link: ['in:drop=finished#1'] },
      gives: { outcome: 'established', leads: 'flight-lost', mustNot: ['record-number-reused'] },
    },
  },
  {
    id: 'last-flight-lost',
    rows: ['14'],
    title: 'The server’s last flight is lost, and it does not send it again',
    seen: 'The server says that it is connected and sends media, while the client goes on repeating its Finished and fails after half a minute.',
    cause:
      'The datagram with the server’s Finished is lost, and the server, which is done, has forgotten the flight and ignores the repetitions that ask for it.',
    cure: 'Let the server answer each repetition of the client’s last flight with its own once more, for twice the maximum segment lifetime (RFC 6347 §4.2.4).',
    threads: ['lynckia/licode#1887', 'pion/dtls#479', 'sipwise/rtpengine#1796', 'Mbed-TLS/mbedtls#9911'],
    failing: {
      label: 'the last flight is sent once',
      target: 'sim:last-flight-once',
      options: { versions: ['1.2'], link: ['in:drop=finished#1'] },
      gives: { outcome: 'stalled', leads: 'last-flight-lost', must: ['flight-lost'] },
    },
    mended: {
      label: 'it is sent when it is asked for',
      target: 'sim',
      options: { versions: ['1.2'], link: ['in:drop=finished#1'] },
      gives: { outcome: 'established', leads: 'flight-lost', mustNot: ['last-flight-lost'] },
    },
  },
  {
    id: 'finished-ack-lost',
    rows: ['16'],
    title: 'DTLS 1.3: the ACK of the client’s Finished is lost, and no other comes',
    seen: 'Both sides are connected and media flows, and the client still repeats its Finished every few seconds, until some stacks give up on a connection that works.',
    cause:
      'The one ACK of the Finished is lost, and the server has thrown away the keys of the handshake, so that it can neither read the repetitions nor acknowledge them.',
    cure: 'Let the server keep the keys of epoch 2 for twice the maximum segment lifetime and acknowledge each repetition (RFC 9147 §5.8.1).',
    threads: ['openssl/openssl#32891', 'wolfSSL/wolfssl#8882'],
    failing: {
      label: 'one ACK and no more',
      target: 'sim:finished-ack-once',
      options: { versions: ['1.3'], groups: [oneDatagram], link: ['in:drop=2'], linger: ['20s'] },
      gives: { outcome: 'established', leads: 'last-flight-lost' },
    },
    mended: {
      label: 'an ACK for each repetition',
      target: 'sim',
      options: { versions: ['1.3'], groups: [oneDatagram], link: ['in:drop=2'], linger: ['20s'] },
      gives: { outcome: 'established', leads: 'retransmission-normal', mustNot: ['last-flight-lost'] },
    },
  },
  {
    id: 'large-datagrams-vanish',
    rows: ['10'],
    title: 'A large certificate, and a path that loses fragments of IP',
    seen: 'With a large certificate the server’s answer never arrives however often it is sent, with a small one it does, and the gateway is blameless by its logs.',
    cause:
      'The flight is larger than the path carries in one packet, so IP cuts it, and a firewall, a tunnel or a mobile network on the way drops all fragments of IP.',
    cure: 'Use an ECDSA certificate without a chain, which fits one packet, and let DTLS cut its flights at 1200 bytes.',
    threads: ['meetecho/janus-gateway#2608', 'dannagle/PacketSender#214', 'expressvpn/wolfssl-rs#249'],
    failing: {
      label: 'a chain of 2,700 bytes',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'], certGen: [chain2700], packing: ['flight'], link: ['mtu=1472'] },
      gives: { outcome: 'no-answer', leads: 'datagram-exceeds-mtu', must: ['flight-unsplit'] },
    },
    mended: {
      label: 'an ECDSA certificate alone',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'], packing: ['flight'], link: ['mtu=1472'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
  {
    id: 'no-pmtu-backoff',
    rows: ['11', '9'],
    title: 'Datagrams that never become smaller, behind a VPN',
    seen: 'Who sits behind a VPN does not connect, all others do, and the server repeats datagrams of the same size until the end.',
    cause:
      'The tunnel carries 1252 bytes and drops what is larger without a word, and the server sends the records again as it had stored them, whatever silence says.',
    cure: 'After two or three timeouts cut the flight into smaller datagrams (RFC 6347 §4.1.1.1, RFC 9147 §4.4), or begin with 1200 bytes.',
    threads: ['wolfSSL/wolfssl#10616', 'Mbed-TLS/mbedtls#1966', 'sipwise/rtpengine#1806'],
    failing: {
      label: '1400 bytes for ever',
      target: 'sim',
      options: {
        role: ['server'],
        versions: ['1.2'],
        certGen: [chain2700],
        mtu: ['1400'],
        quirk: ['no-pmtu-backoff'],
        link: ['vpn-1280'],
      },
      gives: { outcome: 'stalled', leads: 'datagram-exceeds-mtu', must: ['no-pmtu-backoff'] },
    },
    mended: {
      label: 'smaller after silence',
      target: 'sim',
      options: { role: ['server'], versions: ['1.2'], certGen: [chain2700], mtu: ['1400'], link: ['vpn-1280'] },
      gives: { outcome: 'established', leads: 'datagram-exceeds-mtu', mustNot: ['no-pmtu-backoff'] },
    },
  },
];
