import { saveSegmentEncoding } from '@vitamin-vlm/fcclip-segmentation';
import type { Context } from '../command.ts';
import type { modelFlags, segmenterFlags } from '../flags.ts';
import { checkPrecision, describeSegmenter, loadSegmenter, refuseFlags } from '../segmenter.ts';

/** `vitamin encode --for segment`: keeps the masks of a picture with their vectors. */
export async function encodeMasks(context: Context<typeof modelFlags & typeof segmenterFlags>, file: string): Promise<number> {
  const { flags, output, progress, signal, writer } = context;
  const { tier, window, stride, shortest, longest } = flags;
  checkPrecision(flags.precision);
  refuseFlags(context, ['size', 'levels', 'masks'], '--for segment keeps masks at the size of the segmenter');
  await using segmenter = await loadSegmenter(context);
  const reading = { tier, window, stride, shortest, longest };
  const encoding = await segmenter.encode(file, { ...reading, signal, onProgress: progress.reporter(file) });
  const written = await writer!.path();
  await saveSegmentEncoding(written, encoding);
  const { width, height } = encoding.geometry;
  const masks = encoding.maskLogits.shape[0];
  output.path(written);
  await output.whole(undefined, { model: describeSegmenter(segmenter), file, width, height, encoding: written, masks });
  return 0;
}
