/** The check of a peer in the store: what it would try, and what the background tells of the one that it makes. */
import { BridgeError } from '../../src/bridge/panel.ts';
import type { Core } from './core.ts';
import { refusedFields, requestOf } from './form.ts';
import type { Actions } from './model.ts';
import type { RunsPart } from './runs.ts';
import * as select from './selection.ts';

type CheckActions = Pick<Actions, 'planCheck' | 'startCheck' | 'stopCheck' | 'clearCheck' | 'openTrial'>;

export function checkPart(
  { client, store, update, attempt }: Core,
  runs: RunsPart,
): { readonly actions: CheckActions; readonly dispose: () => void } {
  const hear = (): void => {
    const { check } = client.state;
    if (check !== store.getState().check) update({ check });
  };
  const stopListening = client.onChange(hear);
  return {
    actions: {
      planCheck: (thorough) =>
        attempt(async () => {
          update({ thorough });
          const checkPlan = await client.planCheck(thorough);
          if (store.getState().thorough === thorough) update({ checkPlan });
        }),
      startCheck: () =>
        attempt(async () => {
          const { form, thorough } = store.getState();
          update({ form: { ...form, submitted: true, refused: {} }, notice: undefined });
          const request = requestOf(form);
          if (!request) throw new Error('The form has problems: mend the marked fields first.');
          try {
            await client.startCheck(request, thorough);
          } catch (error) {
            const problems = error instanceof BridgeError ? (error.failure.problems ?? []) : [];
            if (problems.length === 0) throw error;
            update({ form: { ...store.getState().form, refused: refusedFields(problems) } });
          }
        }),
      stopCheck: () => attempt(() => client.stopCheck()),
      clearCheck: () => attempt(() => client.clearCheck()),
      openTrial: (trial, packet) =>
        attempt(async () => {
          const { check } = store.getState();
          if (!check) return;
          const run = await client.openTrial(check.status.number, trial);
          runs.show(run.id);
          await runs.whole(run.id);
          update({ place: 'run', view: { ...store.getState().view, drawing: 'ladder' } });
          if (packet !== undefined)
            update({ selection: select.selectTarget(store.getState().selection, { kind: 'datagram', packet }, true) });
        }),
    },
    dispose: stopListening,
  };
}
