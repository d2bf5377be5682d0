/**
 * The panel's reactive state, and everything that changes it: a vanilla store that tests drive without rendering. Its parts
 * have files of their own; here they are put together.
 */
import { createStore } from 'zustand/vanilla';
import { BridgeError, type RunRequest } from '../../src/bridge/panel.ts';
import { checkPart } from './check.ts';
import { type Core, messageOf } from './core.ts';
import { editorPart } from './editor.ts';
import { crossing } from './expectation.ts';
import { emptyForm, refusedFields, requestOf, setField } from './form.ts';
import { galleryPart } from './gallery.ts';
import type { Actions, Panel, PanelOptions, PanelState } from './model.ts';
import { scenariosAmong } from './opening.ts';
import { pagePart } from './page.ts';
import { runsPart, stoppable } from './runs.ts';
import * as select from './selection.ts';
import { sweepPart } from './sweep.ts';
import { defaultView } from './view.ts';

export function createPanel(options: PanelOptions): Panel {
  const { client, book } = options;
  const store = createStore<PanelState>(() => ({
    connection: client.state,
    helper: client.state.helper,
    checkingHelper: false,
    helperHidden: undefined,
    form: options.form ?? emptyForm(),
    starting: false,
    runs: client.state.runs,
    revisions: {},
    selection: select.nothing,
    view: { ...defaultView, ...options.view },
    baseline: undefined,
    notice: undefined,
    deleted: client.state.deleted,
    problems: {},
    place: 'run',
    scenario: undefined,
    sweep: undefined,
    plan: undefined,
    check: client.state.check,
    checkPlan: undefined,
    thorough: false,
    side: undefined,
    inspected: options.access?.inspected,
    page: undefined,
    chosen: undefined,
    whole: undefined,
  }));
  const update = (part: Partial<PanelState>): void => store.setState(part);
  const tell = (error: unknown): void => {
    update({ notice: { text: messageOf(error), tone: 'bad' } });
    // What to do about it stands in the box about the helper, which may have been hidden.
    if (error instanceof BridgeError && error.failure.code === 'helper-unavailable')
      update({ helperHidden: undefined });
  };
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      tell(error);
    }
  };
  const core: Core = { client, book, store, update, options, attempt };
  const runs = runsPart(core);
  const page = pagePart(core);
  const editor = editorPart(core);
  const sweep = sweepPart(core, runs, editor);
  const check = checkPart(core, runs);

  const actions: Actions = {
    editForm: (edit) => update(editor.change(edit(store.getState().form))),
    goTo: (place) => update({ place, side: store.getState().side === 'page' ? undefined : store.getState().side }),
    ...editor.actions,
    ...sweep.actions,
    ...check.actions,
    ...galleryPart(core, runs, editor),
    start: async () => {
      const { form, starting } = store.getState();
      if (starting) return;
      update({ form: { ...form, submitted: true, refused: {} }, notice: undefined });
      const asked = requestOf(form);
      const { scenario, place } = store.getState();
      if (place === 'scenario' && scenario && scenario.problems.length > 0) {
        update({ notice: { text: 'The scenario has problems: they are listed under its text.', tone: 'bad' } });
        return;
      }
      if (!asked) return;
      const tab = store.getState().inspected?.tab;
      const { name, expectation } = scenario ?? {};
      const request: RunRequest = {
        ...(asked.target === 'page' && tab !== undefined ? { ...asked, tab } : asked),
        ...(name === undefined ? {} : { name }),
        ...(expectation === undefined ? {} : { expectation: crossing(expectation) }),
      };
      update({ starting: true });
      try {
        await runs.start(request);
        update({ place: 'run' });
      } catch (error) {
        const problems = error instanceof BridgeError ? (error.failure.problems ?? []) : [];
        if (problems.length === 0) tell(error);
        else update({ form: { ...store.getState().form, refused: refusedFields(problems) } });
      } finally {
        update({ starting: false });
      }
    },
    answer: (run, sdp) => attempt(() => client.answer(run, sdp)),
    stop: () =>
      attempt(async () => {
        const run = stoppable(store.getState());
        if (run) await client.stop(run.id);
      }),
    remove: (run) => attempt(() => runs.remove(run)),
    removeAll: () => attempt(runs.removeAll),
    undoRemove: () => attempt(runs.undoRemove),
    checkHelper: async () => {
      update({ checkingHelper: true });
      await attempt(async () => {
        await client.checkHelper();
      });
      update({ checkingHelper: false });
    },
    hideHelper: (hidden) => update({ helperHidden: hidden ? store.getState().helper.kind : undefined }),
    openFiles: async (files) => {
      const { scenarios, others } = scenariosAmong(files);
      const [scenario] = scenarios;
      if (others.length > 0) await runs.open(others);
      if (scenarios.length > 1)
        update({ notice: { text: `One scenario at a time: ${scenario?.name} is shown.`, tone: 'quiet' } });
      if (scenario) await editor.actions.openScenario(scenario.text, scenario.name);
    },
    selectRun: (run) => {
      update({ place: 'run' });
      runs.show(run);
    },
    selectHandshake: (handshake) =>
      update({ selection: select.selectHandshake(store.getState().selection, handshake) }),
    selectTarget: (target, details, field) =>
      update({ selection: select.selectTarget(store.getState().selection, target, details, field) }),
    selectField: (field) => update({ selection: select.selectField(store.getState().selection, field) }),
    showTab: (buffer) => update({ selection: select.showTab(store.getState().selection, buffer) }),
    selectEvidence: (finding, evidence, target, field) =>
      update({ selection: select.selectEvidence(store.getState().selection, finding, evidence, target, field) }),
    openDetails: (open) => update({ selection: { ...store.getState().selection, details: open } }),
    letGo: () => update({ selection: select.letGo(store.getState().selection) }),
    setView: (view) => update({ view: { ...store.getState().view, ...view } }),
    pin: (baseline) => update({ baseline }),
    showSide: (side) => update({ side }),
    ...page.actions,
    standIn: async () => {
      const { form } = store.getState();
      update(editor.change(setField(form, 'target', 'page')));
      await actions.start();
    },
    notify: (notice) => update({ notice }),
    dispose: () => {
      sweep.dispose();
      check.dispose();
      page.dispose();
      runs.dispose();
    },
  };
  return {
    ...{ store, book, actions, extensionId: options.extensionId },
    canReload: options.access?.reload !== undefined,
  };
}
