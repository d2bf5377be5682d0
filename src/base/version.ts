/** The build puts package.json's version in place of this name. */
declare const DTLSCOPE_VERSION: string | undefined;

/** The version of dtlscope that is running; "dev" when its sources run unbuilt (tests). */
export const version: string = typeof DTLSCOPE_VERSION === 'string' ? DTLSCOPE_VERSION : 'dev';
