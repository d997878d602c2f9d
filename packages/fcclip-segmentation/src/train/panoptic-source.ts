import { readFile } from 'node:fs/promises';
import { tensor, VitaminError } from '@vitamin-vlm/core';
import { CLIP_NORMALIZATION_255, crop, decodeImage, pad, type Picture, resizeAsync, toTensor } from '@vitamin-vlm/image';
import { randomStream } from '@vitamin-vlm/training';
import { CocoEvalError } from 'coco-eval-js';
import { decodePanopticPng } from 'coco-eval-js/node';
import type { Extents } from '../models/config.ts';
import type { PanopticTrainingImage } from './panoptic-set.ts';
import type { TrainingPicture } from './train-segmenter.ts';

/** How pictures of a training set become the network's input. */
export interface PanopticSourceOptions {
  readonly canvas: Extents;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** The picture becomes as large as this many canvases: large-scale jitter. */
const JITTER = { least: 0.1, most: 2 };
/** What lies to the right and below of a picture in training; answers are given over black. */
const GRAY = [128, 128, 128] as const;

/**
 * The picture of each place in a training, as FC-CLIP augments it (large-scale jitter, Ghiasi et al., arXiv:2012.07177): every picture once in an epoch, in an order by chance;
 * mirrored or not, scaled to fit 0.1 to 2 canvases, cut to one, gray beside it. Segments that the cut leaves nothing of are kept as empty masks.
 *
 * @throws VitaminError as `decodeImage`; `INPUT_UNREADABLE` for a map that cannot be read or has another size than its picture.
 * @example
 * ```ts
 * import { panopticSource, readPanopticSet } from '@vitamin-vlm/fcclip-segmentation';
 * const { images } = await readPanopticSet('panoptic_train2017.json', { images: 'train2017' });
 * const pictureAt = panopticSource(images, { canvas: { width: 1344, height: 1344 }, seed: 0 });
 * console.log((await pictureAt(0)).classes.length);
 * ```
 */
export function panopticSource(
  images: readonly PanopticTrainingImage[],
  { canvas, seed, signal }: PanopticSourceOptions,
): (place: number) => Promise<TrainingPicture> {
  let order: { readonly epoch: number; readonly places: Uint32Array } | undefined;
  return async (place) => {
    const epoch = Math.floor(place / images.length);
    if (order?.epoch !== epoch) order = { epoch, places: shuffled(images.length, randomStream(seed + 1, epoch)) };
    return await augmented(images[order.places[place % images.length]!]!, randomStream(seed, place), { canvas, signal });
  };
}

async function augmented(
  image: PanopticTrainingImage,
  random: () => number,
  { canvas, signal }: Pick<PanopticSourceOptions, 'canvas' | 'signal'>,
): Promise<TrainingPicture> {
  const picture = await decodeImage(image.file);
  const ids = await readMap(image, picture);
  const mirrored = random() < 0.5;
  const jitter = JITTER.least + (JITTER.most - JITTER.least) * random();
  const scale = Math.min((jitter * canvas.width) / picture.width, (jitter * canvas.height) / picture.height);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const share = random(); // one for both sides, as Detectron2 draws it
  const left = Math.round(Math.max(width - canvas.width, 0) * share);
  const top = Math.round(Math.max(height - canvas.height, 0) * share);
  const part = { left, top, width: Math.min(width, canvas.width), height: Math.min(height, canvas.height) };

  const scaled = await resizeAsync(mirrored ? mirror(picture) : picture, width, height, 'bilinear', { signal });
  const shown = pad(crop(scaled, left, top, part.width, part.height), canvas.width, canvas.height, GRAY);
  const { data } = toTensor(shown, { normalization: CLIP_NORMALIZATION_255 });
  const masks = new Map(image.segments.map(({ id }) => [id, new Uint8Array(canvas.width * canvas.height)]));
  for (let y = 0; y < part.height; y++) {
    const row = nearest(top + y, height, picture.height) * picture.width;
    for (let x = 0; x < part.width; x++) {
      const column = nearest(left + x, width, picture.width);
      const mask = masks.get(ids[row + (mirrored ? picture.width - 1 - column : column)]!);
      if (mask) mask[y * canvas.width + x] = 1;
    }
  }
  return {
    pixels: tensor('float32', [1, 3, canvas.height, canvas.width], data),
    masks: image.segments.map(({ id }) => masks.get(id)!),
    classes: Int32Array.from(image.segments, (segment) => segment.class),
  };
}

async function readMap({ map, file }: PanopticTrainingImage, { width, height }: Picture): Promise<Uint32Array> {
  const bytes = await readFile(map).catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected the segments of ${file} in ${map} but they cannot be read`, { cause });
  });
  try {
    const found = decodePanopticPng(bytes, map);
    if (found.width === width && found.height === height) return found.ids;
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected ${map} to be ${width} x ${height} as its picture is but found ${found.width} x ${found.height}`,
    );
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    throw new VitaminError('INPUT_UNREADABLE', error.message, { cause: error });
  }
}

/** The pixel that Pillow's nearest filter takes: the one below the center. */
function nearest(index: number, side: number, source: number): number {
  return Math.min(Math.floor(((index + 0.5) * source) / side), source - 1);
}

/** A picture with left and right exchanged. */
function mirror({ width, height, data }: Picture): Picture {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [from, to] = [3 * (y * width + width - 1 - x), 3 * (y * width + x)];
      for (let c = 0; c < 3; c++) out[to + c] = data[from + c]!;
    }
  }
  return { width, height, data: out };
}

/** Numbers from 0 in an order by chance (Fisher-Yates). */
function shuffled(count: number, random: () => number): Uint32Array {
  const places = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * random());
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  return places;
}
