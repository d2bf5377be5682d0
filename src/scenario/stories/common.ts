/** Option texts that several stories have. */

/** A leaf and two issuers of 2,700 bytes, of which there is a test key. */
export const chain2700 = 'ecdsa-p256,chain=3,ca=rsa-2048,size=2700';

/** A ClientHello without a post-quantum key share, which fits one datagram. */
export const oneDatagram = 'x25519,secp256r1,secp384r1';
