import { describe, expect, it } from 'vitest';
import type { AnnotationColumns, GroundTruthOptions } from '../src/coco/annotation-columns.ts';
import type { GroundTruth } from '../src/coco/columns.ts';
import { checkDataset } from '../src/coco/dataset.ts';
import { readGroundTruth } from '../src/coco/ground-truth-builder.ts';
import type { Dataset, Warning } from '../src/coco/types.ts';
import { CocoEvalError } from '../src/errors.ts';
import { parseAnnotations } from '../src/json/annotations-reader.ts';
import { parseJson } from '../src/json/parse-json.ts';
import { polygonsToRle } from '../src/mask/from-shapes.ts';
import { toRleObject } from '../src/mask/rle-string.ts';
import { mutate } from './mutate.ts';
import { random } from './shared.ts';
import { synthetic } from './synthetic.ts';

const KINDS: readonly GroundTruthOptions[] = [
  { iouType: 'bbox', mode: 'reference', scheme: 'coco', keypointCount: 17 },
  { iouType: 'segm', mode: 'fixed', scheme: 'coco', keypointCount: 17 },
  { iouType: 'segm', mode: 'reference', scheme: 'lvis', keypointCount: 17 },
  { iouType: 'keypoints', mode: 'reference', scheme: 'coco', keypointCount: 17 },
];

interface Columns {
  readonly groundTruth: GroundTruth;
  readonly warnings: readonly Warning[];
}

function fromBytes(text: string, options: GroundTruthOptions): Columns {
  return columnsOf(parseAnnotations(new TextEncoder().encode(text), options));
}

/** A fault of any annotation is thrown, as where all are evaluated. */
function columnsOf({ groundTruth, warnings, faults }: AnnotationColumns): Columns {
  const fault = faults.first(() => true);
  if (fault !== undefined) throw fault;
  return { groundTruth, warnings };
}

function fromObjects(text: string, options: GroundTruthOptions): Columns {
  return columnsOf(readGroundTruth(checkDataset(parseJson(new TextEncoder().encode(text))), options));
}

/** Everything an error says, or what was returned. */
function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    return [error.code, error.message, error.list, error.index, error.hint];
  }
}

/** All kinds of masks. */
function masks(dataset: Dataset): Dataset {
  const annotations = dataset.annotations.map((annotation, i) => {
    if (i % 3 === 0) return annotation;
    const rle = polygonsToRle(annotation.segmentation as number[][], 150, 200);
    return { ...annotation, segmentation: i % 3 === 1 ? toRleObject(rle) : { size: [150, 200], counts: [...rle.counts] } };
  });
  return { ...dataset, annotations };
}

/** An annotation's text around that of its mask. */
function entry(mask: string, id: number): string {
  return `{"id":${id},"image_id":1,"category_id":1,"bbox":[0,0,1,1],"area":1,"iscrowd":0,${mask}}`;
}

function file(annotations: string[]): string {
  return `{"images":[{"id":1}],"categories":[{"id":1}],"annotations":[${annotations.join(' , ')}]}`;
}

