/** DTLS 1.3 in the inspector: headers with and without their mask, what is inside, and where ACKs point. */
import { describe, expect, it } from 'vitest';
import { plaintextFields } from '../../src/analysis/inspect/datagram.ts';
import { finish } from '../../src/analysis/inspect/draft.ts';
import type { FieldTree, InspectedBuffer } from '../../src/analysis/inspect/model.ts';
import type { RecordView } from '../../src/analysis/model.ts';
import { equal } from '../../src/base/bytes.ts';
import { project } from '../../src/trace/buffers.ts';
import { type RecordingName, recordings } from '../support/dtls13.ts';
import { leavesOf, nodesOf, tilingFault } from '../support/fieldTree.ts';
import { field, type Inspected, inspected, inspectedAs, subjectsOf } from '../support/inspecting.ts';
import { recordedTrace } from '../support/reading13.ts';

function opened(name: RecordingName, keys: 'with keys' | 'without keys' = 'with keys'): Inspected {
  const [only] = inspected(recordedTrace(name, keys));
  if (!only) throw new Error(`no handshake in ${name}`);
  return only;
}

/** Every buffer that any subject has a tab for. */
function tabsOf(one: Inspected): InspectedBuffer[] {
  const tabs = new Map<number, InspectedBuffer>();
  for (const subject of subjectsOf(one.handshake))
    for (const tab of inspectedAs(one.inspector, subject).buffers) tabs.set(tab.id, tab);
  return [...tabs.values()];
}

const tab = (one: Inspected, packet: number, record: number, kind: InspectedBuffer['kind']): InspectedBuffer => {
  const found = inspectedAs(one.inspector, { kind: 'record', packet, record }).buffers.find(
    (buffer) => buffer.kind === kind,
  );
  if (!found) throw new Error(`no ${kind} tab`);
  return found;
};
const tree = (one: Inspected, packet: number, record: number, kind: InspectedBuffer['kind']): FieldTree =>
  tab(one, packet, record, kind).tree;

describe.each(['with keys', 'without keys'] as const)('every tab of every recording, %s,', (keys) => {
  it.each(recordings)('of %s is tiled, explained and cited, and nothing in it is unread', (name) => {
    for (const { tree: root, bytes, title } of tabsOf(opened(name, keys))) {
      expect(tilingFault(root, bytes.length), title).toBeUndefined();
      for (const { see, help, id } of nodesOf(root)) {
        expect(see, id).toMatch(/^(RFC \d+|X\.690) §/);
        expect(help, id).toBeDefined();
      }
      expect(leavesOf(root).filter(({ kind }) => kind === 'unread')).toEqual([]);
    }
  });
});

describe('a ciphertext', () => {
  const one = opened('dtls13_nss_mutual_pq');

  it('shows its number as it stands there, and what it is behind the mask', () => {
    const root = tree(one, 4, 2, 'datagram');
    const record = field(root, 'record[2]');
    expect(record).toMatchObject({
      label: 'DTLS 1.3 ciphertext 2/4, handshake: certificate_verify',
      see: 'RFC 9147 §4',
    });
    expect(field(record, 'unified_header.sequence_number').label).toBe('masked; the record is 2/4');
    expect(field(record, 'unified_header.first_byte').label).toBe('epoch ..10, 16-bit number, with length');
    expect(field(record, 'encrypted_record')).toMatchObject({ kind: 'encrypted' });
  });

  it('has a tab for its header without the mask, and one for what it opens to', () => {
    const titles = inspectedAs(one.inspector, { kind: 'record', packet: 4, record: 2 }).buffers.map(
      ({ title }) => title,
    );
    expect(titles).toEqual(['Datagram 4', 'Record 4.3, decrypted', 'Record 4.3, header unmasked']);
    const header = tree(one, 4, 2, 'unmasked');
    expect(header).toMatchObject({ name: 'unified_header', label: 'record 2/4, unmasked', see: 'RFC 9147 §4.2.3' });
    expect(field(header, 'sequence_number').value).toBe('4 (0x0004)');
    expect(field(header, 'length').value).toBe('104 (0x0068)');
  });

  it('is one with its unmasked header, byte for byte, in both directions', () => {
    const header = tab(one, 4, 2, 'unmasked');
    const [record] = [one.handshake.datagrams[3]?.records[2]];
    const start = record?.start ?? 0;
    expect(project(one.analysis.origins, header.id, 1, 3)).toEqual([{ packet: 4, start: start + 1, end: start + 3 }]);
    const datagram = tab(one, 4, 2, 'datagram');
    const links = one.inspector.placesOf({ buffer: datagram.id, start: start + 1, end: start + 3 });
    expect(links).toEqual([{ buffer: header.id, start: 1, end: 3, how: 'sealed', packet: undefined }]);
    expect(one.inspector.placesOf({ buffer: header.id, start: 1, end: 3 })).toEqual([
      { buffer: datagram.id, start: start + 1, end: start + 3, how: 'sealed', packet: 4 },
    ]);
    expect(one.inspector.buffer(header.id)?.title).toBe(header.title);
  });

  it('says without keys what can be told', () => {
    const closed = opened('dtls13_nss_mutual_pq', 'without keys');
    expect(field(tree(closed, 7, 0, 'datagram'), 'record[0]').label).toBe('DTLS 1.3 ciphertext, by its size ack');
    expect(field(tree(closed, 4, 2, 'datagram'), 'record[2].unified_header.sequence_number').label).toBe(
      'masked (RFC 9147 §4.2.3)',
    );
    expect(inspectedAs(closed.inspector, { kind: 'record', packet: 4, record: 2 }).buffers).toHaveLength(1);
  });
});

