/**
 * Scenarios with a name: what people ask for by words. Each is a set of option texts, as the command line spells them, on
 * top of the defaults.
 */
import type { GivenOptions } from './scenario.ts';

export interface Preset {
  /** Stable; kebab-case. */
  readonly id: string;
  readonly label: string;
  /** What it shows, and why one would want it. */
  readonly help: string;
  /** Where it goes to, when that is what it is about; otherwise the target stays. */
  readonly target?: string;
  readonly options: GivenOptions;
}

export const presets: readonly Preset[] = [
  {
    id: 'this-browser',
    label: 'This browser',
    help: 'what the WebRTC stack of this very browser sends and takes, on this machine: as server, or with “Our role” server as client',
    target: 'browser',
    options: {},
  },
  {
    id: 'chromium-156',
    label: 'Like Chromium 156',
    help: 'DTLS 1.3 with a post-quantum key share: a ClientHello in two datagrams, sent again after 50 ms, which some gateways can not take',
    options: { as: ['chromium-156'] },
  },
  {
    id: 'firefox-153',
    label: 'Like Firefox 153',
    help: 'DTLS 1.3 with a post-quantum key share and ALPN, in datagrams of up to 1408 bytes that become smaller in silence',
    options: { as: ['firefox-153'] },
  },
  {
    id: 'browser-2016',
    label: 'Like a browser of 2016',
    help: 'DTLS 1.2 with an RSA-2048 certificate and NIST curves before X25519; many gateways were last tested against this',
    options: {
      certGen: ['rsa-2048'],
      suites: [
        'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
      ],
      groups: ['secp256r1,secp384r1,x25519'],
      srtp: ['SRTP_AES128_CM_HMAC_SHA1_80,SRTP_AES128_CM_HMAC_SHA1_32'],
    },
  },
  {
    id: 'rsa-4096-mtu-300',
    label: 'RSA-4096 at MTU 300',
    help: 'our flight in many small datagrams: whether the peer puts fragments together',
    options: { certGen: ['rsa-4096'], mtu: ['300'] },
  },
  {
    id: 'unsplit-flight',
    label: 'Unsplit flight',
    help: 'a whole flight with a large certificate in one datagram, as a memory BIO that is drained at once: IP fragments it, and many paths lose it',
    options: { certGen: ['rsa-4096'], packing: ['flight'] },
  },
  {
    id: 'small-path',
    label: 'A path of 1200 bytes',
    help: 'the network silently drops what is larger, as a tunnel without ICMP does',
    options: { certGen: ['rsa-4096'], mtu: ['1472'], link: ['mtu=1200'] },
  },
  {
    id: 'loss-30',
    label: '30 % loss',
    help: 'three of ten datagrams are lost each way: retransmission has to carry the handshake',
    options: { link: ['loss=30%'] },
  },
  {
    id: 'first-certificate-lost',
    label: 'First certificate fragment lost',
    help: 'one fragment of the peer’s certificate, which DTLS 1.2 sends in the clear, is dropped once: one retransmission later all is well',
    options: { versions: ['1.2'], link: ['in:drop=certificate#1'] },
  },
  {
    id: 'no-timer',
    label: 'A client without a timer',
    help: 'we send every flight once, as a stack whose DTLS timer nobody drives, while a third of the datagrams get lost: what the peer’s timer alone can mend',
    options: { quirk: ['no-retransmission'], link: ['loss=30%'] },
  },
  {
    id: 'slow-uplink',
    label: 'A slow uplink',
    help: '225 kbit/s with a queue of 20 KB and 70 ms each way',
    options: { link: ['out:rate=225kbit/s,queue=20KB', 'delay=70ms±20ms'] },
  },
];
