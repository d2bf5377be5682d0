/** Every handshake of DTLS 1.3 completes, whatever single thing or pair of things the network does to it, and at random. */
import { credential } from '../support/credentials.ts';
import { lossMatrix } from '../support/lossMatrix.ts';
import { bothVersions, only13, x25519MlKem768 } from '../support/settings13.ts';

const ecdsa = await credential('ecdsa-p256');
const longChain = await credential('ecdsa-p256,chain=3,size=3700');
/** A hello that never fits one datagram. */
const postQuantum = { ...bothVersions, groups: [x25519MlKem768, 0x1d, 0x17] };
/** A group of which the client sends no share. */
const otherGroup = { ...only13, groups: [0x17] };

lossMatrix([
  ['DTLS 1.3 and a small certificate', only13, { ...only13, credentials: [ecdsa] }],
  [
    'DTLS 1.3, a post-quantum hello and both certificates',
    { ...postQuantum, credentials: [ecdsa] },
    { ...postQuantum, credentials: [ecdsa], clientAuth: 'require' },
  ],
  [
    'DTLS 1.3, a HelloRetryRequest with cookie and group, and both certificates',
    { ...only13, credentials: [ecdsa] },
    { ...otherGroup, credentials: [ecdsa], clientAuth: 'require', cookie: true },
  ],
  [
    'DTLS 1.3, a HelloRetryRequest without a cookie, and a 3.7 KB chain at MTU 300',
    { ...only13, mtu: 300 },
    { ...otherGroup, mtu: 300, credentials: [longChain] },
  ],
  [
    'DTLS 1.3 and client certificates of 3.7 KB in one record a datagram at MTU 300',
    { ...only13, mtu: 300, packing: 'record', credentials: [longChain] },
    { ...only13, mtu: 300, packing: 'record', credentials: [ecdsa], clientAuth: 'require' },
  ],
]);