describe('what a ciphertext opens to', () => {
  it('is content, type and padding', () => {
    const root = tree(opened('dtls13_nss_mutual_pq'), 4, 3, 'decrypted');
    expect(root).toMatchObject({ name: 'DTLSInnerPlaintext', label: 'handshake, decrypted', see: 'RFC 8446 §5.2' });
    expect(root.children.map(({ name }) => name)).toEqual(['handshake[0]', 'type']);
    expect(field(root, 'type')).toMatchObject({ value: '22 (0x16)', label: 'handshake' });
    expect(field(root, 'finished.verify_data').end).toBe(12 + 32);
  });

  it('shows padding as zeros, and an alert or data as such', () => {
    const base = opened('dtls13_nss_mutual_pq').handshake.datagrams[8]?.records[0];
    if (!base?.content) throw new Error('no alert');
    const scene = {
      context: { version: '1.3', keyExchange: undefined },
      message: () => undefined,
      record: () => undefined,
    } as const;
    const of = (contentType: number, content: number[], zeros: number): FieldTree => {
      const record: RecordView = {
        ...base,
        contentType,
        content: { ...base.content, start: 0, end: content.length } as never,
      };
      return finish(
        plaintextFields(record, Uint8Array.from([...content, contentType, ...new Array<number>(zeros).fill(0)]), scene),
      );
    };
    const padded = of(21, [2, 50], 5);
    expect(padded.children.map(({ name, start, end }) => [name, start, end])).toEqual([
      ['alert', 0, 2],
      ['type', 2, 3],
      ['zeros', 3, 8],
    ]);
    expect(field(padded, 'description').label).toBe('decode_error');
    expect(field(padded, 'zeros').label).toBe('5 bytes of padding');
    expect(of(23, [1, 2, 3], 0).children.map(({ name }) => name)).toEqual(['application_data', 'type']);
    expect(of(23, [], 2).children.map(({ name }) => name)).toEqual(['type', 'zeros']);
    expect(tilingFault(of(0, [], 3), 4)).toBeUndefined();
  });

  it('is taken apart down to extensions, certificates and names', () => {
    const one = opened('retry_aes256');
    expect(field(tree(one, 4, 1, 'decrypted'), 'SRTPProtectionProfiles.profile[0]').label).toBe(
      'SRTP_AES128_CM_HMAC_SHA1_80',
    );
    expect(field(tree(one, 4, 2, 'decrypted'), 'subject').label).toBe('CN=nss');
    expect(field(tree(one, 4, 3, 'decrypted'), 'certificate_verify.algorithm').label).toBe('ecdsa_secp256r1_sha256');
    expect(field(tree(one, 7, 0, 'decrypted'), 'new_session_ticket.ticket_lifetime')).toBeDefined();
    expect(field(tree(one, 14, 0, 'decrypted'), 'key_update.request_update').label).toBe('update_requested');
  });
});

describe('an ACK', () => {
  it('leads from each record number to the record that it names', () => {
    const one = opened('dtls13_nss_mutual_pq');
    const numbers = nodesOf(tree(one, 7, 0, 'decrypted')).filter(({ name }) => name.startsWith('record_number['));
    const records = one.handshake.datagrams[4]?.records ?? [];
    expect(numbers.map(({ label, leadsTo }) => [label, leadsTo])).toEqual(
      ['certificate', 'certificate_verify', 'finished'].map((name, i) => [
        `2/${i}: ${name}, in datagram 5`,
        { buffer: one.handshake.datagrams[4]?.buffer, start: records[i]?.start, end: records[i]?.end },
      ]),
    );
  });

  it('says so when what it names was not seen', () => {
    const trace = recordedTrace('dtls13_nss_mutual_pq', 'with keys');
    const events = trace.events.filter((event) => event.kind !== 'datagram' || event.packet !== 5);
    const [one] = inspected({ ...trace, events });
    if (!one) throw new Error('no handshake');
    const [number] = nodesOf(tree(one, 7, 0, 'decrypted')).filter(({ name }) => name === 'record_number[0]');
    expect([number?.label, number?.leadsTo]).toEqual(['2/0, not seen before this ACK', undefined]);
  });
});

describe('a HelloRetryRequest', () => {
  it('has its own name and its own extensions', () => {
    const one = opened('retry_aes256');
    const message = one.handshake.messages.find(({ name }) => name === 'hello_retry_request');
    const [buffer] = message ? inspectedAs(one.inspector, { kind: 'message', key: message.key }).buffers : [];
    expect(buffer?.title).toBe('HelloRetryRequest');
    expect(buffer && field(buffer.tree, 'selected_group').label).toBe('secp256r1');
    expect(buffer && equal(buffer.bytes, message?.body ?? new Uint8Array(0))).toBe(true);
  });
});
