import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Reference data that is not part of the repository: tests that need it skip where it is absent. */
const shared: string = process.env['VITAMIN_SHARED'] ?? fileURLToPath(new URL('../shared', import.meta.url));

/**
 * Shared by every package: files in test/, nothing global, sources built first, and a clear bound so that a hang is an error.
 * Task runners set FORCE_COLOR, which child processes of tests would inherit.
 */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: fileURLToPath(new URL('vitest.setup.ts', import.meta.url)),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    env: { FORCE_COLOR: '0', VITAMIN_SHARED: shared },
  },
});
export default config;
