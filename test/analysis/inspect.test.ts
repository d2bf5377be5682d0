/** What datagrams, records and messages are made of, on real captures: every byte has a field, every field says what it is. */
import { describe, expect, it } from 'vitest';
import { fieldAround, fieldAt, fieldsCovering, pathAt, pathTo } from '../../src/analysis/inspect/select.ts';
import { equal, toHex } from '../../src/base/bytes.ts';
import { handshakeTypeName } from '../../src/wire/handshake.ts';
import { leavesOf, nodesOf, tilingFault } from '../support/fieldTree.ts';
import { captureNames } from '../support/fixtures.ts';
import {
  buffersOf,
  captures12,
  field,
  inspected,
  inspectedAs,
  inspectedCapture,
  messageOf,
  subjectsOf,
  treeOf,
} from '../support/inspecting.ts';
import { simulated } from '../support/traces.ts';

describe.each(['with keys', 'without keys'] as const)('every buffer of every capture, %s,', (keys) => {
  it.each(captureNames)('of %s is tiled by fields that all have a name, a section and a path of their own', (name) => {
    const buffers = buffersOf(inspectedCapture(name, keys));
    expect(buffers.length).toBeGreaterThan(3);
    for (const { tree, bytes, title } of buffers) {
      expect(tilingFault(tree, bytes.length), title).toBeUndefined();
      const nodes = nodesOf(tree);
      expect(new Set(nodes.map(({ id }) => id)).size, title).toBe(nodes.length);
      for (const { name, see, id, value, label } of nodes) {
        expect(name, id).toMatch(/^\S/);
        expect(see, id).toMatch(/^(RFC \d+|X\.690) §/);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
        expect(`${value}${label}`, id).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
      }
    }
  });

  it('has no field that nobody can explain', () => {
    const silent = new Set<string>();
    for (const name of captureNames) {
      for (const { tree } of buffersOf(inspectedCapture(name, keys)))
        for (const node of nodesOf(tree)) if (node.help === undefined) silent.add(node.id);
    }
    expect([...silent]).toEqual([]);
  });

  it('leaves nothing unread but what was cut', () => {
    const unread: string[] = [];
    for (const name of captureNames) {
      for (const { tree, title } of buffersOf(inspectedCapture(name, keys)))
        for (const { kind, problem } of leavesOf(tree))
          if (kind === 'unread') unread.push(`${name} ${title}: ${problem}`);
    }
    expect(unread).toEqual([
      'pmtu_blackhole Certificate, incomplete: depends on bytes that are missing',
      'trunc Datagram 4: truncated: the header says 238 bytes, 15 are here',
      'trunc Datagram 6: truncated: the header says 1159 bytes, 1101 are here',
      'trunc Datagram 8: truncated: the header says 1159 bytes, 1101 are here',
      'trunc Datagram 10: truncated: the header says 1159 bytes, 1101 are here',
    ]);
  });
});

