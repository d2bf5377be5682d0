import { rule } from '../model.ts';
import { evidenceOf } from '../story.ts';

/** Bytes of the hashes that RFC 8122 §5 names. */
const hashLengths: Readonly<Record<string, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};
/** Without what RFC 8122 forbids: md2 and md5. */
const forbidden: ReadonlySet<string> = new Set(['md2', 'md5']);

export const fingerprintUnusable = rule(
  {
    id: 'fingerprint-unusable',
    title: 'An announced fingerprint cannot be used',
    signature:
      'Signalling announced a fingerprint with a hash that nobody knows or that is forbidden (md2, md5), or with another number of bytes than its hash has.',
    doc: {
      why: 'In WebRTC the fingerprint is all that says who the peer is. One that cannot be compared proves nothing: strict peers refuse the session description, or end the handshake with bad_certificate.',
      fix: 'Announce a=fingerprint:sha-256 with 32 bytes in upper-case hexadecimal, with a colon between two.',
    },
    see: 'RFC 8122 §5',
  },
  (handshake) => {
    const faults = handshake.fingerprints.flatMap(({ of, hash, value }) => {
      const name = hash.toLowerCase().replace('-', '');
      const wanted = hashLengths[name];
      if (forbidden.has(name)) return [`${hash} of the ${of}, which is forbidden`];
      if (wanted === undefined) return [`"${hash.slice(0, 32)}" of the ${of}, a hash that nobody knows`];
      return value.length === wanted ? [] : [`${hash} of the ${of} with ${value.length} bytes in place of ${wanted}`];
    });
    if (faults.length === 0) return undefined;
    return {
      severity: 'warning',
      why: `Signalling announced ${faults.join('; ')}. Such a fingerprint cannot be compared with the certificate, so it proves nothing.`,
      fix: 'Announce a=fingerprint:sha-256 with 32 bytes in upper-case hexadecimal, with a colon between two.',
      evidence: evidenceOf(handshake.datagrams.slice(0, 1)),
    };
  },
);
