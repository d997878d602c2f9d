import { type Box, type LabelMap, UNLABELED, VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import {
  panopticPng,
  readLabelMap,
  readSegmentTruth,
  type SegmentData,
  type SegmentItem,
  type SegmentTruth,
  semanticPng,
} from '@vitamin-vlm/fcclip-segmentation';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What was found in one picture, as small as JSON can hold it; its maps lie beside it as files. */
export interface SegmentResult {
  readonly width: number;
  readonly height: number;
  /** Segments of the panoptic map: id, class, score, area, box. */
  readonly segments?: readonly (readonly [id: number, index: number, score: number, area: number, ...box: Box])[];
  /** Best first: class, score, and the mask's run lengths as COCO writes them. */
  readonly instances?: readonly (readonly [index: number, score: number, counts: string])[];
}

/** Folders of an evaluation with a PNG file for each picture: ids of segments, and classes. */
export const PANOPTIC = 'panoptic';
export const SEMANTIC = 'semantic';

/** The name of a picture's map in such a folder. */
export function mapName({ name }: Pick<SegmentItem, 'name'>): string {
  return name.replace(/\.[^./]+$/u, '.png');
}

/** Writes the ids of segments as panopticapi reads them. */
export async function writePanopticMap(folder: string, item: SegmentItem, map: LabelMap): Promise<void> {
  await writeMap(join(folder, PANOPTIC, mapName(item)), await panopticPng({ map }));
}

/** Writes the class of each pixel as data sets have it. */
export async function writeSemanticMap(folder: string, item: SegmentItem, map: LabelMap, classes: number): Promise<void> {
  await writeMap(join(folder, SEMANTIC, mapName(item)), (await semanticPng(map, classes)).png);
}

async function writeMap(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, bytes);
}

/** Writes the maps of a picture in which nothing was found, in the size of its truth. */
export async function writeEmptyMaps(folder: string, item: SegmentItem, data: SegmentData, kinds: readonly string[]): Promise<void> {
  const { width, height } = await readSegmentTruth(item, data);
  const empty = new Uint16Array(width * height);
  if (kinds.includes(PANOPTIC)) await writePanopticMap(folder, item, { width, height, data: empty });
  if (kinds.includes(SEMANTIC)) await writeSemanticMap(folder, item, { width, height, data: empty.fill(UNLABELED) }, data.labels.length);
}

/** What was written by `writeSemanticMap`, with 65535 for none. @throws VitaminError `INPUT_UNREADABLE` when it is not as large as the truth. */
export async function readSemanticMap(
  folder: string,
  item: SegmentItem,
  { width, height }: SegmentTruth,
  classes: number,
): Promise<Uint16Array> {
  const path = join(folder, SEMANTIC, mapName(item));
  const map = await readLabelMap(path);
  if (map.width !== width || map.height !== height) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected ${path} to be ${width} x ${height} as its truth is but found ${map.width} x ${map.height}`,
    );
  }
  // In 8 bits 255 is none of the classes; with more than 255 of them there are 16.
  return classes > 255 ? map.data : map.data.map((value) => (value === 255 ? UNLABELED : value));
}