describe('a tab', () => {
  it('is there for the datagram, what was decrypted of it, and the messages that have only a part there', () => {
    const { inspector, handshake } = inspectedCapture('loss-small');
    const titles = handshake.datagrams.map(({ packet }) =>
      inspectedAs(inspector, { kind: 'datagram', packet }).buffers.map(({ title }) => title),
    );
    expect(titles[0]).toEqual(['Datagram 1']);
    expect(titles[4]).toEqual(['Datagram 5', 'Certificate, reassembled']);
    const finished = handshake.datagrams.filter(({ records }) =>
      records.some(({ protection }) => protection === 'decrypted'),
    );
    expect(finished.map(({ packet }) => titles[packet - 1])).toContainEqual([
      `Datagram ${finished[0]?.packet}`,
      `Record ${finished[0]?.packet}.${finished[0]?.records.length ?? 0}, decrypted`,
    ]);
  });

  it('of a message comes first, and is followed by what brought it and by nothing that repeated it', () => {
    const { inspector, handshake } = inspectedCapture('loss-small');
    const { key } = messageOf(handshake, 11, 'server');
    const { buffers, focus } = inspectedAs(inspector, { kind: 'message', key });
    const [message, ...datagrams] = buffers;
    expect(message).toMatchObject({
      title: 'Certificate, reassembled',
      kind: 'message',
      packet: undefined,
      missing: [],
    });
    expect(focus).toEqual({ buffer: message?.id, start: 0, end: message?.bytes.length });
    const sources = message?.origin.kind === 'reassembled' ? new Set(message.origin.parts.map(({ from }) => from)) : [];
    expect(new Set(datagrams.map(({ id }) => id))).toEqual(sources);
  });

  it('points at what was asked for', () => {
    for (const name of captures12) {
      const { inspector, handshake } = inspectedCapture(name);
      for (const subject of subjectsOf(handshake)) {
        const { buffers, focus } = inspectedAs(inspector, subject);
        expect(buffers[0]?.id).toBe(focus.buffer);
        expect(focus.end).toBeLessThanOrEqual(buffers[0]?.bytes.length ?? -1);
        const at = (buffers[0] && fieldAround(buffers[0].tree, focus.start, focus.end))?.name;
        if (focus.end === focus.start) continue;
        if (subject.kind === 'record') expect(at).toBe(`record[${subject.record}]`);
        if (subject.kind === 'certificate') expect(at).toBe('Certificate');
        if (subject.kind === 'alert') expect(at).toMatch(/^(alert|description|record\[\d+\])$/);
      }
    }
  });

  it('shows a certificate where it lies in its message', () => {
    const { inspector, handshake } = inspectedCapture('bigchain_mtu300');
    const der = handshake.certificates.server.map((one) => one.der);
    expect(der.length).toBe(3);
    der.forEach((bytes, certificate) => {
      const { buffers, focus } = inspectedAs(inspector, { kind: 'certificate', of: 'server', certificate });
      expect(buffers[0]?.title).toBe('Certificate, reassembled');
      expect(equal(buffers[0]?.bytes.subarray(focus.start, focus.end) ?? new Uint8Array(0), bytes)).toBe(true);
    });
  });

  it('is the same one when it is asked for by its number', () => {
    const all = inspectedCapture('good_mutual_srtp');
    for (const buffer of buffersOf(all)) {
      const again = all.inspector.buffer(buffer.id);
      expect(again).toMatchObject({ title: buffer.title, kind: buffer.kind });
      expect(again?.tree).toEqual(buffer.tree);
    }
  });

  it('is not there for what the handshake does not have', () => {
    const { inspector } = inspectedCapture('hole');
    expect(inspector.inspect({ kind: 'datagram', packet: 999 })).toBeUndefined();
    expect(inspector.inspect({ kind: 'record', packet: 1, record: 9 })).toBeUndefined();
    expect(inspector.inspect({ kind: 'fragment', packet: 1, record: 0, fragment: 1 })).toBeUndefined();
    expect(inspector.inspect({ kind: 'message', key: 'server/77' })).toBeUndefined();
    expect(inspector.inspect({ kind: 'alert', alert: 0 })).toBeUndefined();
    expect(inspector.inspect({ kind: 'certificate', of: 'server', certificate: 0 })).toBeUndefined();
  });
});

