import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import type { Evaluation } from '../src/coco/evaluation.ts';
import { CocoEvalError } from '../src/errors.ts';
import { polygonsToRle } from '../src/mask/from-shapes.ts';
import { toRleObject } from '../src/mask/rle-string.ts';
import { type EvaluateFileOptions, evaluateFiles } from '../src/node/files.ts';

// Files as converters, exporters and other programs write them. Numbers are those of pycocotools 2.0.11.

export type Entry = Record<string, unknown>;
export interface File {
  images: Entry[];
  categories: Entry[];
  annotations: Entry[];
}

export const folder = mkdtempSync(join(tmpdir(), 'coco-eval-foreign-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export const truth: [image: number, category: number, box: [number, number, number, number]][] = [
  [1, 1, [10, 10, 40, 40]],
  [1, 2, [80, 20, 100, 100]],
  [2, 1, [5, 5, 20, 20]],
  [2, 1, [60, 60, 30, 30]],
  [3, 2, [20, 20, 110, 105]],
];
export const found: [image: number, category: number, box: [number, number, number, number], score: number][] = [
  [1, 1, [11, 11, 40, 38], 0.9],
  [1, 2, [85, 22, 95, 98], 0.8],
  [2, 1, [5, 6, 21, 19], 0.7],
  [2, 1, [100, 60, 30, 30], 0.65],
  [2, 1, [62, 61, 30, 30], 0.6],
  [3, 2, [25, 20, 100, 100], 0.5],
];
export const AP = 0.8121287128712872;

export function corners([x, y, w, h]: readonly number[]): number[] {
  return [x!, y!, x! + w!, y!, x! + w!, y! + h!, x!, y! + h!];
}

export function groundTruth(): File {
  return {
    images: [1, 2, 3].map((id) => ({ id, width: 200, height: 150, file_name: `im${id}.jpg` })),
    categories: ['cat', 'dog'].map((name, i) => ({ id: i + 1, name })),
    annotations: truth.map(([image_id, category_id, bbox], i) => ({
      id: i + 1,
      image_id,
      category_id,
      bbox,
      area: bbox[2] * bbox[3],
      iscrowd: 0,
      segmentation: [corners(bbox)],
    })),
  };
}

export function results(): Entry[] {
  return found.map(([image_id, category_id, bbox, score]) => ({ image_id, category_id, bbox, score }));
}

export function masks(): Entry[] {
  return results().map(({ bbox, ...rest }) => ({
    ...rest,
    segmentation: toRleObject(polygonsToRle([corners(bbox as number[])], 150, 200)),
  }));
}

/** Evaluates two values, or texts, as files. */
export async function run(gt: unknown, dt: unknown, options: EvaluateFileOptions = {}): Promise<Evaluation> {
  const paths = [join(folder, 'gt.json'), join(folder, 'dt.json')] as const;
  [gt, dt].forEach((value, i) => writeFileSync(paths[i]!, typeof value === 'string' ? value : JSON.stringify(value)));
  return evaluateFiles(...paths, { iouType: 'bbox', ...options });
}

export async function failure(gt: unknown, dt: unknown, options: EvaluateFileOptions = {}): Promise<CocoEvalError> {
  const error: unknown = await run(gt, dt, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CocoEvalError);
  return error as CocoEvalError;
}

export function each<T extends Entry>(list: T[], change: (entry: T, i: number) => void): T[] {
  list.forEach(change);
  return list;
}

/** 17 points in a row. */
function points(shift: number, v: number): number[] {
  return Array.from({ length: 17 }, (_, k) => [50 + 3 * k + shift, 60 + 2 * k, v]).flat();
}

const person = (id: number, image_id: number): Entry => ({
  id,
  image_id,
  category_id: 1,
  bbox: [50, 60, 52, 34],
  area: 1768,
  iscrowd: 0,
  num_keypoints: 17,
  keypoints: points(0, 2),
});

/** Two persons with 17 points, found nearly where they are. */
export function people(): { gt: File; dt: Entry[] } {
  return {
    gt: {
      images: [1, 2].map((id) => ({ id, width: 200, height: 200 })),
      categories: [
        { id: 1, name: 'person' },
        { id: 2, name: 'dog' },
      ],
      annotations: [person(1, 1), person(2, 2)],
    },
    dt: [1, 2].map((image_id) => ({ image_id, category_id: 1, keypoints: points(1, 1), score: 0.9 - image_id / 10 })),
  };
}
