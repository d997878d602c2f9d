import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:process';
import { dirname, join } from 'node:path';

import { VitaminError } from '@vitamin-vlm/core';
import { type Backend, listBackends } from '@vitamin-vlm/engine-tfjs';
import { disableTelemetry } from './telemetry.ts';

/**
 * Where a network computes. Which of them exist depends on the platform: see `listProviders`. All are ONNX Runtime's but those of TensorFlow.js, which a
 * user may have installed: `tfjs` is the fastest of its backends that is there, the others name one.
 */
export type Provider = 'cpu' | 'webgpu' | 'cuda' | 'tensorrt' | 'coreml' | 'dml' | 'tfjs' | `tfjs-${Backend}`;

/** One execution provider of the installed ONNX Runtime, or backend of TensorFlow.js. */
export interface ProviderInfo {
  readonly name: string;
  /** Its code is installed. Whether the machine has a fitting device shows when a session is created. */
  readonly available: boolean;
  /** Why it is not available, and what would make it so; or what it needs from the machine. */
  readonly note: string | undefined;
}

const notes: Readonly<Record<string, string>> = {
  webgpu: 'needs a Vulkan driver on Linux, Metal on macOS, Direct3D 12 on Windows',
  cuda: 'needs CUDA 12 and cuDNN 9 on the machine',
  tensorrt: 'needs CUDA 12, cuDNN 9 and TensorRT on the machine',
};

/** Libraries that ONNX Runtime's install script would fetch; without them the provider is named but cannot be used. */
function missingLibrary(name: string): string | undefined {
  const packageFile = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const folder = join(dirname(packageFile), 'bin', 'napi-v6', platform, arch);
  const libraries = ['shared', name].map((part) =>
    platform === 'win32' ? `onnxruntime_providers_${part}.dll` : `libonnxruntime_providers_${part}.so`,
  );
  const missing = libraries.find((file) => !existsSync(join(folder, file)));
  return missing && `${missing} is not in ${folder}; ${notes[name] ?? 'it is not part of the package'}`;
}

/** The backend that the name of a provider asks for; none for `tfjs`. */
export function tfjsBackend(provider: string): Backend | undefined {
  const name = provider.replace(/^tfjs-?/u, '');
  return name === '' ? undefined : (name as Backend);
}

function tfjsProviders(): ProviderInfo[] {
  const backends = listBackends();
  const best = backends.find(({ installed }) => installed);
  const named = [...new Set(backends.map(({ backend }) => backend))].map((backend): ProviderInfo => {
    const packages = backends.filter((each) => each.backend === backend);
    const found = packages.find(({ installed }) => installed);
    const note = found ? `TensorFlow.js, ${found.name}` : `${packages.map(({ name }) => name).join(' or ')} is not installed`;
    return { name: `tfjs-${backend}`, available: found !== undefined, note };
  });
  const note = best ? `computes on tfjs-${best.backend}` : 'TensorFlow.js is not installed (optional)';
  return [{ name: 'tfjs', available: best !== undefined, note }, ...named];
}

/**
 * The execution providers that this build of ONNX Runtime knows, and the backends of TensorFlow.js, with what each one lacks.
 *
 * @throws VitaminError `UNSUPPORTED` when ONNX Runtime itself cannot be loaded on this platform.
 * @example
 * ```ts
 * import { listProviders } from '@vitamin-vlm/runtime';
 * for (const { name, available, note } of await listProviders()) console.log(name, available, note);
 * ```
 */
export async function listProviders(): Promise<ProviderInfo[]> {
  const { listSupportedBackends } = await loadOnnxRuntime();
  const own = listSupportedBackends().map(({ name, bundled }) => {
    const missing = bundled ? undefined : missingLibrary(name);
    return { name, available: missing === undefined, note: missing ?? notes[name] };
  });
  return [...own, ...tfjsProviders()];
}

/**
 * ONNX Runtime drops a provider name that it does not know and runs on the CPU, so names are checked before a session is made.
 *
 * @throws VitaminError `UNSUPPORTED` that lists what is available.
 */
export async function checkProvider(provider: string): Promise<void> {
  const providers = await listProviders();
  const found = providers.find(({ name }) => name === provider);
  if (found?.available) return;
  const available = providers.filter((p) => p.available).map(({ name }) => name);
  throw new VitaminError('UNSUPPORTED', `Expected one of the providers ${available.join(', ')} but received "${provider}"`, {
    hint: found ? `${provider}: ${found.note}.` : `Known are ${providers.map(({ name }) => name).join(', ')}.`,
  });
}

/** Loads the native library on first use, so that importing this package costs nothing and a broken install has a clear error. */
export async function loadOnnxRuntime(): Promise<typeof import('onnxruntime-node')> {
  disableTelemetry();
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw new VitaminError(
      'UNSUPPORTED',
      `Expected onnxruntime-node to load on ${platform}-${arch} but received: ${(cause as Error).message.split('\n')[0]}`,
      {
        hint: 'Reinstall with ONNXRUNTIME_NODE_INSTALL=skip npm install; supported are linux x64/arm64 (glibc), macOS arm64, Windows x64/arm64.',
        cause,
      },
    );
  }
}
