/**
 * Which part of a tall element is on screen, whatever scrolls around it. Steps are coarse, so that scrolling a little
 * draws nothing anew.
 */
import { type RefObject, useLayoutEffect, useState } from 'react';

export interface Window {
  readonly top: number;
  readonly bottom: number;
}

const stepPx = 100;

/** Pixels of the element, from its own top, that can be seen: in the page, and in the element around it if that scrolls. */
export function useWindow(element: RefObject<HTMLElement | null>, height: number): Window {
  // Nothing until it was looked at, before the first picture: what stands outside would be made only to be taken away.
  const [seen, setSeen] = useState<Window>({ top: 0, bottom: 0 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height moves what can be seen
  useLayoutEffect(() => {
    const look = (): void => {
      const box = element.current?.getBoundingClientRect();
      const around = element.current?.parentElement?.getBoundingClientRect();
      if (!box || !around) return;
      const first = Math.max(around.top, 0) - box.top;
      const last = Math.min(around.bottom, globalThis.innerHeight) - box.top;
      const top = Math.floor(Math.max(first, 0) / stepPx) * stepPx;
      const bottom = Math.ceil(Math.max(last, 0) / stepPx) * stepPx;
      setSeen((before) => (before.top === top && before.bottom === bottom ? before : { top, bottom }));
    };
    look();
    document.addEventListener('scroll', look, { capture: true, passive: true });
    globalThis.addEventListener('resize', look);
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    return () => {
      document.removeEventListener('scroll', look, { capture: true });
      globalThis.removeEventListener('resize', look);
      observer.disconnect();
    };
  }, [element, height]);
  return seen;
}

/** The width of an element's content box, live. */
export function useWidth(element: RefObject<HTMLElement | null>): number | undefined {
  const [width, setWidth] = useState<number>();
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) return;
    const look = (): void => setWidth(current.clientWidth);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
