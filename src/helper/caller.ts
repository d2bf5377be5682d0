/**
 * Who started the helper. The browser already checks its manifest; this is the second lock, compiled in, so that a
 * manifest that somebody widened by hand does not open UDP to other extensions.
 */
import { chromiumExtensionId, chromiumOrigin, firefoxExtensionId } from '../bridge/identity.ts';

export type Caller =
  | { readonly ok: true; readonly browser: 'chromium' | 'firefox'; readonly id: string }
  | { readonly ok: false; readonly why: string };

/** The launcher's own option, before what the browser adds: a further extension id (a private build's). */
export const allowOption = '--allow-extension';

/**
 * Reads the arguments behind the script's name. Chromium gives the caller's origin (and on Windows a window handle);
 * Firefox the manifest's path and the add-on's id.
 */
export function checkCaller(args: readonly string[]): Caller {
  const allowed = [chromiumExtensionId, firefoxExtensionId];
  let at = 0;
  for (; args[at] === allowOption; at += 2) {
    const id = args[at + 1];
    if (id !== undefined) allowed.push(id);
  }
  const [first, second] = args.slice(at);
  if (first === undefined) {
    return { ok: false, why: 'this program is started by the browser, not by hand; see: npx dtlscope helper doctor' };
  }
  if (first.startsWith('chrome-extension:')) {
    const id = allowed.find((one) => chromiumOrigin(one) === first);
    return id === undefined
      ? { ok: false, why: `the extension ${quote(first)} is not allowed to use this helper` }
      : { ok: true, browser: 'chromium', id };
  }
  if (second !== undefined && first.endsWith('.json')) {
    return allowed.includes(second)
      ? { ok: true, browser: 'firefox', id: second }
      : { ok: false, why: `the add-on ${quote(second)} is not allowed to use this helper` };
  }
  return { ok: false, why: `unknown caller ${quote(first)}` };
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 200));
