/** Text to copy. The clipboard API may be closed to a panel inside DevTools; the old way works there. */
import { type ReactElement, useState } from 'react';

interface LineProps {
  readonly text: string;
  /** What the button copies, for who can't see that it stands beside it: "the command". */
  readonly name?: string;
}

/** The text, and a button that copies it. */
export function CopyLine({ text, name }: LineProps): ReactElement {
  return (
    <span className="copy-line">
      <code>{text}</code>
      <CopyButton text={text} label="Copy" name={name === undefined ? undefined : `Copy ${name}`} />
    </span>
  );
}

interface ButtonProps {
  readonly text: string;
  readonly label: string;
  /** The button's name where its label alone says too little. */
  readonly name?: string | undefined;
}

export function CopyButton({ text, label, name }: ButtonProps): ReactElement {
  const [copied, setCopied] = useState<{ readonly text: string; readonly done: boolean }>();
  // What was copied before the text changed is not what stands there now.
  const told = copied?.text === text ? copied.done : undefined;
  return (
    <>
      <button
        type="button"
        aria-label={name}
        onClick={async () => {
          setCopied({ text, done: await copyText(text) });
        }}
      >
        {label}
      </button>
      <span role="status" className="dim">
        {told === undefined ? '' : told ? 'copied' : 'select the text and copy it by hand'}
      </span>
    </>
  );
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const before = document.activeElement;
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'off-screen';
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    if (before instanceof HTMLElement) before.focus();
    return done;
  }
}
