/** What the user should know of an action, spoken as it comes; a deletion offers to be undone. */
import type { ReactElement } from 'react';
import { useActions, useSlice } from './context.ts';

/** The button that undoes what the notice tells; it gets the focus of what was deleted. */
export const undoId = 'undo';

export function NoticeBar(): ReactElement {
  const notice = useSlice((state) => state.notice);
  const deleted = useSlice((state) => state.deleted);
  const { notify, undoRemove } = useActions();
  return (
    <div role="status">
      {notice && (
        <div className="callout notice" data-tone={notice.tone}>
          <p>
            <bdi>{notice.text}</bdi>
          </p>
          {notice.undo && deleted > 0 && (
            <button type="button" id={undoId} onClick={() => void undoRemove()}>
              Undo
            </button>
          )}
          <button type="button" onClick={() => notify(undefined)}>
            Dismiss
          </button>
        </div>
      )}
    </div>
  );
}
