import { join } from 'node:path';
import { writeFileAtomic } from '@vitamin-vlm/core';
import { encodeIdPng, encodeLabelPng, encodePng, labelColor, type Rgb } from '@vitamin-vlm/image';
import { renderScene } from '../scene.ts';
import type { SceneOptions } from '../types.ts';
import { fileName, recordsOf, type SceneRecords } from './records.ts';

/** Folders of a data set, below its root. */
export const folders = ['images', 'panoptic', 'semantic', 'annotations'] as const;

const labelPalette: readonly Rgb[] = Array.from({ length: 256 }, (_, id) => labelColor(id));

/** Renders a scene, writes its picture, panoptic and semantic PNG, and returns its records. */
export async function writeScene(root: string, seed: number, options: SceneOptions): Promise<SceneRecords> {
  const scene = renderScene(seed, options);
  const { width, height } = scene.picture;
  const name = fileName(seed);
  const write = async (folder: string, bytes: Promise<Uint8Array>): Promise<void> => writeFileAtomic(join(root, folder, name), await bytes);
  await Promise.all([
    write('images', encodePng(scene.picture)),
    write('panoptic', encodeIdPng(scene.panoptic, width, height)),
    write('semantic', encodeLabelPng({ width, height, data: scene.semantic }, labelPalette)),
  ]);
  return recordsOf(scene);
}
