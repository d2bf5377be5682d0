import { defineConfig } from 'vitest/config';

const common = { include: [] as string[], testTimeout: 30_000 };

/** `unit` needs nothing but Node; `interop` needs real DTLS peers; `browser` needs Chromium. In CI a missing peer fails. */
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
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
