/** What browsers and gateways of today fail on. */
import type { Story } from './model.ts';

export const modern: readonly Story[] = [
  {
    id: 'fragmented-hello',
    rows: ['1', '2', '5'],
    title: 'A ClientHello in two datagrams gets no answer',
    seen: 'Since a browser was updated it reaches a gateway no more: ICE connects, the ClientHello goes out again and again, and not one byte of DTLS comes back.',
    cause:
      'The post-quantum key share makes the ClientHello larger than a datagram, and the server reads none that comes in fragments.',
    cure: 'Update the server’s DTLS library (Mbed TLS 3.6.6, OpenSSL 1.1); until then a client without the post-quantum group has a ClientHello that fits one datagram.',
    threads: [
      'espressif/esp-webrtc-solution#175',
      'paullouisageneau/libdatachannel#1520',
      'signalwire/freeswitch#2966',
    ],
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
      options: { as: ['chromium-156'], groups: ['x25519,secp256r1,secp384r1'] },
      gives: { outcome: 'established', leads: undefined },
    },
  },
];
