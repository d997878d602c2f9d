import type { DetectionEncoding, Detector, DetectorIdentity, DetectOptions } from '@vitamin-vlm/fvit-detection';
import type { Picture } from '@vitamin-vlm/image';
import type { Context } from './command.ts';
import type { choiceFlags, detectorFlags, modelFlags } from './flags.ts';
import { asPicture, asWeights, checkDevice, checkSamePicture, locateOptions, remarkOnDefault } from './model.ts';

/**
 * Loads the detector that the flags name.
 *
 * @throws VitaminError as `Detector.load`, but a model file that cannot be read is a matter of weights, not of input; `USAGE` for an unknown device.
 */
export async function loadDetector(context: Context<typeof modelFlags & typeof detectorFlags>): Promise<Detector> {
  const { model, precision, tower, threads, device, cacheDir } = context.flags;
  if (model === 'nano') remarkOnDefault(context);
  await checkDevice(device, context.output);
  const provider = device as 'cpu' | undefined; // one of listProviders()
  const { Detector } = await import('@vitamin-vlm/fvit-detection');
  return await Detector.load(model, { tower, precision, threads, provider, cacheDir, ...locateOptions(context, model) }).catch(
    (error: unknown) => {
      throw asWeights(error);
    },
  );
}

/** How the flags let a picture be read, and its detections be chosen. */
export function detectOptions({ flags }: Context<typeof detectorFlags & typeof choiceFlags>): DetectOptions {
  const { size, window, stride, score, nms, max, alpha, beta, vlmTemperature, cacheDir } = flags;
  return { size, window, stride, score, nms, max, alpha, beta, vlmTemperature, cacheDir };
}

/** What a result says about the detector that made it. */
export function describeDetector({ model }: Detector): { name: string; address: string; identity: DetectorIdentity; family: string } {
  return { name: `fvit-${model.tower.tower.id}`, address: model.address, identity: model.identity, family: model.family };
}

/**
 * What `vitamin encode --for detect` wrote, of that picture if there is one. Whether it is of this detector is checked when it is asked.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` or `INPUT_UNREADABLE`; `USAGE` for another picture.
 */
export async function readDetectionEncoding(path: string, picture: Picture | undefined): Promise<DetectionEncoding> {
  const { loadDetectionEncoding } = await import('@vitamin-vlm/fvit-detection');
  const encoding = await asPicture(loadDetectionEncoding(path), 'vitamin encode --for detect');
  checkSamePicture(picture, encoding.geometry);
  return encoding;
}
