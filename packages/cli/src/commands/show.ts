import type { PublishedModel } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import { type Command, command, type Context } from '../command.ts';
import { asWeights, locateOptions } from '../model.ts';
import { table } from '../text.ts';

/** What can be known of a model without its weights. */
interface Known {
  readonly address: string;
  readonly published?: PublishedModel;
  readonly path?: string;
}

/** What a weight file holds. Nothing is downloaded: for a published model that is not there, what is known of it is shown. */
export const show: Command = command({
  name: 'show',
  summary: 'what a model or weight file holds: tensors, sizes, variant, license',
  inputs: { usage: '<model>', help: 'a weight file, a folder or a model' },
  flags: {},
  async run(context) {
    const { inputs, output, writer } = context;
    const [address = ''] = inputs;
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
      await output.whole(table(rows), { ...known, weights: null }, writer);
      return 0;
    }
    const [{ EMBEDDED_MODEL }, { openCheckpoint }, { describeCheckpoint, descriptionText }] = await Promise.all([
      import('@vitamin-vlm/backbone'),
      import('@vitamin-vlm/checkpoint'),
      import('../work/checkpoint-text.ts'),
    ]);
    await using checkpoint = await openCheckpoint(known.path, { listForeign: true }).catch((error: unknown) => {
      throw asWeights(error);
    });
    const license = known.published?.license ?? (address === EMBEDDED_MODEL ? 'Apache-2.0' : undefined);
    const description = await describeCheckpoint(address, known.path, checkpoint, license);
    await output.whole(descriptionText(description), description, writer);
    return 0;
  },
});

/** A path, or a model by name: in the cache, or known only. */
async function findWeights(context: Context, address: string): Promise<Known> {
  const { EMBEDDED_MODEL, openModel, publishedModels } = await import('@vitamin-vlm/backbone');
  if (address === EMBEDDED_MODEL) return { address, path: (await openModel(address)).files[0]! };
  const published = publishedModels.find(({ name }) => name === address);
  if (!published && !address.startsWith('hf:')) return { address, path: address };
  const { resolveHubFile } = await import('@vitamin-vlm/checkpoint');
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
