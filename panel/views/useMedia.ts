/** Whether a media query holds, live: for what is decided by room and is no matter of style alone. */
import { useSyncExternalStore } from 'react';

/** One column that scrolls as a whole; details are a drawer. As in panel.css. */
export const narrowDock = '(max-width: 700px)';
/** Details beside the views; below, they lie under them. As in panel.css. */
export const wideDock = '(min-width: 1101px)';

export const useMedia = (query: string): boolean =>
  useSyncExternalStore(
    (changed) => {
      const list = matchMedia(query);
      list.addEventListener('change', changed);
      return () => list.removeEventListener('change', changed);
    },
    () => matchMedia(query).matches,
  );
