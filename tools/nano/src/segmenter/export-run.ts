import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openWeights } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { declaredHeads } from '@vitamin-vlm/fcclip-segmentation';
import { exportSegmenter } from './export.ts';
import { config } from './plan.ts';

/**
 * Writes the segmenter of a training's folder as it stands, whether the training has ended or not.
 *
 * @throws VitaminError as `openWeights`; `WEIGHTS_MISSING` for a folder that holds no such training.
 */
export async function exportRun(folder: string, path: string): Promise<void> {
  await using state = await openWeights(join(folder, 'state.safetensors'));
  const parameters = new Map<string, Tensor>();
  for (const name of declaredHeads(config).keys()) parameters.set(name, await state.read(name));
  const { step } = JSON.parse(String(state.sources[0]!.checkpoint.metadata['progress'])) as { readonly step: number };
  await rm(path, { force: true });
  await exportSegmenter(path, parameters, { steps: step });
}
