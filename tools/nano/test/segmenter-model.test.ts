import { Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import { expect, it, vi } from 'vitest';
import { evaluateSegmenter } from '../src/segmenter/evaluate.ts';
import { classNames, developmentSeeds } from '../src/segmenter/plan.ts';

vi.setConfig({ testTimeout: 240_000 });

it('the embedded segmenter opens on the embedded tower and knows stuff that it was trained on', async () => {
  await using segmenter = await Segmenter.load('nano', { cacheDir: false });
  const { classes, things, settings, config } = segmenter.model;
  expect(classes.map(({ name }) => name)).toEqual(classNames);
  expect(things.filter(Boolean)).toHaveLength(48);
  expect(settings).toMatchObject({ alpha: 0.4, beta: 1, overlap: 0.6 });
  expect(config.canvas).toEqual({ width: 256, height: 256 });
  const { stuff, mIoU } = await evaluateSegmenter(segmenter, { split: 'train', firstSeed: developmentSeeds, scenes: 4, size: 256 });
  expect(stuff).toBeGreaterThan(0.7);
  expect(mIoU).toBeGreaterThan(0.5);
});
