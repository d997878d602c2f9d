import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VitaminError, type WorkOptions, writeFileAtomic } from '@vitamin-vlm/core';
import { kinds } from '../kinds/catalog.ts';
import { renderScene } from '../scene.ts';
import { stuff, stuffKinds } from '../stuff/catalog.ts';
import type { SceneOptions } from '../types.ts';
import { writeScenes } from './pool.ts';
import type { SceneRecords } from './records.ts';
import { folders } from './write-scene.ts';

/** What a data set contains. */
export interface DataSetOptions extends SceneOptions, WorkOptions {
  /** Number of scenes, 1 to 100,000. */
  readonly count: number;
  /** Seed of the first scene (default 1); the others follow. It is also the image id. */
  readonly seed?: number;
}

/** Bound of one data set: its annotation files are written as one string each, which V8 bounds at 512 MB. */
const mostScenes = 100_000;

/**
 * Writes scenes as a data set in COCO's layout: `images/`, `panoptic/` and `semantic/` PNG files, and under `annotations/` the files
 * `instances.json`, `panoptic.json`, `captions.json` and `questions.json`. Files that exist already are replaced.
 *
 * @param root folder, made if missing
 * @throws VitaminError `USAGE` for options out of range, `ABORTED` when the signal fires; the system's error if a file cannot be written
 * @example
 * ```ts
 * import { writeDataSet } from '@vitamin-vlm/picture-world';
 * await writeDataSet('world-val', { count: 100, seed: 1, split: 'val', width: 256 });
 * ```
 */
export async function writeDataSet(root: string, options: DataSetOptions): Promise<void> {
  const { count, seed = 1, signal, onProgress, ...scene } = options;
  if (!Number.isInteger(count) || count < 1 || count > mostScenes) {
    throw new VitaminError('USAGE', `Expected a whole number from 1 to ${mostScenes} for the count but received ${count}`, {
      hint: 'Write several data sets with different seeds.',
    });
  }
  // The last seed is the largest: if it can be drawn, all options hold.
  renderScene(seed + count - 1, scene);
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  const records = await writeScenes({ root, options: scene }, seed, count, { signal, onProgress });
  await writeAnnotations(root, records, `seeds ${seed} to ${seed + count - 1} of split ${scene.split ?? 'train'}`);
}

async function writeAnnotations(root: string, records: readonly SceneRecords[], description: string): Promise<void> {
  const info = { description: `picture-world, ${description}`, version: '1', year: 2026 };
  const images = records.map((r) => r.image);
  const thingCategories = kinds.map(({ id, name, supercategory }) => ({ id, name, supercategory }));
  const write = (file: string, body: object): Promise<void> =>
    writeFileAtomic(join(root, 'annotations', file), Buffer.from(JSON.stringify({ info, images, ...body })));
  await write('instances.json', { annotations: numbered(records.flatMap((r) => r.instances)), categories: thingCategories });
  await write('panoptic.json', { annotations: records.map((r) => r.panoptic), categories: panopticCategories() });
  await write('captions.json', { annotations: numbered(records.flatMap((r) => r.captions)) });
  await write('questions.json', { annotations: numbered(records.flatMap((r) => r.questions)) });
}

/** Ids count from 1: pycocotools takes a match with annotation 0 for no match. */
function numbered(list: readonly object[]): object[] {
  return list.map((record, i) => ({ id: i + 1, ...record }));
}

/** Things, then stuff, with COCO panoptic's names, ids and flag, and the words for them in sentences. */
export function panopticCategories(): { id: number; name: string; supercategory: string; isthing: 0 | 1; synonyms: string[] }[] {
  const seen = stuff.filter((s) => stuffKinds.includes(s.name));
  return [
    ...kinds.map(({ id, name, supercategory }) => ({ id, name, supercategory, isthing: 1 as const, synonyms: [name] })),
    ...seen.map(({ id, name, category, supercategory }) => ({ id, name: category, supercategory, isthing: 0 as const, synonyms: [name] })),
  ];
}
