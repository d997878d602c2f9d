import { EMBEDDED_MODEL, openModel, publishedModels } from '@vitamin-vlm/backbone';
import { hubCacheDir, resolveHubFile } from '@vitamin-vlm/checkpoint';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from '../context.ts';
import { hubFolder, locateOptions } from '../model.ts';

/** `vitamin pull`: fetches weights and prints their paths, one a line. */
export async function pull(context: Context, addresses: readonly string[]): Promise<number> {
  const { output } = context;
  const { output: file, cacheDir } = context.flags;
  if (file !== undefined) {
    const folder = cacheDir === undefined ? hubCacheDir() : hubFolder(cacheDir);
    throw new VitaminError('USAGE', `Expected no -o: weights go to the cache shared with Python, ${folder}`, {
      hint: 'Name another cache with --cache-dir or HF_HUB_CACHE.',
    });
  }
  const models: object[] = [];
  for (const address of addresses) {
    const path = await fetchWeights(context, address);
    models.push({ address, path });
    output.item(path, { address, path });
  }
  await output.document({ schemaVersion: 1, models });
  return 0;
}

async function fetchWeights(context: Context, address: string): Promise<string> {
  if (address === EMBEDDED_MODEL) return (await openModel(address)).files[0]!;
  const published = publishedModels.find(({ name }) => name === address);
  if (!published && !address.startsWith('hf:')) {
    throw new VitaminError('MODEL_UNKNOWN', `Expected the name of a model or an hf: address but received ${address}`, {
      hint: 'vitamin list shows the names.',
    });
  }
  const { hub, signal, onProgress, offline } = locateOptions(context, address);
  return await resolveHubFile(published ? `hf:${published.repo}` : address, {
    ...hub,
    signal,
    onProgress,
    offline,
    force: context.flags.force,
  });
}
