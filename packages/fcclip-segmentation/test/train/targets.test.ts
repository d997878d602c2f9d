import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { expect, it } from 'vitest';
import {
  assign,
  declaredHeads,
  initializeSegmenter,
  masksAtPoints,
  matchedFeeds,
  matchingCosts,
  pointCounts,
  trainingRules,
  type Truth,
} from '../../src/index.ts';
import { atPoints, uncertainPoints } from '../../src/train/losses.ts';
import { random } from '../support/random.ts';
import { tinyConfig } from '../support/tiny-segmenter.ts';

const next = random(11);
const noise = (shape: readonly number[], least = -1, most = 1): Tensor<'float32'> => {
  const value = tensor('float32', shape);
  for (let i = 0; i < value.data.length; i++) value.data[i] = least + (most - least) * next();
  return value;
};

/** The least total cost, by trying all ways. */
function leastCost(costs: readonly (readonly number[])[], target = 0, used: readonly number[] = []): number {
  if (target === costs[0]!.length) return 0;
  const rest = costs.map((row, query) => (used.includes(query) ? Infinity : row[target]! + leastCost(costs, target + 1, [...used, query])));
  return Math.min(...rest);
}

it('gives every segment a query of its own at the least cost of all ways', () => {
  for (let round = 0; round < 30; round++) {
    const targets = 1 + Math.floor(4 * next());
    const costs = Array.from({ length: 5 }, () => Array.from({ length: targets }, () => 10 * next() - 5));
    const queries = assign(costs);
    expect(new Set(queries).size).toBe(targets);
    const total = queries.reduce((sum, query, target) => sum + costs[query]![target]!, 0);
    expect(total).toBeCloseTo(leastCost(costs), 9);
  }
});

it('leaves the dearest segments without a query when there are more of them, and takes none at all', () => {
  expect([...assign([[1, -3, 5, 2]])]).toEqual([-1, 0, -1, -1]);
  expect([...assign([[], []])]).toEqual([]);
});

it('costs are lowest for the right mask and class, and exact for sure masks', () => {
  const masks = new Float32Array([30, 30, -30, -30, -30, -30, 30, 30]); // two queries at four points
  const classes = new Float32Array([20, -20, -20, -20, 20, -20]);
  const targets = { masks: new Float32Array([1, 1, 0, 0, 0, 0, 1, 1]), classes: Int32Array.of(0, 1) };
  const costs = matchingCosts({ masks, classes, queries: 2 }, targets, trainingRules);
  expect(costs[0]![0]).toBeCloseTo(-2, 5);
  expect(costs[1]![1]).toBeCloseTo(-2, 5);
  // All four points wrong by 30, no overlap: dice 1 - 1 / (2 + 2 + 1).
  expect(costs[0]![1]).toBeCloseTo(5 * 30 + 5 * 0.8, 4);
});

it('reads masks at points as the graph does, beyond the border pixels too', async () => {
  const [width, height] = [9, 6];
  const masks = Array.from({ length: 3 }, () => Uint8Array.from({ length: width * height }, () => Number(next() < 0.5)));
  const points = noise([1, 200, 2], 0, 1);
  points.data.set([0, 0, 1, 1, 0.5 / width, 0.5 / height]);
  const graph = new Graph('points');
  const map = graph.input('map', 'float32', [1, 3, height, width]);
  graph.output('found', atPoints(map, graph.input('points', 'float32', [1, 200, 2])));
  await using session = await Session.create(toOnnx(graph), { threads: 1 });
  const data = Float32Array.from(masks.flatMap((mask) => [...mask]));
  const { found } = await session.run({ map: tensor('float32', [1, 3, height, width], data), points });
  const own = masksAtPoints(masks, width, height, points.data);
  for (const [i, value] of own.entries()) expect(Math.abs(value - Number(found!.data[i]))).toBeLessThan(1e-5);
  expect(own[2]).toBe(masks[0]![0]);
});

