import { tensor, VitaminError } from '@vitamin-vlm/core';
import { decodeMask, segmentationToRle } from 'coco-eval-js';
import {
  CLIP_NORMALIZATION_255,
  decodeImage,
  mmdetSize,
  type Normalization,
  type ResizeFilter,
  resizeAsync,
  toTensor,
} from '@vitamin-vlm/image';
import { flipped, randomCrop, type TrueScene } from './augment.ts';
import type { TrainingImage } from './data-set.ts';
import type { Bitmap } from './mask-targets.ts';
import { randomStream } from '@vitamin-vlm/training';
import type { TrainingPicture } from './train-detector.ts';

/** How pictures of a training set become the network's input. */
export interface PhotoSourceOptions {
  /** Side of the square canvas. */
  readonly size: number;
  readonly filter: ResizeFilter;
  /** Default: CLIP's. */
  readonly normalization?: Normalization | undefined;
  /** Whether masks are learned. */
  readonly masks: boolean;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** The picture becomes this many times the canvas: large-scale jitter. */
const JITTER = { least: 0.1, most: 2 };
/** Other pictures that are tried when a crop has left nothing of the boxes. */
const ATTEMPTS = 20;

/**
 * The picture of each place in a training, as F-ViT augments it (large-scale jitter, Ghiasi et al., arXiv:2012.07177): every picture once in an epoch, in an order
 * by chance; scaled to 0.1 to 2 times the canvas, cut to it, mirrored or not. When no box is left after the cut, another picture takes its place.
 *
 * @throws VitaminError as `decodeImage`; `INPUT_UNREADABLE` when a picture has another size than the annotations say.
 * @example
 * ```ts
 * import { photoSource, readTrainingSet } from '@vitamin-vlm/fvit-detection';
 * const { images } = await readTrainingSet('instances_train2017.json', { images: 'train2017', split: 'ov-coco' });
 * const pictureAt = photoSource(images, { size: 896, filter: 'opencv-bilinear', masks: false, seed: 0 });
 * console.log((await pictureAt(0)).boxes.length / 4);
 * ```
 */
export function photoSource(images: readonly TrainingImage[], options: PhotoSourceOptions): (place: number) => Promise<TrainingPicture> {
  const { size, seed, normalization = CLIP_NORMALIZATION_255 } = options;
  let order: { readonly epoch: number; readonly places: Uint32Array } | undefined;
  return async (place) => {
    const epoch = Math.floor(place / images.length);
    if (order?.epoch !== epoch) order = { epoch, places: shuffled(images.length, randomStream(seed + 1, epoch)) };
    const random = randomStream(seed, place);
    let index = order.places[place % images.length]!;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const scene = await augmented(images[index]!, random, options);
      if (scene.classes.length > 0) return prepared(scene, size, normalization);
      index = Math.floor(random() * images.length);
    }
    throw new VitaminError('INPUT_UNREADABLE', `Expected boxes of some size in the annotations but ${ATTEMPTS} pictures in a row had none`);
  };
}

async function augmented(
  image: TrainingImage,
  random: () => number,
  { size, filter, masks, signal }: PhotoSourceOptions,
): Promise<TrueScene> {
  const picture = await decodeImage(image.file);
  if (picture.width !== image.width || picture.height !== image.height) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected ${image.file} to be ${image.width} x ${image.height} as its annotation says but found ${picture.width} x ${picture.height}`,
    );
  }
  const side = Math.max(1, Math.trunc(size * (JITTER.least + (JITTER.most - JITTER.least) * random())));
  const { width, height } = mmdetSize(picture, side, side);
  const [sx, sy] = [Math.fround(width / picture.width), Math.fround(height / picture.height)];
  const boxes = Float32Array.from(
    image.things.flatMap(({ box: [x, y, w, h] }) => [
      within(x * sx, width),
      within(y * sy, height),
      within((x + w) * sx, width),
      within((y + h) * sy, height),
    ]),
  );
  const scene: TrueScene = {
    picture: await resizeAsync(picture, width, height, filter, { signal }),
    boxes,
    classes: Int32Array.from(image.things, (thing) => thing.class),
    ...(masks && { masks: image.things.map(({ segmentation }) => bitmap(segmentation, image, width, height)) }),
  };
  const cut = randomCrop(scene, { width: size, height: size }, random);
  return random() < 0.5 ? flipped(cut) : cut;
}

/** A mask at the picture's size, then each pixel from the nearest one, as OpenCV takes it. */
function bitmap(
  segmentation: TrainingImage['things'][number]['segmentation'],
  image: TrainingImage,
  width: number,
  height: number,
): Bitmap {
  if (!segmentation) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected masks in the annotations of ${image.file} but found a box alone`, {
      hint: 'Train a detector without masks (family ov-coco).',
    });
  }
  const source = decodeMask(segmentationToRle(segmentation, image.height, image.width));
  const columns = Int32Array.from({ length: width }, (_, x) => Math.min(Math.floor((x * image.width) / width), image.width - 1));
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.min(Math.floor((y * image.height) / height), image.height - 1) * image.width;
    for (let x = 0; x < width; x++) data[y * width + x] = source[row + columns[x]!]!;
  }
  return { width, height, data };
}

function prepared({ picture, boxes, classes, masks }: TrueScene, size: number, normalization: Normalization): TrainingPicture {
  const canvas = { width: size, height: size, fill: 'zeroAfter' } as const;
  const { data } = toTensor(picture, { normalization, canvas });
  return {
    pixels: tensor('float32', [1, 3, size, size], data),
    boxes,
    classes,
    ...(masks && { masks }),
    extents: { width: picture.width, height: picture.height },
  };
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

function within(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
