import type { VitaminError } from '@vitamin-vlm/core';
import { listBackends, loadBackend, TENSORFLOW_NEEDS } from './backends.ts';
import type { Tf } from './operators/operator.ts';

/** The one backend of TensorFlow.js that may be worth installing, as it is on this machine. */
export interface TensorflowInfo {
  /** The npm package. */
  readonly name: string;
  readonly installed: boolean;
  readonly loads: boolean;
  /** It computes on a graphics card. */
  readonly gpu: boolean;
  /** The same in words, with the reason where it does not load. */
  readonly detail: string;
  /** What it needs of the machine. */
  readonly requirement: string;
}

/**
 * Looks whether tfjs-node-gpu (or tfjs-node) is installed, loads, and sees a graphics card. Loading it takes a second or more.
 *
 * @example
 * ```ts
 * import { probeTensorflow } from '@vitamin-vlm/engine-tfjs';
 * const { installed, gpu, detail } = await probeTensorflow();
 * console.log(installed, gpu, detail);
 * ```
 */
export async function probeTensorflow(): Promise<TensorflowInfo> {
  const candidates = listBackends().filter(({ backend }) => backend === 'tensorflow');
  const { name, installed } = candidates.find((candidate) => candidate.installed) ?? candidates[0]!;
  const absent = { name, installed, loads: false, gpu: false, requirement: TENSORFLOW_NEEDS };
  if (!installed) return { ...absent, detail: 'not installed (optional)' };
  try {
    const tf = (await loadBackend('tensorflow')).tf as Tf;
    // Only the backend of these packages has the field.
    const gpu = (tf.backend() as { readonly isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
    return { ...absent, loads: true, gpu, detail: `version ${tf.version_core}, ${gpu ? 'computes on a GPU' : 'sees no GPU'}` };
  } catch (error) {
    return { ...absent, detail: (error as VitaminError).message };
  }
}
