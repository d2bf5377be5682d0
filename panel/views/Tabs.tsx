/** A list of tabs: one is chosen, by click, or by the arrow keys that go from one to the next and round. */
import type { ReactElement, ReactNode } from 'react';

export interface TabsProps<T extends string | number> {
  readonly label: string;
  readonly className?: string;
  readonly tabs: readonly { readonly id: T; readonly title: ReactNode }[];
  readonly chosen: T;
  readonly choose: (tab: T) => void;
  /** The id of a tab's element begins with this. */
  readonly prefix: string;
  /** The id of the element that shows what is chosen. */
  readonly controls: string;
}

export function Tabs<T extends string | number>(props: TabsProps<T>): ReactElement {
  const { label, className, tabs, chosen, choose, prefix, controls } = props;
  return (
    <div className={className === undefined ? 'tabs' : `tabs ${className}`} role="tablist" aria-label={label}>
      {tabs.map(({ id, title }, index) => (
        <button
          type="button"
          role="tab"
          key={id}
          id={`${prefix}-${id}`}
          aria-selected={id === chosen}
          aria-controls={controls}
          tabIndex={id === chosen ? 0 : -1}
          onClick={() => choose(id)}
          onKeyDown={(event) => {
            const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
            const next = by === 0 ? undefined : tabs.at((index + by) % tabs.length);
            if (!next) return;
            event.preventDefault();
            choose(next.id);
            document.getElementById(`${prefix}-${next.id}`)?.focus();
          }}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