describe('the fields of messages', () => {
  const ofMessage = (name: string, type: number, from?: 'client' | 'server') => {
    const all = inspectedCapture(name);
    return treeOf(all, messageOf(all.handshake, type, from));
  };

  it('cover every message of DTLS 1.0 and 1.2 that the captures hold', () => {
    const seen = new Set<string>();
    for (const name of captures12) {
      const all = inspectedCapture(name);
      for (const message of all.handshake.messages) {
        const tree = treeOf(all, message);
        expect(tree.name).toBe(handshakeTypeName(message.message));
        // Not one is shown as bytes that nobody took apart.
        if (message.complete && message.total > 0)
          expect(tree.children.map((child) => child.name)).not.toEqual(['data']);
        seen.add(`${all.handshake.parameters.version} ${tree.name}`);
      }
    }
    const of12 = [...seen].filter((one) => one.startsWith('1.2')).map((one) => one.slice(4));
    expect(of12.sort()).toEqual([
      'certificate',
      'certificate_request',
      'certificate_verify',
      'client_hello',
      'client_key_exchange',
      'finished',
      'hello_verify_request',
      'new_session_ticket',
      'server_hello',
      'server_hello_done',
      'server_key_exchange',
    ]);
    const of10 = [...seen].filter((one) => one.startsWith('1.0')).map((one) => one.slice(4));
    expect(of10).toEqual(expect.arrayContaining(['client_key_exchange', 'finished', 'new_session_ticket']));
  });

  it('say number, name, section and meaning', () => {
    const tree = ofMessage('good_mutual_srtp', 2);
    expect(field(tree, 'server_hello.cipher_suite')).toMatchObject({
      value: '49196 (0xc02c)',
      label: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
      see: 'RFC 5246 §7.4.1.3',
      help: 'The suite that the server chose.',
      start: 35,
      end: 37,
    });
    expect(field(tree, 'extensions.extension[3]')).toMatchObject({ label: 'use_srtp' });
    expect(field(tree, 'SRTPProtectionProfiles.profile[0]')).toMatchObject({
      value: '1 (0x0001)',
      label: 'SRTP_AES128_CM_HMAC_SHA1_80',
      see: 'RFC 5764 §4.1.2',
    });
    expect(field(tree, 'session_id').value).toBe('(empty)');
    expect(field(tree, 'random').value).toMatch(/^e4 8a 64 a2( [0-9a-f]{2}){12} … \(32 bytes\)$/);
  });

  it('name the keys and signatures of the key exchange, of 1.2 and of 1.0', () => {
    const exchange = ofMessage('good_mutual_srtp', 12);
    expect(field(exchange, 'params.named_curve').label).toBe('x25519');
    expect(field(exchange, 'params.public').label).toBe('x25519 public key');
    expect(field(exchange, 'server_key_exchange.algorithm').label).toBe('ecdsa_secp256r1_sha256');
    const verify = ofMessage('good_mutual_srtp', 15);
    expect(verify.children.map(({ name, see }) => [name, see])).toEqual([
      ['algorithm', 'RFC 5246 §7.4.1.4.1'],
      ['signature', 'RFC 5246 §4.7'],
    ]);
    const rsa = ofMessage('dtls10_rsa_cbc', 16);
    expect(field(rsa, 'encrypted_pre_master_secret').see).toBe('RFC 5246 §7.4.7.1');
    expect(ofMessage('dtls10_rsa_cbc', 20).see).toBe('RFC 4346 §7.4.9');
    expect(field(ofMessage('good_mutual_srtp', 13), 'authority[0]').label).toMatch(/^CN=/);
  });

  it('go down to what certificates say', () => {
    const tree = ofMessage('bigchain_mtu300', 11);
    const leaf = field(tree, 'certificate[0]');
    expect(leaf.label).toMatch(/^CN=/);
    expect(field(leaf, 'certificate[0].Certificate.tbsCertificate.subject').label).toBe(leaf.label);
    expect(field(leaf, 'tbsCertificate.validity.notAfter').label).toMatch(/^20\d\d-.*Z$/);
    const root = field(tree, 'certificate[2]');
    expect(field(root, 'RSAPublicKey.modulus').label).toBe('4096 bits');
    expect(field(root, 'RSAPublicKey.publicExponent').value).toBe('65537');
    expect(field(root, 'Certificate.signatureAlgorithm').label).toBe('sha256WithRSAEncryption');
    expect(field(root, 'signatureValue.bytes').end - field(root, 'signatureValue.bytes').start).toBe(512);
  });

  it('have the values of the handshake as a whole', () => {
    for (const name of captures12) {
      const all = inspectedCapture(name);
      const { handshake } = all;
      for (const message of handshake.messages.filter(({ complete }) => complete)) {
        const tree = treeOf(all, message);
        if (message.message === 2)
          expect(field(tree, 'cipher_suite').value).toMatch(new RegExp(`^${handshake.parameters.cipherSuite} `));
        if (message.message !== 1) continue;
        const { offer } = handshake.parameters;
        const suites = nodesOf(tree).filter(({ name }) => name.startsWith('suite['));
        expect(suites.map(({ value }) => Number.parseInt(value ?? '', 10))).toEqual(offer?.cipherSuites);
      }
    }
  });
});

