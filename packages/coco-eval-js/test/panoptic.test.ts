import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decodePanopticPng } from '../src/node/png.ts';
import { addPanopticImage } from '../src/panoptic/panoptic-image.ts';
import type { PanopticMap, PanopticSegment, PanopticStats } from '../src/panoptic/panoptic-image.ts';
import { addPanopticStats, panopticQuality } from '../src/panoptic/panoptic-quality.ts';
import type { PanopticCategory } from '../src/panoptic/panoptic-quality.ts';
import { dataPath, hasData, readJson, whyNot } from './shared.ts';

interface PanopticFile {
  annotations: { image_id: number; file_name: string; segments_info: PanopticSegment[] }[];
  categories: PanopticCategory[];
}
type Average = { pq: number; sq: number; rq: number; n: number };
interface Golden {
  All: Average;
  Things: Average;
  Stuff: Average;
  per_class: Record<string, { pq: number; sq: number; rq: number }>;
  stat: Record<string, { iou: number; tp: number; fp: number; fn: number }>;
  gtFolders: string[];
  pred: string;
  gt: string;
}

function idsOf(folders: string[], file: string): Uint32Array {
  const path = folders.map((folder) => dataPath(`${folder}/${file}`)).find((candidate) => existsSync(candidate))!;
  return decodePanopticPng(readFileSync(path), path).ids;
}

it.skipIf(!hasData).each(['pred_a', 'pred_b'])(`equals panopticapi on real maps: %s${whyNot}`, (name) => {
  const golden = (readJson('golden/expected_panoptic_semseg.json') as Record<string, Golden>)[name]!;
  const gt = readJson(golden.gt) as PanopticFile;
  const prediction = readJson(golden.pred) as PanopticFile;
  const categories = new Set(gt.categories.map(({ id }) => id));
  const stats: PanopticStats = new Map();
  for (const { image_id: imageId, file_name: file, segments_info: segments } of gt.annotations) {
    const predicted = prediction.annotations.find((annotation) => annotation.image_id === imageId)!;
    addPanopticImage(
      stats,
      { ids: idsOf(golden.gtFolders, file), segments },
      { ids: idsOf([golden.pred.replace('.json', '')], predicted.file_name), segments: predicted.segments_info },
      { imageId, categories },
    );
  }
  const result = panopticQuality(stats, gt.categories);
  for (const [part, expected] of [
    [result.all, golden.All],
    [result.things, golden.Things],
    [result.stuff, golden.Stuff],
  ] as const) {
    expect(part.n).toBe(expected.n);
    for (const key of ['pq', 'sq', 'rq'] as const) expect(part[key]).toBeCloseTo(expected[key], 12);
  }
  expect(result.perClass.filter(({ tp, fp, fn }) => tp + fp + fn > 0)).toHaveLength(Object.keys(golden.stat).length);
  for (const { id, ...found } of result.perClass) {
    const expected = { ...golden.per_class[id], ...golden.stat[id] };
    if (golden.stat[id])
      for (const key of ['pq', 'sq', 'rq', 'iou', 'tp', 'fp', 'fn'] as const) expect(found[key]).toBeCloseTo(expected[key]!, 12);
  }
});

const areas = (ids: Uint32Array, id: number): number => ids.reduce((sum, value) => sum + (value === id ? 1 : 0), 0);

/** Ids and segments drawn from a small generator; `panopticapi` below was run on exactly these maps. */
function scene(seed: number): { gt: PanopticMap; prediction: PanopticMap } {
  let state = seed;
  const next = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const gtIds = new Uint32Array(400);
  const predictedIds = new Uint32Array(400);
  for (let i = 0; i < 400; i++) {
    const block = Math.floor(i / 20);
    gtIds[i] = block % 7 === 0 ? 0 : block % 7;
    predictedIds[i] = next(4) === 0 ? next(8) * 70000 : gtIds[i]! * 70000;
  }
  const gtSegments = [1, 2, 3, 4, 5, 6].map((id) => ({
    id,
    category_id: 1 + (id % 3),
    iscrowd: id >= 5 ? 1 : 0,
    area: areas(gtIds, id) + (id === 2 ? 5 : 0),
  }));
  const predictedSegments = [1, 2, 3, 4, 5, 6, 7].map((id) => ({ id: id * 70000, category_id: 1 + (id % 3) }));
  return {
    gt: { ids: gtIds, segments: gtSegments },
    prediction: { ids: predictedIds, segments: predictedSegments.filter(({ id }) => areas(predictedIds, id) > 0) },
  };
}

