/**
 * Who may import whom: the layers of dtlscope as data. A new arrow is a decision, written here with its reason. A module
 * that is not named for a place may not be imported there; `types` arrows allow `import type` alone.
 */

export interface Place {
  /** Folder, relative to the top. The longest match wins, so `src/crypto/node` is a place of its own. */
  readonly dir: string;
  /** Places that may be imported. */
  readonly may: readonly string[];
  /** Places of which only types may be imported. */
  readonly types?: readonly string[];
  /** Packages (a scope `@noble/*` stands for all of it); `node:*` for Node's own modules. */
  readonly packages?: readonly string[];
}

const pure = [
  'src/base',
  'src/codec',
  'src/wire',
  'src/crypto',
  'src/x509',
  'src/profiles',
  'src/engine',
  'src/ice',
  'src/link',
];
const reading = ['src/trace', 'src/capture', 'src/analysis', 'src/diagnosis', 'src/compare', 'src/report'];
const product = [...pure, ...reading, 'src/scenario', 'src/run', 'src/bridge'];

export const importTable: readonly Place[] = [
  { dir: 'src/base', may: [] },
  { dir: 'src/codec', may: ['src/base'] },
  { dir: 'src/wire', may: ['src/base', 'src/codec'] },
  { dir: 'src/crypto', may: ['src/base', 'src/wire'], packages: ['@noble/*'] },
  { dir: 'src/crypto/node', may: ['src/base', 'src/wire', 'src/crypto'], packages: ['node:*'] },
  { dir: 'src/x509', may: ['src/base', 'src/crypto'] },
  { dir: 'src/profiles', may: ['src/base', 'src/wire'] },
  {
    dir: 'src/engine',
    may: ['src/base', 'src/codec', 'src/wire', 'src/crypto', 'src/x509'],
    types: ['src/profiles'],
  },
  { dir: 'src/ice', may: ['src/base', 'src/codec', 'src/wire', 'src/crypto'], packages: ['sdp-transform'] },
  { dir: 'src/link', may: ['src/base', 'src/wire'] },
  { dir: 'src/trace', may: ['src/base', 'src/wire'] },
  // A dump of a browser's call holds session descriptions; a second reader of SDP would drift.
  { dir: 'src/capture', may: ['src/base', 'src/ice', 'src/trace'] },
  {
    dir: 'src/analysis',
    may: ['src/base', 'src/codec', 'src/wire', 'src/crypto', 'src/x509', 'src/profiles', 'src/trace'],
  },
  {
    // Findings point at the field of a message that they speak of, and its codec knows where that is.
    dir: 'src/diagnosis',
    may: ['src/base', 'src/codec', 'src/wire', 'src/trace', 'src/profiles'],
    types: ['src/analysis'],
  },
  // Two readings side by side: messages are taken apart by the inspector's own trees.
  {
    dir: 'src/compare',
    may: ['src/base', 'src/wire', 'src/analysis'],
    types: ['src/trace', 'src/diagnosis'],
  },
  {
    // Options are read and written in the words of the field: IANA names, fingerprints, certificate specs, link rules, and
    // outcomes to expect. Each of these places already has them.
    dir: 'src/scenario',
    may: ['src/base', 'src/wire', 'src/x509', 'src/link', 'src/diagnosis', 'src/profiles'],
    types: ['src/engine', 'src/crypto', 'src/ice'],
    packages: ['valibot'],
  },
  // A place of its own, so that whoever imports `src/scenario` does not get a parser with it: the terminal takes it, and the
  // panel loads it when somebody opens the editor.
  { dir: 'src/scenario/yaml', may: ['src/scenario'], packages: ['yaml'] },
  { dir: 'src/run', may: [...pure, 'src/trace', 'src/analysis', 'src/diagnosis', 'src/scenario'] },
  {
    // What a check of a peer found is shown as it is: a second shape of it would drift.
    dir: 'src/report',
    may: ['src/base', 'src/wire', 'src/trace', 'src/analysis', 'src/diagnosis', 'src/compare', 'src/scenario'],
    types: ['src/run'],
  },
  { dir: 'src/bridge', may: ['src/base'], types: ['src/trace', 'src/scenario'], packages: ['valibot'] },
  { dir: 'src/helper', may: ['src/base', 'src/bridge'], packages: ['node:*'] },
  {
    dir: 'src/cli',
    may: [...product, 'src/scenario/yaml', 'src/crypto/node', 'src/helper'],
    packages: ['node:*', 'commander'],
  },
  // Build and demo need the extension's id, which the bridge knows; the documents show the engine's state
  // tables, the profiles, the quirks, the findings and the checks, by the names of the registries; the extension brings the
  // findings as a page.
  {
    dir: 'src/tools',
    may: [
      'src/base',
      'src/wire',
      'src/profiles',
      'src/engine',
      'src/diagnosis',
      'src/scenario',
      'src/run',
      'src/report',
      'src/bridge',
    ],
    packages: ['node:*', 'esbuild', 'playwright'],
  },
  // Kept runs are in IndexedDB, whose own interface is events and cursors.
  { dir: 'background', may: product, packages: ['webextension-polyfill', 'idb'] },
  {
    dir: 'panel',
    may: [...product, 'src/scenario/yaml'],
    packages: ['react', 'react-dom', 'zustand', 'webextension-polyfill'],
  },
];
