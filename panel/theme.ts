/**
 * The theme, live: in DevTools it is DevTools' own (Chromium tells it through a handler, Firefox through an event),
 * elsewhere the system's preference. Forced colours are the style sheet's business.
 */

/** What the two browsers have here, of which the type packages know only Firefox's part. */
interface Panels {
  readonly themeName?: string;
  setThemeChangeHandler?(hear: (theme: string) => void): void;
  readonly onThemeChanged?: { addListener(hear: (theme: string) => void): void };
}
interface Devtools {
  readonly devtools?: { readonly panels?: Panels };
}
interface Globals {
  readonly chrome?: Devtools;
  readonly browser?: Devtools;
}

/** Chromium says "default" for light. */
export const themeOf = (name: string): 'light' | 'dark' => (name === 'dark' ? 'dark' : 'light');

/** Sets `data-theme` on the root element, now and at every change. */
export function followTheme(root: HTMLElement): void {
  const { chrome, browser } = globalThis as Globals;
  const apply = (name: string): void => {
    root.dataset['theme'] = themeOf(name);
  };
  const panels = chrome?.devtools?.panels ?? browser?.devtools?.panels;
  if (!panels) {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const follow = (): void => apply(system.matches ? 'dark' : 'light');
    follow();
    system.addEventListener('change', follow);
    return;
  }
  apply(panels.themeName ?? 'default');
  if (panels.setThemeChangeHandler) panels.setThemeChangeHandler(apply);
  else panels.onThemeChanged?.addListener(apply);
}
