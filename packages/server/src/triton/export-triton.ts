import { copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel, type OpenModelOptions } from '@vitamin-vlm/backbone';
import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { toOnnx } from '@vitamin-vlm/graph';
import { ensembleConfig, graphConfig, type ServedGraph } from './triton-config.ts';
import { imageTowerGraph, textTowerGraph, wordsGraph } from './triton-graphs.ts';

/** Pictures that Triton may put together. */
const MAX_BATCH = 32;

/**
 * Writes a model repository for Triton: `image-tower`, `text-tower`, `words` (a classifier whose words are an input) and the ensemble `classify`, each with its `config.pbtxt`.
 * The weights lie beside each graph, as hard links to the file of the model where both are on one disk, else as copies.
 *
 * @param folder - Must be empty or not exist.
 * @returns The names of the models.
 * @throws VitaminError as `openModel`; `USAGE` for a folder that holds something; `UNSUPPORTED` for a checkpoint without text tower or projection.
 * @example
 * ```ts
 * import { exportTriton } from '@vitamin-vlm/server';
 * console.log(await exportTriton('nano', 'models')); // ['image-tower', 'text-tower', 'words', 'classify']
 * ```
 */
export async function exportTriton(address: string, folder: string, options: OpenModelOptions = {}): Promise<string[]> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new VitaminError('USAGE', `Expected a folder to write to but ${folder} cannot be read: ${error.message}`, { cause: error });
  });
  if (there.length > 0)
    throw new VitaminError('USAGE', `Expected an empty folder but ${folder} holds ${there.length} entries`, { hint: 'Name a new one.' });
  const model = await openModel(address, options);
  const { tower, text } = model;
  if (!text || tower.embedDim === undefined) {
    throw new VitaminError(
      'UNSUPPORTED',
      `Expected a CLIP model with both towers but ${model.address} has ${text ? 'no projection' : 'no text tower'}`,
    );
  }
  const served: ServedGraph[] = [
    { name: 'image-tower', graph: imageTowerGraph(model), maxBatch: MAX_BATCH },
    // Ends count rows, so rows of several requests must not be put together.
    { name: 'text-tower', graph: textTowerGraph(model), maxBatch: 0 },
    { name: 'words', graph: wordsGraph(model), maxBatch: 0 },
  ];
  for (const one of served) {
    const version = join(folder, one.name, '1');
    await mkdir(version, { recursive: true });
    const { bytes, externalFiles } = toOnnx(one.graph);
    for (const [location, path] of externalFiles)
      await link(path, join(version, location)).catch(() => copyFile(path, join(version, location)));
    await writeFileAtomic(join(version, 'model.onnx'), bytes);
    await writeFileAtomic(join(folder, one.name, 'config.pbtxt'), Buffer.from(graphConfig(one)));
  }
  // A version folder must be there, though an ensemble has nothing in it.
  await mkdir(join(folder, 'classify', '1'), { recursive: true });
  await writeFileAtomic(join(folder, 'classify', 'config.pbtxt'), Buffer.from(ensembleConfig(tower.imageSize, tower.embedDim)));
  return [...served.map(({ name }) => name), 'classify'];
}
