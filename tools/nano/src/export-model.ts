import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '@vitamin-vlm/checkpoint';
import { floatToHalf, type Tensor, tensor, VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { CLIP_NORMALIZATION } from '@vitamin-vlm/image';
import { imageSize, imageTower, textTower } from './nano-config.ts';

/** Writes the model in open_clip's published layout: half-precision weights and a configuration. `weights` holds both towers, by open_clip's names. */
export async function exportModel(folder: string, weights: ReadonlyMap<string, Tensor>): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, 'open_clip_model.safetensors'), new Map([...weights].map(([name, t]) => [name, toHalf(name, t)])), {
    format: 'pt',
  });
  await writeFileAtomic(join(folder, 'open_clip_config.json'), `${JSON.stringify(configuration(), null, 2)}\n`);
}

/** float32 to float16, to nearest. @throws VitaminError `RUNTIME` for a weight that float16 cannot hold. */
function toHalf(name: string, source: Tensor): Tensor<'float16'> {
  if (source.dtype !== 'float32') throw new VitaminError('RUNTIME', `Expected ${name} as float32 but found ${source.dtype}`);
  const data = Uint16Array.from(source.data as Float32Array, floatToHalf);
  if (data.some((bits) => (bits & 0x7c00) === 0x7c00))
    throw new VitaminError('RUNTIME', `Expected ${name} within the range of float16 but it is not`);
  return tensor('float16', source.shape, data);
}

/** What open_clip calls `model_cfg` and `preprocess_cfg`. */
function configuration(): object {
  const { width, heads, layers, context, vocabulary } = textTower;
  return {
    model_cfg: {
      embed_dim: imageTower.embedDim,
      vision_cfg: { timm_model_name: 'vitamin_nano', timm_pool: '', timm_proj: 'linear', image_size: imageSize },
      text_cfg: { context_length: context, vocab_size: vocabulary, width, heads, layers },
      custom_text: true,
    },
    preprocess_cfg: { mean: CLIP_NORMALIZATION.mean, std: CLIP_NORMALIZATION.std, interpolation: 'bicubic', resize_mode: 'shortest' },
  };
}
