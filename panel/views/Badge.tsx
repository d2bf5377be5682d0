/** A result as shape and word; colour only underlines. */
import type { ReactElement } from 'react';
import type { Badge as BadgeModel, Shape } from '../layout/text.ts';

const paths: Readonly<Record<Shape, ReactElement>> = {
  check: <path d="M3 8.5 6.5 12 13 4.5" />,
  cross: <path d="M4 4 12 12 M12 4 4 12" />,
  bar: <path d="M3 8 H13" />,
  ring: <circle cx="8" cy="8" r="4.5" />,
  dots: <path d="M3 8 h.01 M8 8 h.01 M13 8 h.01" strokeWidth="3" />,
};

export function Mark({ shape }: { readonly shape: Shape }): ReactElement {
  return (
    <svg className="mark" viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      {paths[shape]}
    </svg>
  );
}

export function Badge({ badge }: { readonly badge: BadgeModel }): ReactElement {
  return (
    <span className="badge" data-tone={badge.tone}>
      <Mark shape={badge.shape} />
      {badge.text}
    </span>
  );
}
