/** What `--link list` shows: every form of rule and every network with a name, each with its explanation. */
import { linkForms, linkKinds, linkPresetIds, linkPresets } from '../scenario/index.ts';
import { explained } from './quirkList.ts';

/** Columns of a rule, and of a name. */
const [ruleIndent, nameIndent] = [38, 18];

/** The list as text. */
export function linkList(): string {
  const forms = linkKinds.flatMap((kind) => linkForms[kind]);
  return `${[
    'Rules, each for both directions unless "out:" (what we send) or "in:" stands before it:',
    ...forms.flatMap(({ example, about }) => explained(example, about, ruleIndent)),
    'Networks with a name:',
    ...linkPresetIds.flatMap((id) => [
      ...explained(id, linkPresets[id].about, nameIndent),
      ...explained('', linkPresets[id].rules.join(' '), nameIndent),
    ]),
  ].join('\n')}\n`;
}
