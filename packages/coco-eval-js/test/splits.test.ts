import { describe, expect, it } from 'vitest';
import type { Dataset, Result } from '../src/coco/types.ts';
import { evaluateSplit } from '../src/splits/evaluate-split.ts';
import { OV_COCO_BASE, OV_COCO_NOVEL } from '../src/splits/categories.data.ts';
import { ovCocoSplit, ovLvisSplit, parseSplit } from '../src/splits/split.ts';
import { evaluateLvis } from '../src/lvis/evaluate-lvis.ts';
import { hasData, readJson, whyNot } from './shared.ts';
import { synthetic } from './synthetic.ts';

interface OvCase {
  stats: number[];
  summary: string;
  dt: string;
  ov: { base_ap50: number; novel_ap50: number; all_ap50: number; images: number };
  catIds: number[];
}

describe('category splits', () => {
  it('OV-COCO has 48 base and 17 novel classes', () => {
    expect([OV_COCO_BASE.length, OV_COCO_NOVEL.length, new Set([...OV_COCO_BASE, ...OV_COCO_NOVEL]).size]).toEqual([48, 17, 65]);
  });

  // Values of pycocotools 2.0.11 with F-ViT's means.
  it.skipIf(!hasData)(`equals F-ViT's OV-COCO numbers${whyNot}`, () => {
    const expected = (readJson('golden/expected_coco.json') as Record<string, OvCase>)['ov_coco_style']!;
    const dataset = readJson('coco-mini/annotations/instances_val2017.json') as Dataset;
    const all = readJson('golden/mini_val_dets_bbox.json') as Result[];
    const { evaluation, metrics } = evaluateSplit(dataset, all, 'ov-coco');
    expect(evaluation.params.catIds).toEqual(expected.catIds);
    expect(evaluation.params.imgIds.length).toBe(expected.ov.images);
    expect(evaluation.summary.text).toBe(expected.summary);
    expected.stats.forEach((value, i) => expect(Math.abs(evaluation.stats[i]! - value)).toBeLessThanOrEqual(1e-12));
    for (const group of ['base', 'novel', 'all'] as const) {
      expect(metrics[`AP50_${group}`]).toBeCloseTo(expected.ov[`${group}_ap50`] / 100, 12);
    }
    expect(metrics['AP50']).toBe(evaluation.stats[1]);
  });

  it('leaves classes without ground truth out of the mean', () => {
    const dataset: Dataset = {
      images: [{ id: 1 }],
      categories: ['a', 'b', 'c'].map((name, i) => ({ id: i + 1, name })),
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 9, 9], area: 81, iscrowd: 0 }],
    };
    const split = parseSplit({ x: ['a', 2], y: ['c'] }, dataset);
    const { groups } = evaluateSplit(dataset, [{ image_id: 1, category_id: 1, bbox: [0, 0, 9, 9], score: 1 }], split);
    expect(groups.map(({ group, counted, ap50 }) => [group, counted, ap50 === null ? null : Math.round(100 * ap50)])).toEqual([
      ['x', 1, 100],
      ['y', 0, null],
      ['all', 1, 100],
    ]);
  });

  it('OV-LVIS goes by the rules of LVIS: base are frequent and common classes, novel rare ones', () => {
    const { dataset, results } = synthetic(7, 'bbox');
    const { evaluation, groups, metrics } = evaluateSplit(dataset, results, 'ov-lvis');
    const lvis = evaluateLvis(dataset, results, { iouType: 'bbox' });
    expect(evaluation.stats).toEqual(lvis.stats);
    expect(groups.map(({ group, categories }) => [group, categories])).toEqual([
      ['base', 3],
      ['novel', 1],
      ['all', 4],
    ]);
    expect(metrics['AP_novel']).toBeCloseTo(lvis.metrics['APr']!, 12);
    expect(metrics['AP_all']).toBeCloseTo(lvis.metrics['AP']!, 12);
    expect(() => evaluateSplit(dataset, results, 'ov-voc' as 'ov-coco')).toThrow('"ov-coco" or "ov-lvis"');
  });

  it('rejects unknown and malformed groups', () => {
    const dataset = { categories: [{ id: 1, name: 'a' }] };
    for (const bad of [null, [], {}, { x: [] }, { x: 'a' }, { x: ['b'] }, { x: [2] }, { x: [null] }]) {
      expect(() => parseSplit(bad, dataset)).toThrow(/^Expected/);
    }
    expect(() => ovCocoSplit(dataset)).toThrow(/category named "person"/);
    expect(() => ovLvisSplit(dataset)).toThrow(/categories\[0\]/);
  });
});
