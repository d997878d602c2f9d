import { VitaminError } from '@vitamin-vlm/core';
import type { SegmentEncoding, Segmenter, SegmenterIdentity } from '@vitamin-vlm/fcclip-segmentation';
import type { Picture } from '@vitamin-vlm/image';
import type { Context } from './command.ts';
import { longName } from './flag-table.ts';
import type { modelFlags, segmenterFlags } from './flags.ts';
import { asPicture, asWeights, checkDevice, checkSamePicture, locateOptions, remarkOnDefault } from './model.ts';

/**
 * Loads the segmenter that the flags name.
 *
 * @throws VitaminError as `Segmenter.load`, but a model file that cannot be read is a matter of weights, not of input; `USAGE` for an unknown device.
 */
export async function loadSegmenter(context: Context<Pick<typeof modelFlags, 'model'> & typeof segmenterFlags>): Promise<Segmenter> {
  const { model, tower, posEmbed, threads, device, cacheDir } = context.flags;
  if (model === 'nano') remarkOnDefault(context);
  await checkDevice(device, context.output);
  const provider = device as 'cpu' | undefined; // one of listProviders()
  const { Segmenter } = await import('@vitamin-vlm/fcclip-segmentation');
  const options = { tower, posEmbed, threads, provider, cacheDir, ...locateOptions(context, model) };
  return await Segmenter.load(model, options).catch((error: unknown) => {
    throw asWeights(error);
  });
}

/** @throws VitaminError `USAGE` for int8. */
export function checkPrecision(precision: string): void {
  if (precision !== 'float32') throw new VitaminError('USAGE', `Expected --precision float32 for a segmenter but received ${precision}`);
}

/** What a result says about the segmenter that made it. */
export function describeSegmenter({ model }: Segmenter): { name: string; address: string; identity: SegmenterIdentity; origin: string } {
  return { name: `fcclip-${model.tower.tower.id}`, address: model.address, identity: model.identity, origin: model.origin };
}

/**
 * What `vitamin encode --for segment` wrote, of that picture if there is one. Whether it is of this segmenter is checked when it is asked.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` or `INPUT_UNREADABLE`; `USAGE` for another picture.
 */
export async function readSegmentEncoding(path: string, picture: Picture | undefined): Promise<SegmentEncoding> {
  const { loadSegmentEncoding } = await import('@vitamin-vlm/fcclip-segmentation');
  const encoding = await asPicture(loadSegmentEncoding(path), 'vitamin encode --for segment');
  checkSamePicture(picture, encoding.geometry);
  return encoding;
}

/** @throws VitaminError `USAGE` when a flag was typed that means nothing here. */
export function refuseFlags({ sourceOf }: Pick<Context, 'sourceOf'>, names: readonly string[], reason: string): void {
  const typed = names.find((name) => sourceOf(name) === 'cli');
  if (typed !== undefined) throw new VitaminError('USAGE', `Expected no ${longName(typed)} but received one: ${reason}`);
}
