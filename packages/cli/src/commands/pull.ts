import { VitaminError } from '@vitamin-vlm/core';
import { type Command, command, type Context } from '../command.ts';
import { locateOptions } from '../model.ts';

/** Fetches weights and prints their paths, one a line. */
export const pull: Command = command({
  name: 'pull',
  summary: 'download the weights of models into the cache shared with Python',
  inputs: { usage: '<model...>', help: 'names or hf: addresses' },
  flags: {},
  writes: { nothing: 'Weights go to the cache shared with Python. Name another cache with --cache-dir or HF_HUB_CACHE.' },
  async run(context) {
    const { inputs, output } = context;
    const models: object[] = [];
    for (const address of inputs) {
      const path = await fetchWeights(context, address);
      models.push({ address, path });
      output.item(path, { address, path });
    }
    await output.document({ models });
    return 0;
  },
});

async function fetchWeights(context: Context, address: string): Promise<string> {
  const { EMBEDDED_MODEL, openModel, publishedModels } = await import('@vitamin-vlm/backbone');
  if (address === EMBEDDED_MODEL) return (await openModel(address)).files[0]!;
  const published = publishedModels.find(({ name }) => name === address);
  if (!published && !address.startsWith('hf:')) {
    throw new VitaminError('MODEL_UNKNOWN', `Expected the name of a model or an hf: address but received ${address}`, {
      hint: 'vitamin list shows the names.',
    });
  }
  const { resolveHubFile } = await import('@vitamin-vlm/checkpoint');
  const { hub, signal, onProgress, offline } = locateOptions(context, address);
  const settings = { ...hub, signal, onProgress, offline, force: context.flags.force };
  const path = await resolveHubFile(published ? `hf:${published.repo}` : address, settings);
  if (published?.tokenizer) await resolveHubFile(`hf:${published.repo}/tokenizer.json`, settings);
  return path;
}
