import { baseKinds } from '@vitamin-vlm/picture-world';
import { expect, it } from 'vitest';
import { askedCategories, askedNames, classNames, classThings, config, shape } from '../src/segmenter/plan.ts';
import { trainingScene } from '../src/segmenter/scenes.ts';

const { width, height } = config.canvas;
const black = [122.7709383 / 68.5005327, 116.7460125 / 66.6321579, 104.09373615 / 70.32316305];

it('a training scene has masks that do not overlap, none beside the picture, and is the same when asked again', () => {
  let [beside, named, inside, overlapping, outside] = [0, 0, 0, 0, 0];
  for (let place = 0; place < 12; place++) {
    const { pixels, masks, classes } = trainingScene(place);
    expect(masks).toHaveLength(classes.length);
    expect(masks.length).toBeLessThanOrEqual(shape.pairs / shape.pictures);
    expect(masks.every((mask) => mask.includes(1))).toBe(true);
    for (let i = 0; i < width * height; i++) {
      const owners = masks.reduce((sum, mask) => sum + mask[i]!, 0);
      const isBlack = black.every((value, c) => Math.abs(pixels.data[c * width * height + i]! + value) < 1e-5);
      overlapping += Number(owners > 1);
      named += owners;
      inside += Number(!isBlack);
      // Nothing in a picture is quite black over the whole last line.
      if (i < width * (height - 1) || !isBlack) continue;
      beside++;
      outside += owners;
    }
  }
  expect([overlapping, outside]).toEqual([0, 0]);
  expect(beside).toBeGreaterThan(width);
  expect(named / inside).toBeGreaterThan(0.9); // the rest are crowds
  expect(trainingScene(5)).toEqual(trainingScene(5));
});

it('classes are base things, then stuff; what is asked for has an id of COCO panoptic each', () => {
  expect(classNames.filter((_, i) => classThings[i])).toEqual(baseKinds);
  expect([classNames.length, askedNames.length, askedCategories.length]).toEqual([73, 90, 90]);
  expect(new Set(askedCategories.map(({ id }) => id)).size).toBe(90);
});
