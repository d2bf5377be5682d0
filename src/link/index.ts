/** The impaired network: rules and a seed make a `Link`. */
export type * from './api.ts';
export { largestShare } from './burst.ts';
export { createLink, maxInFlight } from './link.ts';
export { formatLinkRule } from './text.ts';
