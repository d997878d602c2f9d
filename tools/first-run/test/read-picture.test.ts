import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { Backbone, EMBEDDED_MODEL } from '@vitamin-vlm/backbone';
import { Detector } from '@vitamin-vlm/fvit-detection';
import { decodeImage } from '@vitamin-vlm/image';
import { kinds, renderScene, stuffKinds } from '@vitamin-vlm/picture-world';
import { expect, it } from 'vitest';
import { readPicture } from '../src/read-picture.ts';
import { absentModelText, readingText } from '../src/text.ts';

const picturePath = fileURLToPath(new URL('../pictures/farm.png', import.meta.url));
const model = fileURLToPath(new URL('../../../models/nano/open_clip_model.safetensors', import.meta.url));

it('bundles a scene that no training step has seen', async () => {
  const { picture } = renderScene(21, { width: 384, height: 288, split: 'val' });
  const bundled = await decodeImage(picturePath);
  expect([bundled.width, bundled.height]).toEqual([384, 288]);
  expect(Buffer.compare(bundled.data, picture.data)).toBe(0);
});

it.skipIf(!existsSync(model))('finds the sheep, the truck and what they stand on', async () => {
  await using detector = await Detector.load(EMBEDDED_MODEL);
  await using backbone = Backbone.from(detector.model.tower);
  const words = { kinds: kinds.map(({ name }) => name), surroundings: stuffKinds };
  const picture = await decodeImage(picturePath);
  const reading = await readPicture({ detector, backbone }, picture, words);
  expect(reading.what[0]?.label).toBe('sheep');
  expect(reading.what.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 4);
  expect(reading.where.reduce((sum, { score }) => sum + score, 0)).toBeGreaterThan(0.8);
  const large = reading.where.slice(0, 6).map(({ label }) => label);
  expect(large).toEqual(expect.arrayContaining(['grass', 'sky', 'trees', 'sheep']));
  expect(reading.regions.height).toBeGreaterThan(picture.height); // the legend
  expect(reading.things.map(({ label }) => label)).toEqual(expect.arrayContaining(['sheep', 'truck', 'cat']));
  for (const { box } of reading.things) {
    expect(box[0] + box[2]).toBeLessThanOrEqual(picture.width);
    expect(box[1] + box[3]).toBeLessThanOrEqual(picture.height);
  }
  const text = readingText(reading, {
    picturePath: 'farm.png',
    boxesPath: 'out/b.png',
    regionsPath: 'out/r.png',
    folder: 'out',
    model: 'nano',
    words,
    seconds: 1,
  });
  expect(text).toMatch(/^ {2}sheep +\d+ % {2}#+$/mu);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(115);
});

it('says what to do without a model', () => {
  expect(absentModelText('farm.png')).toContain('--model vitamin-small-224');
});
