/** Every handshake of DTLS 1.2 completes, whatever single thing or pair of things the network does to it, and at random. */
import { credential } from '../support/credentials.ts';
import { lossMatrix } from '../support/lossMatrix.ts';

const ecdsa = await credential('ecdsa-p256');
const longChain = await credential('ecdsa-p256,chain=3,size=3700');

lossMatrix([
  ['a small certificate', {}, { credentials: [ecdsa] }],
  [
    'a cookie and both certificates',
    { credentials: [ecdsa] },
    { credentials: [ecdsa], cookie: true, clientAuth: 'require' },
  ],
  ['one record a datagram', { packing: 'record' }, { packing: 'record', credentials: [ecdsa], cookie: true }],
  ['a 3.7 KB chain at MTU 300', { mtu: 300 }, { mtu: 300, credentials: [longChain], cookie: true }],
  [
    'client certificates of 3.7 KB in one record a datagram at MTU 300',
    { mtu: 300, packing: 'record', credentials: [longChain] },
    { mtu: 300, packing: 'record', credentials: [ecdsa], clientAuth: 'require' },
  ],
]);
