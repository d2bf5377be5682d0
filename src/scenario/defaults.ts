/** What an option is where nobody says anything: its row's default, or what a profile does. */
import { profileOf } from '../profiles/index.ts';
import { type Command, type Options, optionNames, optionTable, ourselves, weakOffer } from './options.ts';
import { optionsOfProfile } from './profileOptions.ts';

/** All options of a command at their defaults, or at those of a profile where it has a say, or of what may be weak. */
export function defaultOptions(command: Command, as: string = ourselves, allowWeak = false): Options {
  // Each name gets the value of its own row; the mapped type of the table holds that together.
  const strong = Object.fromEntries(
    optionNames.map((name) => [name, optionTable[name].default(command)]),
  ) as unknown as Options;
  const own: Options = allowWeak
    ? {
        ...strong,
        allowWeak,
        versions: [...strong.versions, ...weakOffer.versions],
        suites: [...strong.suites, ...weakOffer.suites],
        sigalgs: [...strong.sigalgs, ...weakOffer.sigalgs],
      }
    : strong;
  const profile = profileOf(as);
  return profile ? { ...own, ...optionsOfProfile(profile), as } : own;
}
