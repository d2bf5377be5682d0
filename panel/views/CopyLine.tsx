/** A command to copy. The clipboard API may be closed to a panel inside DevTools; the old way works there. */
import { type ReactElement, useState } from 'react';

export function CopyLine({ text }: { readonly text: string }): ReactElement {
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no');
  return (
    <span className="copy-line">
      <code>{text}</code>
      <button
        type="button"
        onClick={async () => {
          setCopied((await copyText(text)) ? 'yes' : 'failed');
        }}
      >
        Copy
      </button>
      <span role="status" className="dim">
        {copied === 'yes' ? 'copied' : copied === 'failed' ? 'select the text and copy it by hand' : ''}
      </span>
    </span>
  );
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'off-screen';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
