import { basename, extname } from 'node:path';
import type { Label } from '@vitamin-vlm/backbone';
import { type LabelMap, unlabeledIn, writeFileAtomic } from '@vitamin-vlm/core';
import { drawOverlay, encodeLabelPng, encodePng, labelColor, type Picture } from '@vitamin-vlm/image';
import type { FileWriter } from '../file-writer.ts';

/** A label of a picture and how much of it there is. */
export interface Region {
  /** The value of its pixels in the label PNG. */
  readonly id: number;
  readonly label: string;
  readonly pixels: number;
  /** Of the picture, 0..1. */
  readonly share: number;
}

/** Where the files of a picture went. `overlay` is absent when there was no picture to draw on. */
export interface LabelFiles {
  readonly labels: string;
  readonly overlay?: string;
  readonly json: string;
}

/** A label map as it is written: 8 bits where the labels and the mark for none fit, else 16. */
export function labelImage({ width, height, data }: LabelMap, count: number): LabelMap {
  // Uint8Array.from keeps the low byte: 65535 becomes 255.
  return { width, height, data: count <= 255 ? Uint8Array.from(data) : data };
}

/** The labels that occur, largest first. */
export function regionsOf(map: LabelMap, labels: readonly Label[]): Region[] {
  const { data } = map;
  const unlabeled = unlabeledIn(map);
  const counts = new Uint32Array(labels.length);
  for (const value of data) if (value !== unlabeled) counts[value]!++;
  return Array.from(counts, (pixels, id) => ({ id, label: labels[id]!.name, pixels, share: pixels / data.length }))
    .filter(({ pixels }) => pixels > 0)
    .toSorted((a, b) => b.pixels - a.pixels);
}

/** Writes `STEM.labels.png`, `STEM.overlay.png` and `STEM.json` for a picture. `document` gets the paths. */
export async function writeLabelFiles(
  writer: FileWriter,
  image: LabelMap,
  { file, picture, labels, document }: { file: string; picture: Picture | undefined; labels: readonly Label[]; document: object },
): Promise<LabelFiles> {
  const stem = basename(file, extname(file));
  const [labelPath = '', json = '', overlay] = await writer.paths(stem, ['.labels.png', '.json', ...(picture ? ['.overlay.png'] : [])]);
  const files: LabelFiles = { labels: labelPath, json, ...(overlay === undefined ? {} : { overlay }) };
  const narrow = image.data instanceof Uint8Array;
  await writeFileAtomic(labelPath, await encodeLabelPng(image, narrow ? labels.map((_, i) => labelColor(i)) : undefined));
  if (picture && overlay !== undefined) {
    const names = labels.map(({ name }) => name);
    await writeFileAtomic(overlay, await encodePng(drawOverlay(picture, { labelMap: image }, { labels: names })));
  }
  await writeFileAtomic(json, `${JSON.stringify({ ...document, files }, null, 2)}\n`);
  return files;
}
