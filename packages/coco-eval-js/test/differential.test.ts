import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../src/coco/evaluate.ts';
import type { EvalParamsInput } from '../src/coco/params.ts';
import type { Dataset, IouType, Result } from '../src/coco/types.ts';
import { polygonsToRle } from '../src/mask/from-shapes.ts';
import { toRleObject } from '../src/mask/rle-string.ts';
import { PROGRAM } from './pycocotools.data.ts';
import { oddParameters, synthetic } from './synthetic.ts';

// The same made-up data sets and parameters through pycocotools: set COCO_EVAL_PYTHON to a Python that has it, DIFFERENTIAL_CASES to their number and
// DIFFERENTIAL_SEED to others.
const python = process.env['COCO_EVAL_PYTHON'];
const cases = Number(process.env['DIFFERENTIAL_CASES'] ?? 120);
const first = Number(process.env['DIFFERENTIAL_SEED'] ?? 1000);
/** Cases for one run of the program: their arrays come back as one text. */
const BATCH = 200;
const types: readonly IouType[] = ['bbox', 'segm', 'keypoints'];

interface Case {
  readonly iouType: IouType;
  readonly dataset: Dataset;
  readonly results: Result[];
  readonly params: EvalParamsInput;
}

function makeCase(seed: number): Case | undefined {
  const iouType = types[seed % 3]!;
  const { dataset, results } = synthetic(seed, iouType);
  // Without results, or for keypoints without categories, pycocotools has no numbers to compare.
  if (results.length === 0) return undefined;
  const { useCats, ...odd } = oddParameters(seed);
  const params = iouType === 'keypoints' || useCats === undefined ? odd : { ...odd, useCats };
  // pycocotools demands this field.
  const annotations = dataset.annotations.map((annotation) => ({ ...annotation, num_keypoints: visible(annotation.keypoints ?? []) }));
  return {
    iouType,
    dataset: { ...dataset, annotations },
    results: iouType === 'segm' && seed % 2 === 0 ? results.map(asMask) : results,
    params,
  };
}

function visible(keypoints: readonly number[]): number {
  return keypoints.filter((v, i) => i % 3 === 2 && v > 0).length;
}

/** A detection as its mask alone. */
function asMask({ bbox, ...rest }: Result): Result {
  const [x, y, w, h] = bbox as [number, number, number, number];
  return { ...rest, segmentation: toRleObject(polygonsToRle([[x, y, x + w, y + 2, x + w / 2, y + h]], 150, 200)) };
}

function reference(list: readonly Case[]): Record<'precision' | 'recall' | 'scores', string>[] {
  const folder = mkdtempSync(join(tmpdir(), 'coco-eval-differential-'));
  try {
    const [input, output] = [join(folder, 'cases.json'), join(folder, 'arrays.json')];
    writeFileSync(input, JSON.stringify(list));
    execFileSync(python!, ['-c', PROGRAM, input, output], { stdio: ['ignore', 'ignore', 'inherit'] });
    return JSON.parse(readFileSync(output, 'utf8')) as ReturnType<typeof reference>;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function base64(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

describe('pycocotools on random data', () => {
  it.skipIf(python === undefined)(
    `gives the same bits${python === undefined ? ' (skipped: set COCO_EVAL_PYTHON to a Python with pycocotools)' : ''}`,
    () => {
      for (let from = 0; from < cases; from += BATCH) {
        const seeds = Array.from({ length: Math.min(BATCH, cases - from) }, (_, i) => first + from + i);
        const list = seeds.map(makeCase).filter((made) => made !== undefined);
        const expected = reference(list);
        list.forEach(({ dataset, results, iouType, params }, i) => {
          const { curves } = evaluate(dataset, results, { ...params, iouType });
          const found = { precision: base64(curves.precision), recall: base64(curves.recall), scores: base64(curves.scores) };
          expect(found, `case ${i} of the batch from seed ${seeds[0]}`).toEqual(expected[i]);
        });
      }
    },
    3_600_000,
  );
});
