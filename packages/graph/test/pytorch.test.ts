import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { gradientGraph } from './cases.ts';
import { evaluate } from './evaluate.ts';
/** Made by PyTorch, whose version it names, in float64: results and gradients of sin(0.7 · (i + 1) + shift), at eleven places spread evenly. */
import golden from './pytorch.json' with { type: 'json' };

type Name = keyof typeof golden.cases;

function sine(shape: readonly number[], shift: number): Tensor<'float32'> {
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(0.7 * (i + 1) + shift)),
  );
}

function running(graph: g.Graph): g.ChannelStatistics {
  const [mean, variance] = [
    [0.1, 0.2, 0.3],
    [1, 2, 3],
  ].map((numbers) => graph.constant(tensor('float32', [3], Float32Array.from(numbers))));
  return { mean: mean!, variance: variance! };
}

const builds: Record<Name, (...values: g.Value[]) => g.Value> = {
  conv: (x, w, b) => g.conv(x, w, b, { stride: [2, 1], padding: [2, 1], dilation: [2, 3], groups: 2 }),
  convTranspose: (x, w, b) => g.convTranspose(x, w, b, { stride: [2, 3], padding: 1, outputPadding: [1, 2], groups: 2, dilation: [1, 2] }),
  maxPool: (x) => g.maxPool(x, { kernel: 3, stride: 2, padding: 1 }),
  averagePool: (x) => g.averagePool(x, { kernel: [3, 2], stride: [2, 1], padding: [1, 0] }),
  groupNormalization: (x, s, b) => g.groupNormalization(x, 3, s, b, 1e-5),
  batchNormalization: (x, s, b) => g.batchNormalization(x, s, b, running(x.graph), 1e-5),
  batchNormalizationTraining: (x, s, b) => g.batchNormalizationTraining(x, s, b, running(x.graph), { eps: 1e-5, momentum: 0.1 }).y,
};

function expectPlaces(name: string, { data }: Tensor<'float32'>, expected: readonly number[]): void {
  const found = expected.map((_, k) => data[Math.floor((k * (data.length - 1)) / (expected.length - 1))]!);
  const far = found.filter((value, k) => !(Math.abs(value - expected[k]!) <= 1e-5 * (1 + Math.abs(expected[k]!))));
  expect({ name, far, found: far.length > 0 ? found : [] }).toEqual({ name, far: [], found: [] });
}

it.each(Object.keys(golden.cases) as Name[])('%s agrees with PyTorch, gradients included', async (name) => {
  const { shapes, y, gradients } = golden.cases[name];
  const graph = gradientGraph({ shapes, build: builds[name] });
  const feeds = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, sine(shape, i)]));
  const found = await evaluate(graph, { ...feeds, seed: sine(y.shape, 9) });
  expect(found['y']!.shape).toEqual(y.shape);
  expectPlaces('y', found['y']!, y.values);
  gradients.forEach((expected, i) => expectPlaces(`d${i}`, found[`d${i}`]!, expected));
});

it('moves running statistics as PyTorch does, as a layer whose statistics are fed', async () => {
  const graph = new g.Graph('running');
  const parameters = new g.Parameters(graph, {
    weights: new Map<string, Tensor>([
      ['bn.weight', sine([3], 1)],
      ['bn.bias', sine([3], 2)],
      ['bn.running_mean', sine([3], 3)],
      ['bn.running_var', sine([3], 3)],
      ['bn.num_batches_tracked', tensor('int64', [])],
    ]),
    fed: (path) => path.includes('.running_'),
  });
  g.batchNorm(parameters.root.at('bn'), graph.input('x', 'float32', ['N', 3, 'h', 'w']), { training: true });
  parameters.check();
  const found = await evaluate(graph, {
    x: sine([2, 3, 3, 4], 0),
    'bn.running_mean': tensor('float32', [3], Float32Array.of(0.1, 0.2, 0.3)),
    'bn.running_var': tensor('float32', [3], Float32Array.of(1, 2, 3)),
  });
  golden.running.mean.forEach((value, c) => expect(found['bn.running_mean:next']!.data[c]).toBeCloseTo(value, 5));
  golden.running.variance.forEach((value, c) => expect(found['bn.running_var:next']!.data[c]).toBeCloseTo(value, 5));
});
