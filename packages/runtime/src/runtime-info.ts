import { availableParallelism, cpus } from 'node:os';

import { cgroupLimits, defaultThreads, type CgroupLimits } from './cgroup.ts';
import { listProviders, loadOnnxRuntime, type ProviderInfo } from './providers.ts';

/** What a bug report about speed, memory or providers needs to say. */
export interface RuntimeInfo {
  readonly onnxruntime: string;
  readonly node: string;
  /** e.g. `linux-x64`. */
  readonly platform: string;
  readonly cpu: string;
  /** Cores this process may run on (affinity). */
  readonly cores: number;
  readonly cgroup: CgroupLimits;
  readonly defaultThreads: number;
  readonly providers: readonly ProviderInfo[];
  /** Whether this process was launched with each variable of `memoryEnvironment`. */
  readonly memoryEnvironment: Readonly<Record<string, boolean>>;
}

/**
 * Settings of glibc's allocator that make a long-lived process give memory back after sessions are closed. They are read when a
 * process starts, so a launcher must set them; setting `process.env` later has no effect.
 *
 * @example
 * ```ts
 * import { fork } from 'node:child_process';
 * import { memoryEnvironment } from '@vitamin-vlm/runtime';
 * fork('server.js', { env: { ...process.env, ...memoryEnvironment } });
 * ```
 */
export const memoryEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '100000' };

/**
 * Describes ONNX Runtime, its providers and what this machine grants.
 *
 * @throws VitaminError `UNSUPPORTED` when ONNX Runtime cannot be loaded on this platform.
 * @example
 * ```ts
 * import { runtimeInfo } from '@vitamin-vlm/runtime';
 * console.log(await runtimeInfo());
 * ```
 */
export async function runtimeInfo(): Promise<RuntimeInfo> {
  const { env } = await loadOnnxRuntime();
  return {
    onnxruntime: env.versions.node ?? 'unknown',
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    cgroup: cgroupLimits(),
    defaultThreads: defaultThreads(),
    providers: await listProviders(),
    memoryEnvironment: Object.fromEntries(Object.entries(memoryEnvironment).map(([name, value]) => [name, process.env[name] === value])),
  };
}