describe('the fields of datagrams', () => {
  it('hold messages that are whole in one record, with all their fields', () => {
    const { inspector } = inspectedCapture('good_mutual_srtp');
    const [datagram] = inspectedAs(inspector, { kind: 'datagram', packet: 4 }).buffers;
    if (!datagram) throw new Error('no datagram');
    expect(field(datagram.tree, 'record[0].fragment.handshake[0].server_hello.cipher_suite')).toMatchObject({
      start: 60,
      end: 62,
    });
    expect(field(datagram.tree, 'record[1].fragment.handshake[0].certificate')).toMatchObject({ start: 120, end: 984 });
    // The CertificateRequest is cut: one leaf, which leads to the message.
    const part = field(datagram.tree, 'record[3].fragment.handshake[0].fragment');
    expect(part).toMatchObject({ kind: 'fragment', label: 'certificate_request [0, 27) of 73', children: [] });
    const target = part.leadsTo && inspector.buffer(part.leadsTo.buffer);
    expect(target?.title).toBe('CertificateRequest, reassembled');
  });

  it('tell the parts of protected records apart, by the suite', () => {
    const parts = (name: string, keys: 'with keys' | 'without keys') => {
      const out = new Set<string>();
      const all = inspectedCapture(name, keys);
      for (const { tree } of buffersOf(all).filter(({ kind }) => kind === 'datagram'))
        for (const node of nodesOf(tree)) {
          if (!node.children.some((child) => child.kind === 'encrypted')) continue;
          out.add(
            node.children
              .map((child) => `${child.name}:${child.kind === 'encrypted' ? '' : child.end - child.start}`)
              .join(' '),
          );
          for (const child of node.children.filter(({ kind }) => kind === 'encrypted')) {
            const decrypted = child.leadsTo && all.inspector.buffer(child.leadsTo.buffer);
            expect(decrypted?.kind).toBe(keys === 'with keys' ? 'decrypted' : undefined);
          }
        }
      return [...out];
    };
    expect(parts('good_ecdhe_rsa', 'with keys')).toEqual(['nonce_explicit:8 encrypted: tag:16']);
    expect(parts('good_ecdhe_rsa', 'without keys')).toEqual(['nonce_explicit:8 encrypted: tag:16']);
    expect(parts('dtls10_rsa_cbc', 'with keys')).toEqual(['IV:16 encrypted: MAC:20']);
  });

  it('read decrypted records as they read others', () => {
    const all = inspectedCapture('good_ecdhe_rsa');
    const decrypted = buffersOf(all).filter(({ kind }) => kind === 'decrypted');
    const trees = decrypted.map(({ tree }) => nodesOf(tree).map(({ name }) => name));
    expect(trees.some((names) => names.includes('verify_data'))).toBe(true);
    expect(trees.some((names) => names.includes('application_data'))).toBe(true);
    expect(trees.some((names) => names.includes('description'))).toBe(true);
  });

  it('say of a cut record how much of it there is, and what it would have been', () => {
    const { inspector, handshake } = inspectedCapture('trunc');
    const cut = handshake.datagrams.find(({ leftover }) => leftover);
    const [buffer] = inspectedAs(inspector, { kind: 'datagram', packet: cut?.packet ?? 0 }).buffers;
    const record = buffer?.tree.children.at(-1);
    expect(record).toMatchObject({ name: 'record', problem: 'truncated: the header says 238 bytes, 15 are here' });
    expect(record && field(record, 'handshake[0].fragment')).toMatchObject({ kind: 'unread' });
    expect(record?.children.at(-1)?.label).toBe('certificate');
  });

  it('say of what is no record that it is none', () => {
    const trace = simulated();
    const events = trace.events.map((event) =>
      event.kind === 'datagram' && event.packet === 2
        ? { ...event, bytes: Uint8Array.from([...event.bytes, 22, 254]), length: event.bytes.length + 2 }
        : event,
    );
    const [all] = inspected({ ...trace, events });
    if (!all) throw new Error('no handshake');
    const [buffer] = inspectedAs(all.inspector, { kind: 'datagram', packet: 2 }).buffers;
    const last = buffer?.tree.children.at(-1);
    expect(last).toMatchObject({ kind: 'unread', problem: '2 bytes: less than a record header (13)' });
  });
});

