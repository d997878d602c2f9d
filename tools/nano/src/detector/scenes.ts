import { flipped, randomCrop, type TrainingPicture, type TrueScene } from '@vitamin-vlm/fvit-detection';
import { randomStream } from '@vitamin-vlm/training';
import { baseKinds, kinds, renderScene, type Scene } from '@vitamin-vlm/picture-world';
import { CLIP_NORMALIZATION_255, type Picture, toTensor } from '@vitamin-vlm/image';
import { tensor } from '@vitamin-vlm/core';
import type { Round } from './plan.ts';

const classOf = new Map(kinds.map(({ name }, index) => [name, index]));

/**
 * The picture of a place in the training: a scene of base kinds alone, in which novel things do not occur at all, drawn at some size, cut to the canvas, mirrored or
 * not. A pure function of the place and of the round's canvas.
 */
export function trainingScene(place: number, { side, scenes: { least, most } }: Pick<Round, 'side' | 'scenes'>): TrainingPicture {
  const random = randomStream(1, place);
  const canvas = { width: side, height: side };
  const width = Math.floor(least + (most - least + 1) * random());
  const height = Math.floor(Math.min(Math.max(width * (0.75 + 0.58 * random()), least), most));
  const scene = renderScene(place, { width, height, kinds: baseKinds });
  const cut = randomCrop(truthOf(scene), canvas, random);
  const shown = random() < 0.5 ? flipped(cut) : cut;
  return {
    pixels: canvasOf(shown.picture, side),
    boxes: shown.boxes,
    classes: shown.classes,
    extents: { width: shown.picture.width, height: shown.picture.height },
  };
}

/** Boxes and classes of the things in a scene. Crowds teach nothing: their things have no boxes of their own. */
function truthOf({ picture, things }: Scene): TrueScene {
  const single = things.filter(({ crowd }) => !crowd);
  return {
    picture,
    boxes: Float32Array.from(single.flatMap(({ box: [x, y, width, height] }) => [x, y, x + width, y + height])),
    classes: Int32Array.from(single, ({ category }) => classOf.get(category)!),
  };
}

function canvasOf(picture: Picture, side: number): TrainingPicture['pixels'] {
  const { data } = toTensor(picture, { normalization: CLIP_NORMALIZATION_255, canvas: { width: side, height: side, fill: 'zeroAfter' } });
  return tensor('float32', [1, 3, side, side], data);
}
