/**
 * Files that leave the panel. Sanitised unless the second step was taken; what that step would add is counted here, so
 * that the question can name it. Nothing is sent anywhere: a file goes from memory to the browser's downloads.
 */
import { toPcapng } from '../src/capture/write.ts';
import type { Trace } from '../src/trace/model.ts';
import { toSqlog } from '../src/trace/qlog/write.ts';

export const fileKinds = ['sqlog', 'pcapng'] as const;
export type FileKind = (typeof fileKinds)[number];

/** The bytes or text of a file. */
export function contentsOf(trace: Trace, kind: FileKind, withKeys: boolean): string | Uint8Array {
  switch (kind) {
    case 'sqlog':
      return toSqlog(trace, { withKeys });
    case 'pcapng':
      return toPcapng(trace, { withKeys });
  }
}

/** "dtlscope-3-127.0.0.1-4433.sqlog": a name that every file system takes; keys are in the name too. */
export function fileName(
  run: { readonly number: number; readonly target: string },
  kind: FileKind,
  withKeys: boolean,
): string {
  const target = run.target
    .replace(/[^A-Za-z0-9.-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `dtlscope-${run.number}-${target}${withKeys ? '-with-keys' : ''}.${kind}`;
}

/** Hands a file to the browser's downloads. */
export function download(name: string, contents: string | Uint8Array): void {
  const part = typeof contents === 'string' ? contents : Uint8Array.from(contents);
  const url = URL.createObjectURL(new Blob([part], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has its own hold on the blob once it began; a moment later ours can go.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
