import { EMBEDDED_MODEL, openModel, type PublishedModel, publishedModels } from '@vitamin-vlm/backbone';
import { openCheckpoint, resolveHubFile } from '@vitamin-vlm/checkpoint';
import { VitaminError } from '@vitamin-vlm/core';
import { describeCheckpoint, descriptionText } from '../checkpoint-text.ts';
import { type Context, resultFile } from '../context.ts';
import { asWeights, locateOptions } from '../model.ts';
import { table } from '../text.ts';

/** What can be known of a model without its weights. */
interface Known {
  readonly address: string;
  readonly published?: PublishedModel;
  readonly path?: string;
}

/** `vitamin show`: what a weight file holds. Nothing is downloaded: for a published model that is not there, what is known of it is shown. */
export async function show(context: Context, address: string): Promise<number> {
  const file = await resultFile(context);
  const known = await findWeights(context, address);
  if (known.path === undefined) {
    const { name, repo, imageSize, license } = known.published!;
    const rows = [
      ['model', name],
      ['address', `hf:${repo}`],
      ['image size', String(imageSize)],
      ['license', license],
      ['weights', `not downloaded; vitamin pull ${name} fetches them`],
    ];
    await context.output.whole(table(rows), { schemaVersion: 1, ...known, weights: null }, file);
    return 0;
  }
  await using checkpoint = await openCheckpoint(known.path).catch((error: unknown) => {
    throw asWeights(error);
  });
  const license = known.published?.license ?? (address === EMBEDDED_MODEL ? 'Apache-2.0' : undefined);
  const description = await describeCheckpoint(address, known.path, checkpoint, license);
  await context.output.whole(descriptionText(description), { schemaVersion: 1, ...description }, file);
  return 0;
}

/** A path, or a model by name: in the cache, or known only. */
async function findWeights(context: Context, address: string): Promise<Known> {
  if (address === EMBEDDED_MODEL) return { address, path: (await openModel(address)).files[0]! };
  const published = publishedModels.find(({ name }) => name === address);
  if (!published && !address.startsWith('hf:')) return { address, path: address };
  const { hub, signal, onProgress } = locateOptions(context, address);
  try {
    const uri = published ? `hf:${published.repo}` : address;
    const path = await resolveHubFile(uri, { ...hub, offline: true, signal, onProgress });
    return { address, path, ...(published ? { published } : {}) };
  } catch (error) {
    if (published && error instanceof VitaminError && error.code === 'OFFLINE') return { address, published };
    throw error;
  }
}
