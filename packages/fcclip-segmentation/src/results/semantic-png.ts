import { type LabelMap, unlabeledIn } from '@vitamin-vlm/core';
import { encodeLabelPng, labelColor, type Rgb } from '@vitamin-vlm/image';

/** Labels that fit into 8 bits beside the mark for none. */
const NARROW = 255;

/** A label map as the PNG that semantic data sets have: a class per pixel, from 0; 255 where there is none, 65535 in 16 bits. */
export interface SemanticPng {
  readonly png: Uint8Array;
  /** Value of the pixels without a label. */
  readonly ignore: number;
  /** Color of each label in the PNG's palette; none with 16 bits. */
  readonly colors: readonly Rgb[] | undefined;
}

/**
 * A label map as a PNG whose samples are the classes: 8 bits with a palette for up to 255 labels, 16 bits of gray beyond.
 *
 * @param count - Labels that the vocabulary has.
 * @throws VitaminError `USAGE` for an inconsistent map.
 * @example
 * ```ts
 * import { type Segmenter, semanticPng } from '@vitamin-vlm/fcclip-segmentation';
 * import { writeFile } from 'node:fs/promises';
 * async function write(segmenter: Segmenter): Promise<void> {
 *   const { semantic, labels } = await segmenter.segment('street.jpg', ['road', 'sky'], { task: 'semantic' });
 *   await writeFile('street.png', (await semanticPng(semantic!, labels.length)).png);
 * }
 * ```
 */
export async function semanticPng(map: LabelMap, count: number): Promise<SemanticPng> {
  const image = narrowLabels(map, count);
  const colors = image.data instanceof Uint8Array ? Array.from({ length: count }, (_, i) => labelColor(i)) : undefined;
  return { png: await encodeLabelPng(image, colors), ignore: unlabeledIn(image), colors };
}

/** A label map in 8 bits where the labels and the mark for none fit, else as it is. */
function narrowLabels({ width, height, data }: LabelMap, count: number): LabelMap {
  // Uint8Array.from keeps the low byte: 65535 becomes 255.
  return { width, height, data: count <= NARROW ? Uint8Array.from(data) : data };
}
