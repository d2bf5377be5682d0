/**
 * The scenario's text in the store. Its parser is a script of its own, loaded with the first look; from then on every change
 * of the form goes into the text too, and every change of the text into the form.
 */
import type { Core } from './core.ts';
import type { FormState } from './form.ts';
import type { Actions, PanelState } from './model.ts';
import { followedBy, type TextTools, typedText, writtenAnew } from './scenario.ts';

export interface EditorPart {
  readonly actions: Pick<Actions, 'openEditor' | 'typeScenario' | 'rewriteScenario' | 'openScenario'>;
  /** The form after a change, and the text that goes with it. */
  change(form: FormState): Pick<PanelState, 'form' | 'scenario'>;
  /** The parser, once it is loaded. */
  load(): Promise<TextTools>;
}

/** The text tools as a script of their own. */
async function loadTools(): Promise<TextTools> {
  const [{ parseScenarioText: parse }, { editFields: edit }] = await Promise.all([
    import('../../src/scenario/yaml/parse.ts'),
    import('../../src/scenario/yaml/edit.ts'),
  ]);
  return { parse, edit };
}

export function editorPart({ store, update, attempt, options }: Core): EditorPart {
  let tools: TextTools | undefined;
  let loading: Promise<TextTools> | undefined;
  const load = (): Promise<TextTools> => {
    loading ??= (options.loadTools ?? loadTools)().then(
      (loaded) => {
        tools = loaded;
        return loaded;
      },
      (error: unknown) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  };

  const type = (text: string, file: string | undefined, by: TextTools): void => {
    const { form } = store.getState();
    const typed = typedText(text, form, by, file);
    update({ scenario: typed.scenario, form: typed.form });
  };

  // What was written in the last session and is in no form.
  const { scenarioText } = options;
  if (scenarioText !== undefined)
    void load().then(
      (loaded) => store.getState().scenario === undefined && type(scenarioText, undefined, loaded),
      // Told when the editor is opened, and tries again.
      () => {},
    );

  return {
    load,
    actions: {
      openEditor: () =>
        attempt(async () => {
          const loaded = await load();
          const { scenario, form } = store.getState();
          if (scenario === undefined) update({ scenario: writtenAnew(form, loaded) });
        }),
      typeScenario: (text) => {
        if (tools) type(text, store.getState().scenario?.file, tools);
      },
      rewriteScenario: () => {
        if (tools) update({ scenario: writtenAnew(store.getState().form, tools) });
      },
      openScenario: (text, file) =>
        attempt(async () => {
          type(text, file, await load());
          update({ place: store.getState().scenario?.sweeps ? 'sweep' : 'scenario' });
        }),
    },
    change: (form) => {
      const { form: before, scenario } = store.getState();
      if (!scenario || !tools) return { form, scenario };
      // A preset is another scenario: what was said of the one before does not hold for it.
      const anew = form.filled !== undefined && form.filled !== before.filled;
      return { form, scenario: anew ? writtenAnew(form, tools) : followedBy(scenario, before, form, tools) };
    },
  };
}
