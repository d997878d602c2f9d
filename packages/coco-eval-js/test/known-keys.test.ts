import { expect, it } from 'vitest';
import { JsonScanner } from '../src/json/scanner.ts';
import { readValue } from '../src/json/value.ts';

/** COCO, LVIS and panoptic annotations, and results. */
const KEYS = `info year version description contributor url date_created images id width height file_name license flickr_url coco_url date_captured
neg_category_ids not_exhaustive_category_ids annotations image_id category_id segmentation size counts area bbox iscrowd keypoints num_keypoints ignore
caption segments_info categories name supercategory skeleton isthing color frequency synset synonyms def image_count instance_count licenses score`;

it('the keys of annotation and results files are decoded once', () => {
  const keys = KEYS.split(/\s+/);
  const entry = Object.fromEntries(keys.map((key) => [key, 0]));
  const list = Array.from({ length: 5 }, () => ({ ...entry, '': 1 }));
  const scanner = new JsonScanner(new TextEncoder().encode(JSON.stringify(list)));
  expect(readValue(scanner)).toEqual(list);
  // The empty key has no letters to be found by.
  expect(scanner.newKeys).toBe(keys.length + 5);
});
