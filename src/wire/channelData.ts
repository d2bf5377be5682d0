/**
 * ChannelData, the short form in which a TURN relay and its client pass datagrams on (RFC 8656 §12.4). Over UDP it may have
 * padding or none; what stands there is kept.
 */
import { type Codec, cite, opaque, rest, u16 } from '../codec/codec.ts';

/** Channels that a client may bind (RFC 8656 §12). */
export const firstChannel = 0x4000;
export const lastChannel = 0x4fff;
/** Bytes in front of the data. */
export const channelHeaderLength = 4;

export interface ChannelData {
  readonly channel: number;
  readonly data: Uint8Array;
  /** Up to three bytes behind the data; absent when there are none. */
  readonly padding?: Uint8Array;
}

const number: Codec<number> = {
  read(r) {
    const at = r.pos;
    const value = u16.read(r);
    if (value < firstChannel || value > lastChannel) r.fail('bad-value', `${value} is no channel number`, at);
    return value;
  },
  write: (w, value) => w.uint(value, 2),
};
const data = opaque(0, 0xffff);

export const channelData: Codec<ChannelData> = cite('RFC 8656 §12.4', {
  read(r) {
    const channel = r.field('channel_number', number);
    const body = r.field('application_data', data);
    if (r.left > 3) r.fail('trailing', `${r.left} bytes left over`);
    return { channel, data: body, ...(r.left > 0 && { padding: r.field('padding', rest) }) };
  },
  write(w, value) {
    number.write(w, value.channel);
    data.write(w, value.data);
    if (value.padding) w.put(value.padding);
  },
});
