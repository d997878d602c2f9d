import { join } from 'node:path';
import { openWeights } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { exportTalker } from './export.ts';

/**
 * Writes the talker of a round's folder as it stands, whether the round has ended or not. The vocabulary lies one folder above.
 *
 * @throws VitaminError as `openWeights`.
 */
export async function exportRun(run: string, folder: string): Promise<void> {
  await using state = await openWeights(join(run, 'state.safetensors'));
  const parameters = new Map<string, Tensor>();
  // Names with a colon are the optimizer's.
  for (const name of state.tensors.keys()) if (!name.includes(':')) parameters.set(name, await state.read(name));
  await exportTalker(folder, parameters, join(run, '..', 'tokenizer.model'));
}
