import { basename, extname } from 'node:path';
import { type Label, type LabelMap, UNLABELED } from '@vitamin-vlm/backbone';
import { writeFileAtomic } from '@vitamin-vlm/core';
import { drawLabelMap, encodeLabelPng, encodePng, labelColor, type Picture } from '@vitamin-vlm/image';
import type { FileWriter } from './file-writer.ts';

/** A label of a picture and how much of it there is. */
export interface Region {
  /** The value of its pixels in the label PNG. */
  readonly id: number;
  readonly label: string;
  readonly pixels: number;
  /** Of the picture, 0..1. */
  readonly share: number;
}

/** A label map as it is written: 8 bits where the labels and the mark for none fit, else 16. */
export interface LabelImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint16Array;
  /** The value of pixels without a label. */
  readonly unlabeled: number;
}

/** Where the files of a picture went. `overlay` is absent when there was no picture to draw on. */
export interface LabelFiles {
  readonly labels: string;
  readonly overlay?: string;
  readonly json: string;
}

/** 255 marks "no label" in 8 bits, 65535 in 16. */
export function labelImage({ width, height, data }: LabelMap, count: number): LabelImage {
  // Uint8Array.from keeps the low byte: 65535 becomes 255.
  return count <= 255 ? { width, height, data: Uint8Array.from(data), unlabeled: 255 } : { width, height, data, unlabeled: UNLABELED };
}

/** The labels that occur, largest first. */
export function regionsOf({ data, unlabeled }: LabelImage, labels: readonly Label[]): Region[] {
  const counts = new Uint32Array(labels.length);
  for (const value of data) if (value !== unlabeled) counts[value]!++;
  return Array.from(counts, (pixels, id) => ({ id, label: labels[id]!.name, pixels, share: pixels / data.length }))
    .filter(({ pixels }) => pixels > 0)
    .toSorted((a, b) => b.pixels - a.pixels);
}

/** Writes `STEM.labels.png`, `STEM.overlay.png` and `STEM.json` for a picture. `document` gets the paths. */
export async function writeLabelFiles(
  writer: FileWriter,
  image: LabelImage,
  { file, picture, labels, document }: { file: string; picture: Picture | undefined; labels: readonly Label[]; document: object },
): Promise<LabelFiles> {
  const stem = basename(file, extname(file));
  const [labelPath = '', json = '', overlay] = await writer.paths(stem, ['.labels.png', '.json', ...(picture ? ['.overlay.png'] : [])]);
  const files: LabelFiles = { labels: labelPath, json, ...(overlay === undefined ? {} : { overlay }) };
  const narrow = image.data instanceof Uint8Array;
  await writeFileAtomic(labelPath, await encodeLabelPng(image, narrow ? labels.map((_, i) => labelColor(i)) : undefined));
  if (picture && overlay !== undefined) {
    const names = labels.map(({ name }) => name);
    await writeFileAtomic(overlay, await encodePng(drawLabelMap(picture, image, names, { ignore: image.unlabeled })));
  }
  await writeFileAtomic(json, `${JSON.stringify({ ...document, files }, null, 2)}\n`);
  return files;
}