it('equals panopticapi on made-up maps with void, crowds, wrong areas and wrong classes', () => {
  const stats: PanopticStats = new Map();
  for (const { gt, prediction } of [3, 4, 5, 6].map(scene)) addPanopticImage(stats, gt, prediction);
  // panopticapi 7bb4655, numpy 2, on the four scenes written as PNG.
  expect(Object.fromEntries(stats)).toEqual({
    1: { iou: 2.766304347826087, tp: 4, fp: 0, fn: 0 },
    2: { iou: 4.905308697651332, tp: 7, fp: 5, fn: 1 },
    3: { iou: 2.4637065637065634, tp: 4, fp: 0, fn: 0 },
  });
  const categories = [1, 2, 3].map((id) => ({ id, isthing: id < 3 }));
  expect(panopticQuality(stats, categories).all).toEqual({ pq: 0.5993445325494319, sq: 0.6694203710873081, rq: 0.9, n: 3 });
});

it('sums images in any grouping', () => {
  const scenes = [3, 4, 5, 6].map(scene);
  const together: PanopticStats = new Map();
  for (const { gt, prediction } of scenes) addPanopticImage(together, gt, prediction);
  const apart: PanopticStats = new Map();
  for (const { gt, prediction } of scenes.toReversed()) {
    const one: PanopticStats = new Map();
    addPanopticImage(one, gt, prediction);
    addPanopticStats(apart, one);
  }
  for (const [category, { iou, ...counts }] of together) {
    expect(apart.get(category)).toMatchObject(counts);
    expect(apart.get(category)!.iou).toBeCloseTo(iou, 12);
  }
});

it('a perfect prediction has PQ 1, an empty world has none', () => {
  const { gt } = scene(1);
  const segments = gt.segments.map((segment) => ({ ...segment, iscrowd: 0, area: gt.ids.filter((id) => id === segment.id).length }));
  const stats: PanopticStats = new Map();
  addPanopticImage(stats, { ids: gt.ids, segments }, { ids: gt.ids, segments });
  const categories = [1, 2, 3].map((id) => ({ id, isthing: 1 }));
  expect(panopticQuality(stats, categories).all).toEqual({ pq: 1, sq: 1, rq: 1, n: 3 });
  expect(panopticQuality(stats, categories).stuff).toEqual({ pq: null, sq: null, rq: null, n: 0 });
});

it('counts one crowd region per category as the reference does, and all of them in fixed mode', () => {
  const gt = {
    ids: Uint32Array.of(1, 1, 2, 2),
    segments: [
      { id: 1, category_id: 5, iscrowd: 1, area: 2 },
      { id: 2, category_id: 5, iscrowd: 1, area: 2 },
    ],
  };
  const prediction = { ids: Uint32Array.of(9, 9, 0, 0), segments: [{ id: 9, category_id: 5 }] };
  const falsePositives = (mode: 'reference' | 'fixed'): number => {
    const stats: PanopticStats = new Map();
    addPanopticImage(stats, gt, prediction, { mode });
    return stats.get(5)?.fp ?? 0;
  };
  expect(falsePositives('reference')).toBe(1);
  expect(falsePositives('fixed')).toBe(0);
});

it('names the segment and the image in errors', () => {
  const gt = { ids: Uint32Array.of(1, 1), segments: [{ id: 1, category_id: 1, area: 2 }] };
  const options = { imageId: 42, categories: new Set([1]) };
  const run = (prediction: PanopticMap) => () => addPanopticImage(new Map(), gt, prediction, options);
  expect(run({ ids: Uint32Array.of(1), segments: [] })).toThrow('2 pixels in image 42 but received 1');
  expect(run({ ids: Uint32Array.of(3, 0), segments: [] })).toThrow('id 3 of the predicted map in image 42');
  expect(
    run({
      ids: Uint32Array.of(3, 3),
      segments: [
        { id: 3, category_id: 1 },
        { id: 4, category_id: 1 },
      ],
    }),
  ).toThrow('segment 4 (segments_info[1]) in image 42');
  expect(run({ ids: Uint32Array.of(3, 3), segments: [{ id: 3, category_id: 8 }] })).toThrow('has 8');
  expect(
    run({
      ids: Uint32Array.of(3, 3),
      segments: [
        { id: 3, category_id: 1 },
        { id: 3, category_id: 1 },
      ],
    }),
  ).toThrow('occurs twice');
});
