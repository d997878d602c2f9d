import type { Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import type { Context } from './command.ts';
import type { modelFlags, segmenterFlags } from './flags.ts';
import { asWeights, checkDevice, locateOptions } from './model.ts';

/**
 * Loads the segmenter that the flags name.
 *
 * @throws VitaminError as `Segmenter.load`, but a model file that cannot be read is a matter of weights, not of input; `USAGE` for an unknown device.
 */
export async function loadSegmenter(context: Context<Pick<typeof modelFlags, 'model'> & typeof segmenterFlags>): Promise<Segmenter> {
  const { model, tower, posEmbed, threads, device, cacheDir } = context.flags;
  await checkDevice(device);
  const provider = device as 'cpu' | undefined; // one of listProviders()
  const { Segmenter } = await import('@vitamin-vlm/fcclip-segmentation');
  const options = { tower, posEmbed, threads, provider, cacheDir, ...locateOptions(context, model) };
  return await Segmenter.load(model, options).catch((error: unknown) => {
    throw asWeights(error);
  });
}
