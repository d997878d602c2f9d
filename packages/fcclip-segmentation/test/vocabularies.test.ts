import { promptSets } from '@vitamin-vlm/backbone';
import { expect, it } from 'vitest';
import { readClassList, seenLabels, vocabularyNames } from '../src/index.ts';

// Classes, things, synonyms and classes seen in the training on COCO, of FC-CLIP's evaluation; LVIS counted here.
const counts: Record<(typeof vocabularyNames)[number], readonly [classes: number, things: number, synonyms: number, seen: number]> = {
  'coco-panoptic': [133, 80, 254, 133],
  'coco-stuff': [171, 80, 328, 135],
  'ade20k-150': [150, 100, 403, 64],
  'ade20k-847': [847, 847, 1342, 101],
  cityscapes: [19, 8, 60, 17],
  mapillary: [65, 37, 153, 26],
  'pcontext-59': [59, 59, 160, 51],
  'pcontext-459': [459, 459, 559, 85],
  'voc-20': [20, 20, 79, 20],
  'voc-21': [21, 21, 153, 21],
  lvis: [1203, 1203, 1825, 80],
};

it.each(vocabularyNames)('%s has the classes, things, synonyms and seen classes of the evaluation', async (name) => {
  const { labels: trained } = await readClassList('coco-panoptic');
  const { labels, things } = await readClassList(name);
  const synonyms = labels.reduce((sum, label) => sum + label.synonyms.length, 0);
  const seen = seenLabels(labels, trained).filter(Boolean).length;
  expect([labels.length, things.filter(Boolean).length, synonyms, seen]).toEqual(counts[name]);
});

it('knows which classes of ADE20K were seen', async () => {
  const [{ labels: trained }, { labels }] = [await readClassList('coco-panoptic'), await readClassList('ade20k-150')];
  const seen = [...seenLabels(labels, trained).entries()].flatMap(([index, is]) => (is ? [index] : []));
  expect(seen.slice(0, 24)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 26]);
  expect(seen.slice(-8)).toEqual([126, 127, 131, 135, 136, 142, 147, 148]);
});

it('has the 14 sentences of FC-CLIP, four of them without a full stop', () => {
  const { templates } = promptSets.fcclip;
  expect([templates.length, templates.filter((template) => !template.endsWith('.')).length]).toEqual([14, 4]);
});
