import { defineConfig, type ViteUserConfig } from 'vitest/config';

/**
 * Shared by every package: files in test/, nothing global, and a clear bound so that a hang is an error.
 * Task runners set FORCE_COLOR, which child processes of tests would inherit.
 */
const config: ViteUserConfig = defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, maxWorkers: 2, env: { FORCE_COLOR: '0' } },
});
export default config;
