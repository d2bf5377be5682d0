/** Files that are packed with gzip, as browsers save their dumps and many keep their captures. */
import { type GivenFile, largestFile } from './opening.ts';

export const isPacked = ({ bytes }: GivenFile): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The file as it was before it was packed; as it is where it was not, can't be unpacked, or is too large for the panel. */
export async function unpacked(file: GivenFile): Promise<GivenFile> {
  if (!isPacked(file)) return file;
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    const stream = new Blob([Uint8Array.from(file.bytes)]).stream().pipeThrough(new DecompressionStream('gzip'));
    const reader = stream.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.length;
      if (size > largestFile) {
        await reader.cancel();
        return file;
      }
      parts.push(part.value);
    }
  } catch {
    return file;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { name: file.name.replace(/\.gz$/i, ''), bytes };
}
