import { type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters, toOnnx, type Value } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { describe, expect, it } from 'vitest';
import {
  type Cells,
  declaredHeads,
  deformableAttention,
  type FcclipConfig,
  fuseScores,
  inferFcclipConfig,
  maskPool,
  sineEncoding,
} from '../src/index.ts';

async function run(graph: Graph, outputs: Record<string, Value>, feeds: Record<string, Tensor> = {}): Promise<Record<string, Tensor>> {
  for (const [name, value] of Object.entries(outputs)) graph.output(name, value);
  await using session = await Session.create(toOnnx(graph), { execution: 'inline', threads: 1 });
  return await session.run(feeds);
}

const numbers = (value: Tensor): number[] => Array.from(value.data as Float32Array);
const close = (found: number[], expected: number[], digits = 5): void => {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, digits);
};

describe('the published sizes', () => {
  const large: FcclipConfig = {
    channels: [160, 320, 1024],
    width: 256,
    heads: 8,
    encoderLayers: 6,
    encoderHidden: 1024,
    decoderLayers: 9,
    decoderHidden: 2048,
    queries: 250,
    embedDim: 768,
    canvas: { width: 1344, height: 1344 },
  };
  const shapes = declaredHeads(large);
  const below = (prefix: string): readonly [number, number] => {
    const found = [...shapes].filter(([name]) => name.startsWith(prefix));
    return [found.length, found.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0)];
  };

  it('have the tensors and parameters of the original', () => {
    expect(below('sem_seg_head.pixel_decoder.')).toEqual([117, 5_700_032]);
    expect(below('sem_seg_head.predictor.')).toEqual([184, 14_930_689]);
    expect(below('global_pos_embed.')).toEqual([4, 36_126_720]);
    expect(below('')).toEqual([306, 56_758_209]);
  });

  it('are read off the shapes', () => {
    expect(inferFcclipConfig(new Map([...shapes].map(([name, shape]) => [name, { shape }])))).toEqual(large);
  });
});

it('positions are waves as the original computes them', () => {
  const { data } = sineEncoding([2, 3], 8);
  // prettier-ignore
  close([...data.subarray(0, 8)], [2e-6, -1, 0.031411, 0.999507, 0.866026, -0.499999, 0.020942, 0.999781]);
  close([...data.subarray(32, 40)], [-3e-6, 1, 0.06279, 0.998027, -0.866025, -0.500001, 0.041876, 0.999123]);
});

const wave = (count: number, phase: number, factor: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => factor * Math.sin(0.7 * (i + 1) + phase));

/** Rows of two points per level spread to four. */
const spread = (rows: Float32Array, width: number, each: number, fill: number): Float32Array => {
  const out: number[] = [];
  for (let group = 0; group < rows.length / (2 * each * width); group++) {
    out.push(...rows.subarray(group * 2 * each * width, (group + 1) * 2 * each * width));
    for (let i = 0; i < 2 * each; i++) out.push(...(width === 1 ? [fill] : Array.from({ length: width }, () => 0)));
  }
  return Float32Array.from(out);
};

it('deformable attention gives the numbers of the original', async () => {
  // Two heads of two channels, levels of 1 × 2 and 2 × 3 cells; values of the original module in float64. Points are four here: the original has two of
  // them with weights; the others get none by a softmax of -1000.
  const maps: Cells[] = [
    [1, 2],
    [2, 3],
  ];
  const weights = new Map<string, Tensor>([
    ['value_proj.weight', tensor('float32', [4, 4], wave(16, 2, 0.5))],
    ['value_proj.bias', tensor('float32', [4], wave(4, 3, 0.1))],
    ['output_proj.weight', tensor('float32', [4, 4], wave(16, 4, 0.5))],
    ['output_proj.bias', tensor('float32', [4], wave(4, 5, 0.1))],
    ['sampling_offsets.weight', tensor('float32', [32, 4], spread(wave(64, 6, 0.5), 4, 2, 0))],
    ['sampling_offsets.bias', tensor('float32', [32], spread(wave(16, 7, 0.5), 1, 2, 0))],
    ['attention_weights.weight', tensor('float32', [16, 4], spread(wave(32, 8, 1), 4, 1, 0))],
    ['attention_weights.bias', tensor('float32', [16], spread(wave(8, 9, 1), 1, 1, -1000))],
  ]);
  const graph = new Graph('msda');
  const tokens = (data: Float32Array): Value =>
    graph.constant(
      tensor(
        'float32',
        [1, 4, 8],
        Float32Array.from({ length: 32 }, (_, i) => data[(i % 8) * 4 + Math.floor(i / 8)]!),
      ),
    );
  const [x, positions] = [wave(32, 0, 1), wave(32, 1, 0.5)];
  const query = tokens(x.map((value, i) => value + positions[i]!));
  const { output } = deformableAttention(new Parameters(graph, { weights }).root, query, tokens(x), maps, 2);
  const found = numbers((await run(graph, { output }))['output']!);
  close(found.slice(0, 4), [-0.035017, -0.066333, 0.19981, -0.061318]);
  close(found.slice(12, 16), [-0.109374, 0.070856, 0.015641, 0.148548]);
  close(found.slice(28, 32), [-0.026541, -0.024701, 0.11288, 0.060865]);
  expect(found.reduce((a, b) => a + b, 0)).toBeCloseTo(0.961955, 5);
});

it('joins both opinions as the original does, and neither under- nor overflows', async () => {
  const graph = new Graph('fuse');
  const row = (...values: number[]): Value => graph.constant(tensor('float32', [1, values.length], Float32Array.from(values)));
  const weights = graph.constant(tensor('float32', [3], Float32Array.of(0.45, 0.7, 0.45)));
  const { probabilities, logits } = fuseScores({ classes: row(2, 0.5, -1), nothing: row(1) }, { classes: row(10, 12, 9) }, weights);
  const far = fuseScores({ classes: row(1000, 0, 0), nothing: row(-500) }, { classes: row(0, 900, 0) }, weights);
  const found = await run(graph, { probabilities, logits, far: far.logits });
  close(numbers(found['probabilities']!), [0.285318, 0.455535, 0.034939, 0.224208]);
  expect(numbers(found['far']!).every(Number.isFinite)).toBe(true);
});

it('pools below masks, and gives zeros for a mask that is nowhere', async () => {
  const graph = new Graph('pool');
  const features = graph.constant(tensor('float32', [1, 2, 1, 3], Float32Array.of(1, 2, 6, 10, 20, 60)));
  const masks = graph.constant(tensor('float32', [1, 3, 1, 3], Float32Array.of(1, -1, 5, -1, -1, 0, 1, 1, 1)));
  const { pooled } = await run(graph, { pooled: maskPool(features, masks) });
  close(numbers(pooled!), [3.5, 35, 0, 0, 3, 30], 4);
});
