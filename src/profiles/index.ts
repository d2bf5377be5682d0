/** Other DTLS stacks as data, by name. */
import { chromium156, firefox153 } from './browsers.ts';
import { devices } from './devices.ts';
import type { Profile } from './model.ts';
import { stacks } from './stacks.ts';

export { known } from './figure.ts';
export type * from './model.ts';
export { ourselves } from './ourselves.ts';

/** All of them, browsers first. */
export const profiles: readonly Profile[] = [chromium156, firefox153, ...stacks, ...devices];

export const profileOf = (id: string): Profile | undefined => profiles.find((profile) => profile.id === id);
