import { describe, expect, it } from 'vitest';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Evaluation } from '../src/coco/evaluation.ts';
import type { IouType } from '../src/coco/types.ts';
import { CocoEvalError } from '../src/errors.ts';
import { evaluateLvis } from '../src/lvis/evaluate-lvis.ts';
import { type MatchShard, matchShard, reduceShards } from '../src/shards/shard.ts';
import { parseShard, serializeShard } from '../src/shards/shard-bytes.ts';
import { random } from './shared.ts';
import { synthetic } from './synthetic.ts';

function bytes(evaluation: Evaluation): Buffer {
  const { precision, recall, scores } = evaluation.curves;
  const numbers = [precision, recall, scores].map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength));
  return Buffer.concat([...numbers, Buffer.from(JSON.stringify(evaluation)), Buffer.from(evaluation.summary.text)]);
}

describe('shards', () => {
  it.each([
    ['bbox', 1],
    ['bbox', 3],
    ['bbox', 7],
    ['segm', 3],
    ['keypoints', 7],
  ] as [IouType, number][])('%s in %i parts gives the same bytes as one run', (iouType, count) => {
    for (const seed of [1, 2, 3]) {
      const { dataset, results } = synthetic(seed, iouType);
      const whole = bytes(evaluate(dataset, results, { iouType }));
      const shards = Array.from({ length: count }, (_, index) =>
        parseShard(Buffer.from(serializeShard(matchShard(dataset, results, { iouType, index, count })))),
      );
      expect(bytes(reduceShards(shards, dataset)).equals(whole)).toBe(true);
      // In any order.
      expect(bytes(reduceShards(shards.toReversed(), dataset)).equals(whole)).toBe(true);
      // And by themselves.
      expect(bytes(reduceShards(shards)).equals(whole)).toBe(true);
    }
  });

  it('works for LVIS, for more parts than images, and with only the own results in each part', () => {
    const { dataset, results } = synthetic(4, 'bbox', 5);
    const lvis = bytes(evaluateLvis(dataset, results, { iouType: 'bbox' }));
    const count = 7;
    const parts = Array.from({ length: count }, (_, index) => {
      const own = new Set(dataset.images.map((image) => image.id).filter((_id, i) => i % count === index));
      const few = results.filter((result) => own.has(result.image_id));
      return matchShard(dataset, few, { iouType: 'bbox', index, count, lvis: true });
    });
    const reduced = reduceShards(parts, dataset);
    expect(reduced.curves.precision).toEqual(evaluateLvis(dataset, results, { iouType: 'bbox' }).curves.precision);
    const complete = Array.from({ length: count }, (_, index) =>
      matchShard(dataset, results, { iouType: 'bbox', index, count, lvis: true }),
    );
    expect(bytes(reduceShards(complete, dataset)).equals(lvis)).toBe(true);
  });

  it('a missing, doubled or foreign part is an error, not a lower AP', () => {
    const { dataset, results } = synthetic(5, 'bbox');
    const part = (index: number, count = 3, maxDets = [1, 10, 100]): MatchShard =>
      matchShard(dataset, results, { iouType: 'bbox', index, count, maxDets });
    expect(() => reduceShards([], dataset)).toThrow(/at least one/);
    expect(() => reduceShards([part(0), part(2)], dataset)).toThrow(/shard 2\/3 is missing/);
    expect(() => reduceShards([part(0), part(1), part(1)], dataset)).toThrow(/shard 2\/3 twice/);
    expect(() => reduceShards([part(0), part(1), part(2, 7)], dataset)).toThrow(/shard 3\/7/);
    expect(() => reduceShards([part(0), part(1), part(2, 3, [5])], dataset)).toThrow(/same parameters/);
    expect(() => part(3)).toThrow(/shard index/);
  });

  it('damaged bytes end in one kind of error', () => {
    const { dataset, results } = synthetic(6, 'bbox');
    const good = serializeShard(matchShard(dataset, results, { iouType: 'bbox', index: 1, count: 3 }));
    const r = random(99);
    for (let i = 0; i < 300; i++) {
      const bad = good.slice(0, r() < 0.3 ? Math.floor(r() * good.length) : good.length);
      for (let n = 0; n < 3 && bad.length > 0; n++) bad[Math.floor(r() * Math.min(bad.length, 3000))] = Math.floor(r() * 256);
      try {
        parseShard(bad);
      } catch (error) {
        expect(error).toBeInstanceOf(CocoEvalError);
        expect((error as CocoEvalError).code).toBe('SHARDS');
      }
    }
  });
});