describe('annotation reader', () => {
  it.each(KINDS)('$iouType $mode: the columns of parsed objects, whatever the order and the white space', (options) => {
    const { images, annotations, categories } = masks(synthetic(3, options.iouType).dataset);
    for (const dataset of [
      { info: { a: [1, '"]]'] }, images, annotations, categories },
      { annotations, categories, images, licenses: [] },
    ]) {
      const expected = fromObjects(JSON.stringify(dataset), options);
      for (const space of [0, 1, 3]) expect(fromBytes(JSON.stringify(dataset, undefined, space), options)).toEqual(expected);
    }
  });

  it.each(KINDS)('$iouType $mode: a changed value anywhere means the same as in parsed objects', (options) => {
    const r = random(17);
    const text = JSON.stringify(masks(synthetic(5, options.iouType, 3).dataset));
    let errors = 0;
    for (let i = 0; i < 400; i++) {
      const dataset = JSON.parse(text) as unknown;
      mutate(dataset, r);
      const changed = JSON.stringify(dataset);
      const expected = outcome(() => fromObjects(changed, options));
      if (Array.isArray(expected)) errors++;
      expect(outcome(() => fromBytes(changed, options))).toEqual(expected);
    }
    expect(errors).toBeGreaterThan(40);
  });

  it.each(KINDS)('$iouType $mode: no change of a few bytes makes anything but columns or one clear error', (options) => {
    const r = random(23);
    const text = JSON.stringify(masks(synthetic(6, options.iouType, 3).dataset));
    for (let i = 0; i < 400; i++) {
      const at = Math.floor(r() * text.length);
      const cut = Math.floor(r() * 4);
      const changed =
        text.slice(0, at) + '[]{},:"0-.e\\ x'.slice(Math.floor(r() * 13), 14).slice(0, Math.floor(r() * 3)) + text.slice(at + cut);
      const found = outcome(() => fromBytes(changed, options));
      let parsed: unknown;
      try {
        parsed = JSON.parse(changed);
      } catch {
        // Faults inside masks that are not compared stay unseen.
        if (options.iouType === 'segm') expect(found).toBeInstanceOf(Array);
        continue;
      }
      expect(found).toEqual(outcome(() => fromObjects(JSON.stringify(parsed), options)));
    }
  });

  it('of a list that stands twice the last one counts, whatever the first one holds', () => {
    const [options] = KINDS;
    const good = file([entry('"ignore":0', 5)]);
    for (const before of ['"annotations":[1]', '"images":{}', '"categories":[{"id":"x"}]', '"annotations":[]']) {
      const text = `{${before},${good.slice(1)}`;
      expect(fromBytes(text, options!)).toEqual(fromObjects(text, options!));
    }
  });

  it('a mask of an image that the file does not have is not looked at', () => {
    const annotation = { id: 1, image_id: 9, category_id: 1, bbox: [0, 0, 1, 1], area: 1, iscrowd: 0 };
    for (const segmentation of [null, undefined, 7, [[1, 'x']], { counts: 'é', size: [1, 1] }, { counts: '0' }, [[0, 0, 1, 1, 0, 1]]]) {
      const text = JSON.stringify({ images: [{ id: 1 }], annotations: [{ ...annotation, segmentation }], categories: [{ id: 1 }] });
      const { groundTruth, warnings } = fromBytes(text, KINDS[1]!);
      expect([...groundTruth.segmentation!.kind]).toEqual([0]);
      expect(warnings.map(({ code }) => code)).toEqual(['unknown-image']);
    }
  });

  it('passes over masks of any form', () => {
    const [options] = KINDS;
    const forms = [
      '[[1,2],[3]]',
      '[[]]',
      '[]',
      '[[ 1 ] , [2.5e-3] ]',
      '[[1,[2]],{"a":"]]"},"x"]',
      '{"counts":"[[\\"]]","size":[1,2]}',
      'null',
      '"]]"',
    ];
    for (const space of ['', ' ', '\n  ']) {
      const behind = forms.map((form, i) => entry(`"segmentation":${space}${form}${space}`, i));
      const before = forms.map((form, i) => entry(`"segmentation":${form}${space},${space}"ignore":0`, i));
      for (const text of [file(behind), file(before)]) expect(fromBytes(text, options!)).toEqual(fromObjects(text, options!));
    }
  });

  it('says what is missing or no list, and in which annotation the text is damaged', () => {
    const [options] = KINDS;
    const read = (text: string) => () => fromBytes(text, options!);
    expect(read('[]')).toThrow(/^Expected an annotation file .* but received an array of 0$/);
    expect(read('{"images":[],"categories":[]}')).toThrow(/^Expected a list "annotations" in the annotation file but received nothing$/);
    expect(read('{"images":[],"annotations":{},"categories":[]}')).toThrow(/^Expected a list "annotations" .* but received an object$/);
    expect(read('{"images":[],"annotations":[],"categories":[],"images":0}')).toThrow(/^Expected a list "images" .* but received 0$/);
    expect(read('{"annotations":[{"id":1 "image_id":1}]}')).toThrow(/^Expected "," or "}" but found .* at byte 24, in annotations\[0\]$/);
    expect(read('{"images":[],"annotations":[],"categories":[]} x')).toThrow(/^Expected the end of the file but found "x" at byte 47$/);
  });
});