describe('a message that is not all there', () => {
  it('shows what is missing as such, and what came around it', () => {
    const all = inspectedCapture('trunc');
    const certificate = messageOf(all.handshake, 11, 'server');
    const tree = treeOf(all, certificate);
    expect(certificate.missing).toEqual([[1061, 1287]]);
    expect(tilingFault(tree, certificate.total)).toBeUndefined();
    // The signature is cut; all before it is read.
    expect(field(tree, 'tbsCertificate.subject').label).toMatch(/^CN=/);
    expect(field(tree, 'signatureValue.bytes').children.map(({ kind, start, end }) => [kind, start, end])).toEqual([
      ['field', 775, 1061],
      ['missing', 1061, 1287],
    ]);
    const title = all.inspector.buffer(certificate.buffer)?.title;
    expect(title).toBe('Certificate, incomplete');
  });

  it('guesses nothing when the lengths at its beginning are missing', () => {
    const all = inspectedCapture('pmtu_blackhole');
    const certificate = messageOf(all.handshake, 11, 'server');
    expect(treeOf(all, certificate).children.map(({ name, kind }) => [name, kind])).toEqual([
      ['missing [0, 3441)', 'missing'],
      ['unparsed', 'unread'],
    ]);
  });
});

describe('fields by place', () => {
  it('are found at every byte, and by their path', () => {
    for (const name of ['good_mutual_srtp', 'loss-small', 'dtls10_rsa_cbc']) {
      for (const { tree, bytes } of buffersOf(inspectedCapture(name))) {
        for (const leaf of leavesOf(tree).filter(({ start, end }) => start < end)) {
          expect(fieldAt(tree, leaf.start)).toBe(leaf);
          expect(fieldAt(tree, leaf.end - 1)).toBe(leaf);
          expect(fieldAround(tree, leaf.start, leaf.end)?.start).toBe(leaf.start);
          expect(fieldsCovering(tree, leaf.start, leaf.end).map(({ start, end }) => [start, end])).toEqual([
            [leaf.start, leaf.end],
          ]);
          const path = pathTo(tree, leaf.id);
          expect(path).toEqual(pathAt(tree, leaf.start));
        }
        expect(fieldAt(tree, bytes.length)).toBeUndefined();
        expect(fieldAt(tree, -1)).toBeUndefined();
        expect(pathTo(tree, `${tree.id}.nothing`)).toEqual([]);
      }
    }
  });

  it('that cover a range are whole where they can be, and cut where the range cuts them', () => {
    const { inspector } = inspectedCapture('good_mutual_srtp');
    const [datagram] = inspectedAs(inspector, { kind: 'datagram', packet: 4 }).buffers;
    if (!datagram) throw new Error('no datagram');
    const names = (start: number, end: number) => fieldsCovering(datagram.tree, start, end).map(({ name }) => name);
    expect(names(0, 95)).toEqual(['record[0]']);
    expect(names(61, 64)).toEqual(['cipher_suite', 'compression_method', 'length']);
    expect(names(0, datagram.bytes.length)).toEqual(['datagram']);
    expect(fieldAround(datagram.tree, 61, 64)?.name).toBe('server_hello');
    expect(toHex(datagram.bytes.subarray(60, 62))).toBe('c02c');
  });
});