it('keeps the candidates where a mask is least sure, and all extra points behind them', async () => {
  const graph = new Graph('points');
  const inputs = { masks: noise([2, 1, 8, 8]), candidates: noise([2, 40, 2], 0.1, 0.9), anywhere: noise([2, 5, 2], 0, 1) };
  const [masks, candidates, anywhere] = Object.entries(inputs).map(([name, { shape }]) => graph.input(name, 'float32', shape));
  graph.output('points', uncertainPoints(masks!, candidates!, anywhere!, 10));
  graph.output('logits', atPoints(masks!, candidates!));
  await using session = await Session.create(toOnnx(graph), { threads: 1 });
  const { points, logits } = (await session.run(inputs)) as Record<string, Tensor<'float32'>>;
  for (const mask of [0, 1]) {
    const sureness = [...logits!.data.subarray(40 * mask, 40 * mask + 40)].map((logit, i) => [Math.abs(logit), i] as const);
    const least = sureness
      .toSorted(([a], [b]) => a - b)
      .slice(0, 10)
      .flatMap(([, i]) => [...inputs.candidates.data.subarray(80 * mask + 2 * i, 80 * mask + 2 * i + 2)]);
    expect([...points!.data.subarray(30 * mask, 30 * mask + 20)]).toEqual(least);
    expect([...points!.data.subarray(30 * mask + 20, 30 * mask + 30)]).toEqual([
      ...inputs.anywhere.data.subarray(10 * mask, 10 * mask + 10),
    ]);
  }
  expect(pointCounts(trainingRules)).toEqual({ candidates: 37_632, uncertain: 9408, anywhere: 3136 });
});

it('feeds give matched queries their class and mask, all others "nothing", and refuse what has no place', () => {
  const config = { ...tinyConfig, queries: 3, canvas: { width: 2, height: 1 } };
  const truths: Truth[] = [
    { masks: [Uint8Array.of(1, 0), Uint8Array.of(0, 1)], classes: Int32Array.of(4, 2) },
    { masks: [Uint8Array.of(1, 1)], classes: Int32Array.of(0) },
  ];
  const matches = [[Int32Array.of(2, 0), Int32Array.of(1)].map((queries) => ({ costs: [], queries }))];
  const feeds = matchedFeeds(matches, truths, config, { pictures: 2, pairs: 4 }, 7);
  expect([...feeds['targets']!.data]).toEqual([1, 0, 0, 1, 1, 1, 0, 0]);
  expect([...feeds['matched0']!.data].map(Number)).toEqual([2, 0, 4, 0]);
  expect([...feeds['labels0']!.data].map(Number)).toEqual([2, 7, 4, 7, 0, 7]);
  expect([...feeds['shares0']!.data].map((share) => Math.round(3 * Number(share)))).toEqual([1, 1, 1, 0]);
  expect(() => matchedFeeds(matches, truths, config, { pictures: 2, pairs: 2 }, 7)).toThrow('at most 2 segments');
});

it('starts as the original does', () => {
  const tensors = initializeSegmenter(tinyConfig, 3);
  expect([...tensors.keys()]).toEqual([...declaredHeads(tinyConfig).keys()]);
  const data = (path: string): Float32Array => tensors.get(path)!.data;
  const encoder = 'sem_seg_head.pixel_decoder.transformer.encoder.layers.0';
  // Four heads: right, down, left, up, one to four cells away.
  expect([...data(`${encoder}.self_attn.sampling_offsets.bias`).subarray(0, 8)]).toEqual([1, 0, 2, 0, 3, 0, 4, 0]);
  expect(data(`${encoder}.self_attn.sampling_offsets.bias`)[24 + 7]).toBe(4);
  for (const path of [
    'self_attn.sampling_offsets.weight',
    'self_attn.attention_weights.weight',
    'self_attn.output_proj.bias',
    'norm1.bias',
  ])
    expect(data(`${encoder}.${path}`).every((value) => value === 0)).toBe(true);
  expect(data(`${encoder}.norm1.weight`).every((value) => value === 1)).toBe(true);
  expect(data('sem_seg_head.predictor.logit_scale')[0]).toBeCloseTo(Math.log(1 / 0.07), 6);
  const positions = data('global_pos_embed.res2');
  expect(Math.sqrt(positions.reduce((sum, value) => sum + value * value, 0) / positions.length)).toBeCloseTo(1, 1);
  const limit = Math.sqrt(6 / (32 + 32));
  const matrix = data(`${encoder}.self_attn.value_proj.weight`);
  expect(Math.max(...matrix.map(Math.abs))).toBeLessThanOrEqual(limit);
  expect(Math.max(...matrix.map(Math.abs))).toBeGreaterThan(0.9 * limit);
});
