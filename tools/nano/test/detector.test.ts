import { Detector } from '@vitamin-vlm/fvit-detection';
import { baseKinds, kinds, renderScene } from '@vitamin-vlm/picture-world';
import { expect, it } from 'vitest';
import { evaluateDetector } from '../src/detector/evaluate.ts';
import { developmentSeeds, rounds } from '../src/detector/plan.ts';
import { trainingScene } from '../src/detector/scenes.ts';

it('training pictures are the same for a place, fit the canvas, and hold base kinds alone', () => {
  for (const [place, round] of [
    [0, rounds[0]!],
    [7, rounds[1]!],
    [12_345, rounds[2]!],
  ] as const) {
    const picture = trainingScene(place, round);
    expect(trainingScene(place, round)).toEqual(picture);
    expect(picture.pixels.shape).toEqual([1, 3, round.side, round.side]);
    const { width, height } = picture.extents;
    picture.boxes.forEach((side, i) => {
      expect(side).toBeGreaterThanOrEqual(0);
      expect(side).toBeLessThanOrEqual(i % 2 === 0 ? width : height);
    });
    for (const index of picture.classes) expect(baseKinds).toContain(kinds[index]!.name);
  }
});

it('the embedded detector finds what is drawn, base and novel, by the names of its classes and by words', async () => {
  await using detector = await Detector.load('nano');
  expect(detector.model.read).toMatchObject({ size: 256, resize: 'bilinear', window: 96, stride: 48 });
  expect(detector.model.base.filter(Boolean)).toHaveLength(48);
  const figures = await evaluateDetector(detector, { split: 'train', firstSeed: developmentSeeds, scenes: 8, sizes: [256] });
  expect(figures.get(256)!.base).toBeGreaterThan(0.7);
  expect(figures.get(256)!.novel).toBeGreaterThan(0.4);

  const { picture, things } = renderScene(developmentSeeds + 8, { width: 256, split: 'train' });
  const { category } = things.find(({ crowd }) => !crowd)!;
  const { detections } = await detector.detect(picture, [category, 'a word that stands for nothing here']);
  expect(detections[0]!.label).toBe(category);
}, 600_000);
