import { tensor } from '@vitamin-vlm/core';
import type { TrainingPicture } from '@vitamin-vlm/fcclip-segmentation';
import { CLIP_NORMALIZATION_255, crop, toTensor } from '@vitamin-vlm/image';
import { baseKinds, renderScene, type Scene } from '@vitamin-vlm/picture-world';
import { randomStream } from '@vitamin-vlm/training';
import { classNames, config, sceneSides } from './plan.ts';

const classOf = new Map(classNames.map((name, index) => [name, index]));

/**
 * The picture of a place in the training: a scene of base kinds alone, in which novel things do not occur at all, drawn at some size, cut to the canvas, mirrored or
 * not. A pure function of the place.
 */
export function trainingScene(place: number): TrainingPicture {
  const random = randomStream(2, place);
  const { least, most } = sceneSides;
  const { canvas } = config;
  const width = Math.floor(least + (most - least + 1) * random());
  const height = Math.floor(width * (0.7 + 0.3 * random()));
  const scene = renderScene(place, { width, height, kinds: baseKinds });
  const [shownWidth, shownHeight] = [Math.min(width, canvas.width), Math.min(height, canvas.height)];
  const left = Math.floor((width - shownWidth + 1) * random());
  const top = Math.floor((height - shownHeight + 1) * random());
  const mirrored = random() < 0.5;
  const picture = crop(scene.picture, left, top, shownWidth, shownHeight);
  const { data } = toTensor(picture, { normalization: CLIP_NORMALIZATION_255, canvas: { ...canvas, fill: 'zeroBefore' } });
  const part = { left, top, width: shownWidth, height: shownHeight };
  const found = segmentsOf(scene, part);
  if (mirrored) {
    for (let plane = 0; plane < 3; plane++) mirror(data.subarray(plane * canvas.width * canvas.height), part);
    for (const { mask } of found) mirror(mask, part);
  }
  return {
    pixels: tensor('float32', [1, 3, canvas.height, canvas.width], data),
    masks: found.map(({ mask }) => mask),
    classes: Int32Array.from(found, (segment) => segment.index),
  };
}

/** A part of a scene, in its pixels. */
interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Segments of a part of a scene that show there, as masks on the canvas. Crowds teach nothing: FC-CLIP's training drops them. */
function segmentsOf(
  { picture, things, stuff, panoptic }: Scene,
  { left, top, width, height }: Part,
): { index: number; mask: Uint8Array }[] {
  const { canvas } = config;
  const named = [
    ...things.filter(({ crowd }) => !crowd).map(({ segmentId, category }) => [segmentId, category] as const),
    ...stuff.map(({ segmentId, name }) => [segmentId, name === 'dry grass' ? 'grass' : name] as const),
  ];
  const masks = new Map(
    named.map(([id, name]) => [id, { index: classOf.get(name)!, mask: new Uint8Array(canvas.width * canvas.height), area: 0 }]),
  );
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const segment = masks.get(panoptic[(top + y) * picture.width + left + x]!);
      if (!segment) continue;
      segment.mask[y * canvas.width + x] = 1;
      segment.area++;
    }
  }
  return [...masks.values()].filter(({ area }) => area > 0);
}

/** Exchanges left and right of the picture in the upper left of a plane of the canvas. */
function mirror(plane: Float32Array | Uint8Array, { width, height }: Part): void {
  for (let y = 0; y < height; y++) plane.subarray(y * config.canvas.width, y * config.canvas.width + width).reverse();
}
