/**
 * How the script in the page's own world and its relay in ours speak, without the page hearing. Both run before any script
 * of the page. They agree at once, by one event on the window, on an element that is in no document and on a name of 128
 * random bits for the events on it; the page has neither, so it can listen to nothing and forge nothing. What is used later
 * is taken out of the page's reach now: a page may replace everything that it can see.
 */

/** The one event that has a name which anybody may know. It is over before the page begins. */
const meeting = 'dtlscope-meeting';

export interface Channel {
  post(message: string): void;
  listen(hear: (message: string) => void): void;
}

const { apply } = Reflect;
const { addEventListener: listenTo, dispatchEvent: dispatch } = EventTarget.prototype;
const Custom = CustomEvent;
const detailOf = Object.getOwnPropertyDescriptor(CustomEvent.prototype, 'detail')?.get;

function channel(place: Node, out: string, into: string): Channel {
  return {
    post: (message) => {
      // Without a prototype, nothing of the page's is read as an option.
      const options = Object.assign(Object.create(null) as CustomEventInit, { detail: message });
      apply(dispatch, place, [new Custom(out, options)]);
    },
    listen: (hear) => {
      apply(listenTo, place, [
        into,
        (event: Event) => {
          const detail: unknown = detailOf && apply(detailOf, event, []);
          if (typeof detail === 'string') hear(detail);
        },
      ]);
    },
  };
}

/** The page's side, which comes second and makes the secret. */
export function openChannel(): Channel {
  const place = document.createElement('i');
  let secret = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) secret += byte.toString(16).padStart(2, '0');
  place.textContent = secret;
  window.dispatchEvent(new MouseEvent(meeting, { relatedTarget: place }));
  place.textContent = '';
  return channel(place, `${secret}-out`, `${secret}-in`);
}

/** Our side, which comes first and waits. */
export function awaitChannel(met: (channel: Channel) => void): void {
  const hear = (event: Event): void => {
    event.stopImmediatePropagation();
    if (!(event instanceof MouseEvent) || !(event.relatedTarget instanceof Node)) return;
    const place = event.relatedTarget;
    const secret = place.textContent ?? '';
    met(channel(place, `${secret}-in`, `${secret}-out`));
  };
  window.addEventListener(meeting, hear, { capture: true, once: true });
}
