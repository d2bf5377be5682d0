/** An on-path attacker with a pencil: a link that changes handshake messages and leaves everything else as it is. */
import { carries, faithful, type LinkRule } from './pair.ts';
import { rawFragment, rawFragments, rawRecord, rawRecords } from './raw.ts';

/** Changes the body of one handshake message of epoch 0 in flight; lengths follow. The message comes in one fragment. */
export const rewriting =
  (message: number, change: (body: Uint8Array) => Uint8Array): LinkRule =>
  (sent) => {
    if (!carries(sent, message)) return faithful(sent);
    const records = rawRecords(sent.bytes).map((record) => {
      const [fragment] = record.type === 22 && record.epoch === 0 ? rawFragments(record.body) : [];
      if (fragment?.type !== message) return rawRecord(record);
      const body = change(Uint8Array.from(fragment.body));
      return rawRecord({ ...record, body: rawFragment({ type: message, seq: fragment.seq, body }) });
    });
    return [{ bytes: Uint8Array.from(records.flatMap((bytes) => [...bytes])) }];
  };
