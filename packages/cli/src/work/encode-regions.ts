import { saveDetectionEncoding } from '@vitamin-vlm/fvit-detection';
import type { Context } from '../command.ts';
import { describeDetector, loadDetector } from '../detector.ts';
import type { detectorFlags, modelFlags } from '../flags.ts';

/** `vitamin encode --for detect`: keeps the regions of a picture, with the dense map and the pooled embedding of the same pass. */
export async function encodeRegions(
  context: Context<typeof modelFlags & typeof detectorFlags & { readonly masks: { readonly kind: 'switch'; readonly help: string } }>,
  file: string,
): Promise<number> {
  const { flags, output, progress, signal, writer } = context;
  const { size, window, stride, masks } = flags;
  await using detector = await loadDetector(context);
  const options = { signal, onProgress: progress.reporter(file), size, window, stride, masks, dense: true };
  const encoding = await detector.encode(file, options);
  const written = await writer!.path();
  await saveDetectionEncoding(written, encoding);
  const { width, height } = encoding.geometry;
  const regions = encoding.boxes.shape[0];
  output.path(written);
  await output.whole(undefined, { model: describeDetector(detector), file, width, height, encoding: written, regions });
  return 0;
}
