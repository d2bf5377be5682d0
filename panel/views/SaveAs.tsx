/** A chooser of what to save and a button that does: arrow keys in a list must not write a file at each step. */
import { type ReactElement, useState } from 'react';
import { download } from '../files.ts';

export interface SaveAsProps<K extends string> {
  /** Endings of file names, each with what it is; the first is chosen. */
  readonly kinds: Readonly<Record<K, string>>;
  /** Without the ending. */
  readonly name: string;
  readonly contents: Readonly<Record<K, () => string>>;
}

export function SaveAs<K extends string>({ kinds, name, contents }: SaveAsProps<K>): ReactElement {
  const endings = Object.keys(kinds) as K[];
  const [chosen, choose] = useState(endings[0]);
  return (
    <span className="row">
      <select
        aria-label="What to save"
        value={chosen}
        onChange={(event) => choose(endings.find((one) => one === event.target.value))}
      >
        {endings.map((ending) => (
          <option key={ending} value={ending}>
            {kinds[ending]}
          </option>
        ))}
      </select>
      <button type="button" onClick={() => chosen && download(`${name}.${chosen}`, contents[chosen]())}>
        Save
      </button>
    </span>
  );
}
