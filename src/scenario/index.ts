/** Options, targets, link rules and command lines: everything that a person may say about a run. */
export * from './commandLine.ts';
export { defaultOptions } from './defaults.ts';
export {
  type BothSides,
  type Bounds,
  type Expectation,
  expecting,
} from './file/expectation.ts';
export { scenarioSchema } from './file/jsonSchema.ts';
export * from './file/read.ts';
export { type FileTexts, textsOf } from './file/texts.ts';
export type * from './file/tree.ts';
export { isFileTree } from './file/treeCheck.ts';
export { fieldLines, type Said, toScenarioText } from './file/write.ts';
export { formatLinkRule, onlySimulated, parseLinkRule } from './linkGrammar.ts';
export {
  formatLink,
  type LinkPreset,
  type LinkPresetId,
  linkPresetIds,
  linkPresets,
  parseLink,
} from './linkPresets.ts';
export { type LinkForm, type LinkKind, linkForms, linkKinds } from './linkTable.ts';
export { suggest } from './nearest.ts';
export * from './options.ts';
export * from './presets.ts';
export * from './problem.ts';
export {
  misplaced,
  type Quirk,
  type QuirkGroup,
  type QuirkId,
  quirkGroups,
  quirkIds,
  quirks,
  withQuirks,
} from './quirks/index.ts';
export * from './scenario.ts';
export { formatStep, mostSteps, type Payload, parseStep, payloadLength, type Step } from './stepGrammar.ts';
export { type StepKind, stepForms, stepKinds } from './stepTable.ts';
export * from './stories/index.ts';
export { type ReadSweep, readSweepFile, type SweepPlan } from './sweep/read.ts';
export * from './sweep/results.ts';
export * from './sweep/shape.ts';
export * from './target.ts';
export { formatTurnUrl, parseTurnUrl, type TurnServer } from './turnUrl.ts';
export type { Choice, Unit, ValueDescription, ValueType } from './valueType.ts';
