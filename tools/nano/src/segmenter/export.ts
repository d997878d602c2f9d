import { floatToHalf, type Tensor, tensor } from '@vitamin-vlm/core';
import { saveSegmenter, type SegmentSettings } from '@vitamin-vlm/fcclip-segmentation';
import { classNames, classThings, read } from './plan.ts';

/** How the embedded segmenter is asked, chosen on scenes of stream `train` that no step has seen. */
export const settings: Partial<SegmentSettings> = { alpha: 0.4, beta: 1, overlap: 0.6 };

/** Writes both decoders as Detectron2 does, matrices in half precision; the CLIP model stays in the file that it came from. */
export async function exportSegmenter(
  path: string,
  parameters: ReadonlyMap<string, Tensor>,
  { steps, ...changed }: { readonly steps: number } & Partial<SegmentSettings>,
): Promise<void> {
  const tensors = [...parameters].map(([name, value]): [string, Tensor] => [
    name,
    value.shape.length > 1 ? toHalf(value as Tensor<'float32'>) : value,
  ]);
  await saveSegmenter(path, tensors, {
    classes: classNames.map((name) => ({ name, synonyms: [name] })),
    things: classThings,
    settings: { ...read, ...settings, ...changed },
    iteration: steps,
  });
}

function toHalf({ shape, data }: Tensor<'float32'>): Tensor<'float16'> {
  return tensor('float16', shape, Uint16Array.from(data, floatToHalf));
}
