/**
 * The four invariants of every codec, checked on one input: leaves tile it, what is accepted is written back byte for
 * byte, anything else is a `DecodeError` inside it, and `decode` and `dissect` agree.
 */
import { equal, toHex } from '../../src/base/bytes.ts';
import { type Codec, dissect, encode, tryDecode } from '../../src/codec/codec.ts';
import { tilingFault } from './fieldTree.ts';

/** What is wrong, or `undefined`; and whether the input was accepted. */
export function invariantFault<T>(
  codec: Codec<T>,
  input: Uint8Array,
): { readonly accepted: boolean; readonly fault: string | undefined } {
  // Anything but a DecodeError is thrown on: the test fails with it.
  const plain = tryDecode(codec, input);
  const seen = dissect(codec, 'input', input);
  const fail = (what: string) => ({ accepted: plain.ok, fault: `${what}: ${toHex(input)}` });

  const hole = tilingFault(seen.root, input.length);
  if (hole) return fail(`leaves do not tile: ${hole}`);
  if (plain.ok !== seen.ok) return fail('decode and dissect disagree on whether it is good');
  if (plain.ok && seen.ok) {
    if (!equal(encode(codec, plain.value), input)) return fail('written back, it is different');
    if (!equal(encode(codec, seen.value), input)) return fail('decode and dissect give different values');
  } else if (!plain.ok && !seen.ok) {
    const { at, code, path } = plain.error;
    if (!(Number.isInteger(at) && at >= 0 && at <= input.length)) return fail(`the fault lies outside, at ${at}`);
    if (at !== seen.error.at || code !== seen.error.code || seen.error.path !== path)
      return fail(`decode says ${plain.error.message}, dissect ${seen.error.message}`);
  }
  return { accepted: plain.ok, fault: undefined };
}
