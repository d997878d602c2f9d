import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { Backbone, EMBEDDED_MODEL } from '@vitamin-vlm/backbone';
import { Segmenter } from '@vitamin-vlm/fcclip-segmentation';
import { Detector } from '@vitamin-vlm/fvit-detection';
import { decodeImage } from '@vitamin-vlm/image';
import { kinds, renderScene, stuffKinds } from '@vitamin-vlm/picture-world';
import { expect, it, vi } from 'vitest';
import { askPicture } from '../src/ask-picture.ts';
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

it.skipIf(!existsSync(model))('finds the sheep, the truck and what they stand on, and answers a question', async () => {
  await using detector = await Detector.load(EMBEDDED_MODEL);
  await using segmenter = await Segmenter.load(EMBEDDED_MODEL);
  await using backbone = Backbone.from(detector.model.tower);
  const again = [
    { name: 'plants', synonyms: ['trees', 'grass'] },
    { name: 'sky', synonyms: ['sky'] },
  ];
  const words = { kinds: kinds.map(({ name }) => name), surroundings: stuffKinds, again };
  const picture = await decodeImage(picturePath);
  const passes = vi.spyOn(Backbone.prototype, 'windowMaps');
  const reading = await readPicture({ detector, segmenter, backbone }, picture, words);
  expect(passes).toHaveBeenCalledTimes(1);
  passes.mockRestore();
  expect(reading.what[0]?.label).toBe('sheep');
  expect(reading.what.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 4);
  expect(reading.segments.slice(0, 3).map(({ label }) => label)).toEqual(expect.arrayContaining(['grass', 'sky', 'trees']));
  const shares = reading.segments.map(({ area }) => area / (picture.width * picture.height));
  expect(shares).toEqual(shares.toSorted((a, b) => b - a));
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeGreaterThan(0.7);
  expect(reading.again.segments.slice(0, 2).map(({ label, isThing }) => [label, isThing])).toEqual([
    ['plants', false],
    ['sky', false],
  ]);
  expect(reading.things.map(({ label }) => label)).toEqual(expect.arrayContaining(['sheep', 'truck']));
  for (const { box } of reading.things) {
    expect(box[0] + box[2]).toBeLessThanOrEqual(picture.width);
    expect(box[1] + box[3]).toBeLessThanOrEqual(picture.height);
  }
  const asked = await askPicture(picture, 'How many trucks are there?');
  expect(asked.answer).toBe('1');
  const text = readingText(reading, asked, {
    picturePath: 'farm.png',
    boxesPath: 'out/b.png',
    regionsPath: 'out/r.png',
    folder: 'out',
    model: 'nano',
    words,
    seconds: 1,
  });
  expect(text).toMatch(/^ {2}sheep +\d+ % {2}#+$/mu);
  expect(text).toContain('How many trucks are there?  1');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(115);
});

it('says what to do without a model', () => {
  expect(absentModelText('farm.png')).toContain('--model vitamin-small-224');
});
