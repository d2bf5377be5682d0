import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Vitest leaves a core to itself unless told otherwise, and most of these tests wait for somebody half of the time. */
const common = { include: [] as string[], testTimeout: 30_000, maxWorkers: Math.max(2, availableParallelism()) };

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
