import { openCheckpoint } from '@vitamin-vlm/checkpoint';
import { type Tensor, toFloat32 } from '@vitamin-vlm/core';

/** What locked-text tuning takes from a trained model: its text tower, which stays as it is, and its temperature, which goes on learning. */
export interface LockedText {
  readonly text: ReadonlyMap<string, Tensor<'float32'>>;
  readonly scale: ReadonlyMap<string, Tensor<'float32'>>;
}

/**
 * Reads the text tower of a model folder or file: open_clip's `--lock-text` with `--pretrained-text`, as ViTamin-S-LTT and -B-LTT were trained.
 */
export async function textTowerOf(path: string): Promise<LockedText> {
  const checkpoint = await openCheckpoint(path);
  try {
    const text = new Map<string, Tensor<'float32'>>();
    for (const name of checkpoint.tensors.keys()) if (name.startsWith('text.')) text.set(name, toFloat32(await checkpoint.read(name)));
    return { text, scale: new Map([['logit_scale', toFloat32(await checkpoint.read('logit_scale'))]]) };
  } finally {
    await checkpoint.close();
  }
}
