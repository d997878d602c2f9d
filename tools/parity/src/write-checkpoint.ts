import { mkdir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type LazyTensor, writeSafetensors, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { formulaTensor } from './formula.ts';
import type { TextNames } from './models.ts';
import { bytesOf, type Shapes } from './shapes.ts';

/** Files that a model can be published in. */
export type FileFormat = 'torch' | 'safetensors';

/** The name a tensor has in the file. */
export function storedName(name: string, textNames: TextNames): string {
  return textNames === 'builtin' && name.startsWith('text.') ? name.slice('text.'.length) : name;
}

/**
 * Writes a checkpoint of formula weights, one tensor at a time: the memory needed is that of its largest tensor.
 *
 * @param shapes - Names in open_clip's custom text form, which the formula is seeded with, whatever names the file has.
 * @throws VitaminError `RUNTIME` when the disk has no room, `ABORTED` on the signal.
 */
export async function writeFormulaCheckpoint(
  path: string,
  shapes: Shapes,
  form: { readonly format: FileFormat; readonly textNames: TextNames },
  options: Pick<WorkOptions, 'signal'> = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await requireRoom(dirname(path), bytesOf(shapes));
  const tensors = [...shapes].map(([name, shape]): [string, LazyTensor] => [
    storedName(name, form.textNames),
    { dtype: 'float32', shape, data: () => formulaTensor(name, shape).data },
  ]);
  if (form.format === 'torch') await writeTorchArchive(path, tensors, options);
  else await writeSafetensors(path, tensors, { format: 'pt' }, options);
}

async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize > bytes) return;
  throw new VitaminError('RUNTIME', `Expected ${gigabytes(bytes)} of room in ${folder} but found ${gigabytes(bavail * bsize)}`, {
    hint: 'Name a folder on a larger disk with --folder.',
  });
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
