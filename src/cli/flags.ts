/**
 * Flags from the option table. Commander only collects their texts; reading and checking is the table's, so that the
 * panel's form says the same about the same mistake.
 */
import { type Command as Cli, Option } from 'commander';
import {
  type Command,
  defaultOptions,
  describeProblem,
  formatOption,
  type GivenOptions,
  type OptionName,
  optionGroups,
  optionsOf,
  optionTable,
  readScenario,
  type Scenario,
} from '../scenario/index.ts';
import { Exit, Stop, Told } from './exit.ts';
import { linkList } from './linkList.ts';
import { quirkList } from './quirkList.ts';

/** Gives a command all options of the table that belong to it. */
export function addScenarioFlags(cli: Cli, command: Command): Cli {
  for (const name of optionsOf(command)) {
    const { flag, help, type, group } = optionTable[name];
    const option =
      type.bare === undefined
        ? new Option(`${flag} <${type.placeholder}>`, `${help}${choicesOf(name)}${defaultOf(command, name)}`).argParser(
            (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
          )
        : new Option(flag, help);
    cli.addOption(option.helpGroup(`${optionGroups[group]}:`));
  }
  return cli;
}

function choicesOf(name: OptionName): string {
  const { description } = optionTable[name].type;
  return description.kind === 'choice' && description.choices.length > 3
    ? `: ${description.choices.map(({ value }) => value).join(', ')}`
    : '';
}

function defaultOf(command: Command, name: OptionName): string {
  const [text] = formatOption(name, defaultOptions(command)[name]);
  if (text === undefined || text === 'none') return '';
  // Long lists are in the documentation; a page of help is for finding the flag.
  return text.length > 30 ? '' : ` (default: ${text})`;
}

/**
 * The scenario that the command line describes; throws a `Stop` that lists everything that is wrong, or what there is to
 * choose from where that was the question.
 */
export function scenarioFrom(cli: Cli, command: Command, target: string | undefined): Scenario {
  const options: Readonly<Record<string, unknown>> = cli.opts();
  const given: Partial<Record<OptionName, readonly string[]>> = {};
  for (const name of optionsOf(command)) {
    const { flag, type } = optionTable[name];
    // A flag that is given several times is named for one of them.
    const texts = options[new Option(flag).attributeName()];
    const { bare } = type;
    if (texts === true && bare !== undefined) given[name] = [bare];
    if (Array.isArray(texts)) given[name] = texts.filter((text) => typeof text === 'string');
  }
  if (given.link?.includes('list')) throw new Told(linkList());
  if (given.quirk?.includes('list')) throw new Told(quirkList(command));
  const read = readScenario(command, target, given satisfies GivenOptions);
  if (read.ok) return read.value;
  throw new Stop(Exit.usage, ...read.problems.map(describeProblem));
}
