import { expect, it } from 'vitest';
import type { Annotation, Dataset, Result } from '../src/coco/types.ts';
import { evaluateCrowdPose } from '../src/crowdpose/evaluate-crowdpose.ts';
import { hasData, readJson, whyNot } from './shared.ts';

/** COCO's persons as CrowdPose would have them: the first 14 points, no areas, a crowd index for each image. */
function crowded(): { dataset: Dataset; results: Result[] } {
  const coco = readJson('coco-mini/annotations/person_keypoints_val2017.json') as Dataset;
  const indexes = [0, 0.1, 0.19, 0.2, 0.5, 0.79, 0.8, 0.95];
  const images = coco.images.map((image, i) => ({ ...image, crowdIndex: indexes[i % indexes.length]! }));
  const annotations = coco.annotations.map(({ area: _area, keypoints, ...rest }): Annotation => {
    const points = keypoints!.slice(0, 42);
    return { ...rest, keypoints: points, num_keypoints: points.filter((v, i) => i % 3 === 2 && v > 0).length };
  });
  const results = readJson('golden/mini_val_dets_keypoints.json') as Result[];
  return { dataset: { ...coco, images, annotations }, results: results.map((r) => ({ ...r, keypoints: r.keypoints!.slice(0, 42) })) };
}

it.skipIf(!hasData)(`equals faster-coco-eval${whyNot}`, () => {
  const { dataset, results } = crowded();
  const evaluation = evaluateCrowdPose(dataset, results);
  const { stats, metrics, summary, warnings } = evaluation;
  // faster-coco-eval 1.8.0, 'keypoints_crowd' with use_area=False; the last three are rounded to 4 decimals there.
  const wanted = [0.4487235277736573, 0.5236709064267845, 0.5172206584243166, 0.6671641791044777, 0.7313432835820896, 0.7313432835820896];
  wanted.forEach((value, i) => expect(stats[i]).toBeCloseTo(value, 12));
  expect(stats.slice(6).map((value) => Math.round(value * 1e4) / 1e4)).toEqual([0.645, 0.3507, 0.3784]);
  expect(Object.keys(metrics)).toEqual(['AP', 'AP50', 'AP75', 'AR', 'AR50', 'AR75', 'AP_easy', 'AP_medium', 'AP_hard']);
  expect(summary.text.split('\n')[6]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | type=  easy | maxDets= 20 ] = 0.645');
  expect(warnings).toEqual([]);
  expect(typeof evaluation.slice).toBe('function');
});

it.skipIf(!hasData)(`a slice has the numbers of its images alone${whyNot}`, () => {
  const { dataset, results } = crowded();
  const evaluation = evaluateCrowdPose(dataset, results);
  const easy = evaluation.slice(({ crowdIndex }) => (crowdIndex as number) < 0.2).summary;
  expect(easy.stats[0]).toBe(evaluation.metrics['AP_easy']);
  expect(easy.stats[6]).toBe(evaluation.metrics['AP_easy']);
  expect(easy.stats[8]).toBe(-1);
});

it('asks for a crowd index, and for keypoints', () => {
  const dataset = { images: [{ id: 1 }], categories: [{ id: 1, name: 'person' }], annotations: [] };
  const evaluation = evaluateCrowdPose(dataset, []);
  expect(evaluation.warnings.map(({ code }) => code)).toContain('missing-crowd-index');
  expect(evaluation.params.kptOksSigmas).toHaveLength(14);
  expect(evaluation.metrics['AP_hard']).toBe(-1);
  expect(() => evaluateCrowdPose(dataset, [], { iouType: 'bbox' } as object)).toThrow('iouType "keypoints" for CrowdPose');
});
