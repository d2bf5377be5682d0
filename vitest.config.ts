import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** One more than there are cores: most of these tests wait for a timer, a process or a browser half of the time. */
const common = { include: [] as string[], testTimeout: 60_000, maxWorkers: availableParallelism() + 1 };

/**
 * `unit` needs nothing but Node; `interop` needs real DTLS peers; `pages` needs Chromium, and shows it the panel without an
 * extension; `browser` needs Chromium and Firefox, one file of tests at a time. In CI a missing peer fails.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/browser/**', 'test/bench/**'],
        },
      },
      {
        test: {
          ...common,
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...common,
          name: 'pages',
          include: ['test/browser/pages/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...common,
          name: 'browser',
          include: ['test/browser/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
