/** The ClientHellos that profiles were made from. */
import { fileURLToPath } from 'node:url';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

export interface CapturedHello {
  readonly id: string;
  readonly file: string;
  readonly length: number;
  /** Extensions of the shape that this stack's first hello does not have. */
  readonly absent: readonly string[];
  /** What the tool was told to offer, where that is the application's choice. */
  readonly srtp: readonly number[];
  readonly alpn: readonly string[];
}

export const capturedHellos: readonly CapturedHello[] = [
  {
    id: 'chromium-156',
    file: fixture('captures/chromium-clienthello.bin'),
    length: 1413,
    absent: ['application_layer_protocol_negotiation'],
    srtp: [],
    alpn: [],
  },
  {
    id: 'firefox-153',
    file: fixture('captures/firefox-clienthello.bin'),
    length: 1461,
    absent: [],
    srtp: [],
    alpn: [],
  },
  {
    id: 'openssl-3.0',
    file: fixture('clienthello/openssl-3.0.bin'),
    length: 204,
    absent: [],
    srtp: [7, 1],
    alpn: ['webrtc'],
  },
  {
    id: 'gnutls',
    file: fixture('clienthello/gnutls-3.7.bin'),
    length: 216,
    absent: [],
    srtp: [1],
    alpn: ['webrtc'],
  },
  {
    id: 'pion',
    file: fixture('clienthello/pion-2.2.bin'),
    length: 112,
    absent: ['application_layer_protocol_negotiation'],
    srtp: [7, 1],
    alpn: [],
  },
  {
    id: 'mbedtls-2.28',
    file: fixture('clienthello/mbedtls-2.28.bin'),
    length: 283,
    absent: [],
    srtp: [1],
    alpn: [],
  },
  {
    id: 'wolfssl-5.5',
    file: fixture('clienthello/wolfssl-5.5.bin'),
    length: 234,
    absent: [],
    srtp: [],
    alpn: [],
  },
];
