import { writeFileAtomic } from '@vitamin-vlm/core';
import { cocoResult, type Detections } from '@vitamin-vlm/fvit-detection';
import { drawOverlay, encodePng, type Picture } from '@vitamin-vlm/image';
import { toRleObject } from 'coco-eval-js';
import type { FileWriter, Sink } from '../file-writer.ts';
import { stemOf } from '../picture-source.ts';

/** The document of one picture: boxes in its pixels, masks as COCO's run lengths. */
export function detectionRecord(file: string, { width, height, detections }: Detections): object {
  const found = detections.map(({ label, score, box, mask }) => ({ label, score, box, ...(mask ? { mask: toRleObject(mask) } : {}) }));
  return { file, width, height, detections: found };
}

/** Where the files of a picture went. `overlay` is absent when there was no picture to draw on. */
export interface DetectionFiles {
  readonly overlay?: string;
  readonly json: string;
}

/** What is written of a picture. */
export interface FoundIn {
  readonly file: string;
  readonly picture: Picture | undefined;
  /** All labels that were asked: each has its color. */
  readonly labels: readonly string[];
  /** What is drawn. */
  readonly shown: Detections['detections'];
  readonly document: object;
}

/** Writes `STEM.overlay.png` and `STEM.json` for a picture. The document gets the paths. */
export async function writeDetectionFiles(
  writer: FileWriter,
  { file, picture, labels, shown, document }: FoundIn,
): Promise<DetectionFiles> {
  const [json = '', overlay] = await writer.paths(stemOf(file), ['.json', ...(picture ? ['.overlay.png'] : [])]);
  const files: DetectionFiles = { json, ...(overlay === undefined ? {} : { overlay }) };
  if (picture && overlay !== undefined)
    await writeFileAtomic(overlay, await encodePng(drawOverlay(picture, { instances: shown }, { labels })));
  await writeFileAtomic(json, `${JSON.stringify({ ...document, files }, null, 2)}\n`);
  return files;
}

/**
 * What was found in many pictures as one COCO document: `annotations` with scores, `images`, `categories`. Ids are places from 1 in the caller's lists of pictures
 * and labels. Annotations go out as they come; of a picture only its size is kept.
 */
export class CocoDocument {
  readonly #files: readonly string[];
  readonly #labels: readonly string[];
  readonly #sink: Sink;
  readonly #sizes: Map<number, readonly [width: number, height: number]> = new Map<number, readonly [width: number, height: number]>();
  #count = 0;

  constructor(files: readonly string[], labels: readonly string[], sink: Sink) {
    this.#files = files;
    this.#labels = labels;
    this.#sink = sink;
  }

  /** Adds what was found in the picture at a place of the list. */
  async add(place: number, { width, height, detections }: Detections): Promise<void> {
    this.#sizes.set(place, [width, height]);
    for (const detection of detections) {
      const [, , w, h] = detection.box;
      const result = cocoResult(detection, { imageId: place + 1, categoryId: detection.class + 1 });
      const entry = JSON.stringify({ id: this.#count + 1, ...result, area: w * h, iscrowd: 0 });
      await this.#sink(`${this.#count++ === 0 ? '{"annotations": [' : ','}\n${entry}`);
    }
  }

  /** Closes the list and writes the others. */
  async end(): Promise<void> {
    const images = Array.from(this.#sizes, ([place, [width, height]]) => ({
      id: place + 1,
      width,
      height,
      file_name: this.#files[place]!,
    }));
    const categories = this.#labels.map((name, i) => ({ id: i + 1, name }));
    await this.#sink(
      `${this.#count === 0 ? '{"annotations": [' : '\n'}],\n"images": ${lines(images)},\n"categories": ${lines(categories)}}\n`,
    );
  }
}

/** A list with a line for each entry. */
function lines(entries: readonly object[]): string {
  return entries.length === 0 ? '[]' : `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]`;
}
