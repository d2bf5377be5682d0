/** The panel's page: a port to the background, the store over it, the views over that. */
import browser from 'webextension-polyfill';
import { version } from '../src/base/version.ts';
import { openBackground } from '../src/bridge/client.ts';
import { panelPortName } from '../src/bridge/panel.ts';
import { adaptPort } from '../src/bridge/port.ts';
import { mount } from './mount.tsx';
import { pageAccess } from './pageAccess.ts';
import { makeRunBook } from './reader.ts';
import { rememberable, remembered } from './state/form.ts';
import { rememberableText } from './state/scenario.ts';
import { createPanel } from './state/store.ts';
import { rememberedView } from './state/view.ts';
import { followTheme } from './theme.ts';

const client = openBackground({
  connect: () => adaptPort(browser.runtime.connect({ name: panelPortName }), () => browser.runtime.lastError?.message),
  schedule: (ms, wake) => {
    const timer = setTimeout(wake, ms);
    return () => clearTimeout(timer);
  },
  version,
});

const memory = 'dtlscope-panel';

/** What was kept at the last change; nothing when it can't be read, since nothing of value is in it. */
function load(): { readonly form?: unknown; readonly view?: unknown; readonly scenario?: unknown } {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(memory) ?? '{}');
    return typeof kept === 'object' && kept !== null ? kept : {};
  } catch {
    return {};
  }
}

const kept = load();
const panel = createPanel({
  client,
  book: makeRunBook(),
  form: remembered(kept.form),
  view: rememberedView(kept.view),
  scenarioText: typeof kept.scenario === 'string' ? kept.scenario : undefined,
  later: soon,
  tool: `dtlscope ${version}`,
  extensionId: browser.runtime.id,
  access: pageAccess(),
});

panel.store.subscribe(({ form, view, scenario }, before) => {
  if (form === before.form && view === before.view && scenario === before.scenario) return;
  try {
    const kept = { form: rememberable(form), view, scenario: rememberableText(scenario) };
    localStorage.setItem(memory, JSON.stringify(kept));
  } catch {
    // Storage is full or closed: the panel works without a memory.
  }
});

/** With the next picture; a hidden panel draws none, so a timer stands in. */
function soon(publish: () => void): void {
  let done = false;
  const once = (): void => {
    if (done) return;
    done = true;
    publish();
  };
  requestAnimationFrame(once);
  setTimeout(once, 250);
}

followTheme(document.documentElement);
const root = document.getElementById('root');
if (root) mount(root, panel);
// The status is worth knowing before the first run: is there anything to install?
const stop = client.onChange(() => {
  if (client.state.link !== 'connected') return;
  stop();
  if (client.state.helper.kind === 'unknown') void panel.actions.checkHelper();
});
