/** tshark's positions and values of fields against ours: the same bytes under the same names. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { FieldTree } from '../../src/analysis/inspect/model.ts';
import { hasTshark } from '../capture/tshark.ts';
import { nodesOf } from '../support/fieldTree.ts';
import { captureDirectory } from '../support/fixtures.ts';
import { inspectedAs, inspectedCapture } from '../support/inspecting.ts';

/** tshark's name of a field, and the end of the path of ours (without the numbers of elements). */
const twins: Readonly<Record<string, RegExp>> = {
  'dtls.record.content_type': /record\.type$/,
  'dtls.record.version': /record\.version$/,
  'dtls.record.epoch': /record\.epoch$/,
  'dtls.record.sequence_number': /record\.sequence_number$/,
  'dtls.record.length': /record\.length$/,
  'dtls.handshake.type': /handshake\.msg_type$/,
  'dtls.handshake.length': /handshake\.length$/,
  'dtls.handshake.message_seq': /handshake\.message_seq$/,
  'dtls.handshake.fragment_offset': /handshake\.fragment_offset$/,
  'dtls.handshake.fragment_length': /handshake\.fragment_length$/,
  'dtls.handshake.version': /(client_version|hello\.server_version|request\.server_version)$/,
  'dtls.handshake.random': /hello\.random$/,
  'dtls.handshake.cookie': /cookie\.data$/,
  'dtls.handshake.cipher_suites_length': /cipher_suites\.length$/,
  'dtls.handshake.ciphersuite': /(cipher_suites\.suite|cipher_suite)$/,
  'dtls.handshake.extensions_length': /hello\.extensions\.length$/,
  'dtls.handshake.extension.type': /extension_type$/,
  'dtls.handshake.extension.len': /extension_data\.length$/,
  'dtls.handshake.extensions_supported_group': /named_group_list\.group$/,
  'dtls.use_srtp.protection_profile': /SRTPProtectionProfiles\.profile$/,
  'dtls.handshake.certificates_length': /certificate_list\.length$/,
  'dtls.handshake.certificate_length': /certificate_list\.certificate\.length$/,
  'dtls.handshake.certificate': /certificate\.Certificate$/,
  'dtls.handshake.server_named_curve': /named_curve$/,
  'dtls.handshake.server_point': /params\.public\.data$/,
  'dtls.handshake.sig_hash_alg': /(server_key_exchange\.algorithm|certificate_verify\.algorithm|algorithms\.scheme)$/,
  'dtls.handshake.sig': /server_key_exchange\.signature\.data$/,
  'dtls.handshake.session_ticket_lifetime_hint': /ticket_lifetime_hint$/,
  'dtls.change_cipher_spec': /change_cipher_spec\.type$/,
  'x509af.signedCertificate_element': /\.tbsCertificate$/,
  'x509af.signature_element': /tbsCertificate\.signature$/,
  'x509af.issuer': /tbsCertificate\.issuer$/,
  'x509af.validity_element': /tbsCertificate\.validity$/,
  'x509af.notBefore': /validity\.notBefore$/,
  'x509af.notAfter': /validity\.notAfter$/,
  'x509af.subject': /tbsCertificate\.subject$/,
  'x509af.subjectPublicKeyInfo_element': /tbsCertificate\.subjectPublicKeyInfo$/,
  'x509af.algorithmIdentifier_element': /Certificate\.signatureAlgorithm$/,
  'x509af.Extension_element': /extensions\.Extension$/,
};

interface Seen {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly show: string;
}

/** Fields of each frame as tshark sees them, with places counted from the UDP payload. */
function tsharkFields(name: string): Map<number, Seen[]> {
  const pdml = execFileSync('tshark', ['-r', `${captureDirectory}${name}.pcapng`, '-T', 'pdml'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 28,
  });
  const out = new Map<number, Seen[]>();
  for (const packet of pdml.split('<packet>').slice(1)) {
    const attribute = (line: string, key: string): string => new RegExp(` ${key}="([^"]*)"`).exec(line)?.[1] ?? '';
    const fields = packet.split('\n').filter((line) => line.includes('<field name='));
    const payload = fields.find((line) => attribute(line, 'name') === 'udp.payload');
    const frame = fields.find((line) => attribute(line, 'name') === 'frame.number');
    if (!payload || !frame) continue;
    const base = Number(attribute(payload, 'pos'));
    const seen = fields.flatMap((line): Seen[] => {
      const start = Number(attribute(line, 'pos')) - base;
      const field = attribute(line, 'name');
      if (!(field in twins) || line.includes(' hide="yes"')) return [];
      return [{ name: field, start, end: start + Number(attribute(line, 'size')), show: attribute(line, 'show') }];
    });
    out.set(Number(attribute(frame, 'show')), seen);
  }
  return out;
}

const twinOf = ({ id }: FieldTree): string | undefined => {
  const path = id.replace(/\[\d+\]/g, '');
  return Object.keys(twins).find((name) => twins[name]?.test(path));
};

/** A number as tshark shows it, decimal or hexadecimal; otherwise nothing to compare. */
const numberOf = (show: string): number | undefined => (/^(0x[0-9a-f]+|\d+)$/.test(show) ? Number(show) : undefined);

describe.runIf(hasTshark)('tshark', () => {
  it.each(['good_mutual_srtp', 'good_ecdhe_rsa', 'dtls10_rsa_cbc', 'bigchain_unsplit'])(
    'sees the same fields at the same places of %s, with the same numbers',
    (name) => {
      const { inspector, handshake } = inspectedCapture(name, 'without keys');
      const theirs = tsharkFields(name);
      let compared = 0;
      const kinds = new Set<string>();
      for (const { packet, records } of handshake.datagrams) {
        const [datagram] = inspectedAs(inspector, { kind: 'datagram', packet }).buffers;
        if (!datagram) throw new Error(`no datagram ${packet}`);
        // tshark shows the fields of a message in its last fragment, at places of the message.
        const cut = records.some(({ fragments }) => fragments.some(({ length, total }) => length < total));
        if (cut || records.some(({ epoch }) => epoch > 0)) continue;
        const ours = nodesOf(datagram.tree).flatMap((node) => {
          const twin = twinOf(node);
          return twin === undefined || node.kind !== 'field' ? [] : [{ twin, node }];
        });
        const asText = (start: number, end: number, twin: string) => `${twin} [${start},${end})`;
        const mine = ours.map(({ twin, node }) => asText(node.start, node.end, twin)).sort();
        const other = (theirs.get(packet) ?? []).map((seen) => asText(seen.start, seen.end, seen.name)).sort();
        expect(mine, `frame ${packet}`).toEqual(other);
        for (const { twin, node } of ours) {
          kinds.add(twin);
          const seen = theirs.get(packet)?.find((one) => one.name === twin && one.start === node.start);
          const number = numberOf(seen?.show ?? '');
          if (number === undefined || !/^\d+ \(0x/.test(node.value ?? '')) continue;
          expect(Number.parseInt(node.value ?? '', 10), node.id).toBe(number);
          compared++;
        }
      }
      expect(compared).toBeGreaterThan(60);
      expect(kinds.size).toBeGreaterThan(20);
    },
  );
});
