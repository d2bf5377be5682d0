import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * One worker more than there are cores: most of these tests wait for a timer, a process or a browser half of the time. A
 * worker keeps its modules from file to file, so that they are compiled, and warm, once: files share nothing else.
 */
const common = {
  include: [] as string[],
  testTimeout: 60_000,
  maxWorkers: availableParallelism() + 1,
  isolate: false,
};

/** Files that count what a module does or keeps from its first use on, and so need modules that nobody has used. */
const alone = ['test/crypto/work.test.ts', 'test/engine/memory.test.ts'];

/**
 * `unit` and `alone` need nothing but Node; `interop` needs real DTLS peers; `pages` needs Chromium, and shows it the panel
 * without an extension; `browser` needs Chromium and Firefox. In CI a missing peer fails.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/browser/**', 'test/bench/**', ...alone],
        },
      },
      { test: { ...common, name: 'alone', include: alone, isolate: true } },
      {
        test: {
          ...common,
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          // Real sockets and timers: nothing of one file is to reach into the next.
          isolate: true,
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
        },
      },
    ],
  },
});
