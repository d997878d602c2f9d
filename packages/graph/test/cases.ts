import { type Tensor, tensor } from '@vitamin-vlm/core';
import * as g from '../src/index.ts';
import { samplingCases } from './cases-sampling.ts';
import { random } from './evaluate.ts';

/** An expression of inputs of fixed shapes, whose numbers lie in [shift - 1, shift + 1). */
export type Case = readonly [
  name: string,
  shapes: readonly (readonly number[])[],
  build: (...values: g.Value[]) => g.Value,
  shift?: number,
];

const conv = (stride: number, groups: number) => (x: g.Value, w: g.Value, b: g.Value) =>
  g.conv(x, w, b, { stride, padding: (w.shape[2] as number) >> 1, groups });

export const cases: readonly Case[] = [
  ['add with broadcast', [[2, 3], [3]], g.add],
  [
    'sub with broadcast',
    [
      [2, 1, 3],
      [4, 1],
    ],
    g.sub,
  ],
  [
    'mul with broadcast',
    [
      [2, 3],
      [2, 1],
    ],
    g.mul,
  ],
  ['div', [[2, 3], [3]], g.div, 3],
  ['neg', [[4]], g.neg],
  ['exp', [[4]], g.exp],
  ['log', [[4]], g.log, 2],
  ['sqrt', [[4]], g.sqrt, 2],
  ['sin', [[4]], g.sin],
  ['cos', [[4]], g.cos],
  ['erf', [[5]], g.erf],
  ['sigmoid', [[5]], g.sigmoid],
  ['gelu', [[7]], g.gelu],
  ['quickGelu', [[7]], g.quickGelu],
  ['reshape and transpose', [[2, 3, 4]], (x) => g.transpose(g.reshape(x, [6, 4]), [1, 0])],
  ['slice with step', [[2, 7]], (x) => g.slice(x, { axis: 1, start: 1, end: 6, step: 2 })],
  ['pad', [[2, 3]], (x) => g.pad(x, 1, 1, 2)],
  [
    'concat',
    [
      [2, 3],
      [2, 2],
    ],
    (a, b) => g.concat([a, b], 1),
  ],
  ['expand', [[2, 1, 3, 1]], (x) => g.expand(x, [2, 4, 3, 2])],
  ['reduceSum', [[2, 3, 4]], (x) => g.reduceSum(x, [0, 2])],
  ['reduceMean', [[2, 3, 4]], (x) => g.reduceMean(x, [1])],
  [
    'matmul, batched',
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    g.matmul,
  ],
  [
    'matmul, shared right side',
    [
      [2, 3, 4],
      [4, 5],
    ],
    g.matmul,
  ],
  [
    'matmul, leading axes broadcast both ways',
    [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
    g.matmul,
  ],
  ['gemm', [[3, 4], [4, 2], [2]], (a, b, c) => g.gemm(a, b, c)],
  [
    'gemm, both transposed',
    [
      [4, 3],
      [2, 4],
    ],
    (a, b) => g.gemm(a, b, null, { transA: true, transB: true }),
  ],
  ['softmax', [[2, 5]], g.softmax],
  ['logSoftmax', [[2, 5]], g.logSoftmax],
  ['layerNormalization', [[2, 3, 6], [6], [6]], (x, s, b) => g.layerNormalization(x, s, b, 1e-6)],
  ['l2Normalize', [[3, 4]], (x) => g.l2Normalize(x)],
  ['l2Normalize over the first axis', [[3, 4]], (x) => g.l2Normalize(x, 0)],
  ['conv 1x1', [[2, 3, 4, 4], [5, 3, 1, 1], [5]], conv(1, 1)],
  ['conv 3x3', [[2, 3, 4, 5], [2, 3, 3, 3], [2]], conv(1, 1)],
  ['conv 3x3 stride 2, even side', [[1, 2, 6, 6], [3, 2, 3, 3], [3]], conv(2, 1)],
  ['conv 3x3 stride 2, odd side', [[1, 2, 5, 7], [3, 2, 3, 3], [3]], conv(2, 1)],
  ['conv 3x3 without padding', [[2, 3, 5, 4], [2, 3, 3, 3], [2]], (x, w, b) => g.conv(x, w, b)],
  ['conv with more padding than its kernel covers', [[1, 2, 3, 4], [2, 2, 1, 1], [2]], (x, w, b) => g.conv(x, w, b, { padding: 1 })],
  ['conv 1x1 stride 2', [[2, 3, 5, 4], [2, 3, 1, 1], [2]], conv(2, 1)],
  ['conv 2x2 stride 2', [[2, 3, 4, 6], [2, 3, 2, 2], [2]], (x, w, b) => g.conv(x, w, b, { stride: 2 })],
  ['depthwise conv 3x3', [[2, 4, 5, 4], [4, 1, 3, 3], [4]], conv(1, 4)],
  ['depthwise conv 3x3 stride 2', [[2, 4, 6, 6], [4, 1, 3, 3], [4]], conv(2, 4)],
  ['averagePool', [[1, 2, 6, 6]], (x) => g.averagePool(x, { kernel: 3, stride: 2, padding: 1 })],
  ['averagePool, odd side', [[1, 2, 5, 7]], (x) => g.averagePool(x, { kernel: 3, stride: 2, padding: 1 })],
  ['averagePool without padding', [[2, 3, 5, 4]], (x) => g.averagePool(x, { kernel: 2, stride: 2, padding: 0 })],
  ['attention', [[2, 4, 12]], (qkv) => g.attention(qkv, 2)],
  ['attention under a causal mask', [[2, 4, 12]], (qkv) => g.attention(qkv, 2, qkv.graph.constant(causal(4)))],
  ...samplingCases,
];

/** [L, L]: 0 where the column is not after the row, -infinity elsewhere. */
export function causal(length: number): Tensor {
  const open = (i: number): boolean => i % length <= Math.floor(i / length);
  return tensor(
    'float32',
    [length, length],
    Float32Array.from({ length: length * length }, (_, i) => (open(i) ? 0 : -Infinity)),
  );
}

export interface GradientGraph {
  /** Outputs: the expression `y`, and for each input `x0`, `x1`, ... its gradient `d0`, `d1`, ... of sum(y · weights). */
  readonly graph: g.Graph;
  readonly feeds: Record<string, Tensor<'float32'>>;
  /** Every output element weighs differently, so that a wrong order of elements shows. */
  readonly weights: Tensor<'float32'>;
}

/** A case with its gradients, and numbers to feed. */
export function gradientGraph([name, shapes, build, shift = 0]: Case): GradientGraph {
  const graph = new g.Graph(name);
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
  const y = build(...inputs);
  graph.output('y', y);
  const weights = random(y.shape as number[], 7);
  const loss = g.reshape(g.reduceSum(g.mul(y, graph.constant(weights)), [...y.shape.keys()]), []);
  g.gradients(loss, inputs).forEach((gradient, i) => graph.output(`d${i}`, gradient));
  const feeds = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, random(shape, i + 1)]));
  for (const t of Object.values(feeds)) for (let i = 0; i < t.data.length; i++) t.data[i]! += shift;
  return { graph, feeds, weights };
}

/** Every case as a model file, to be run on other engines. */
export function gradientModels(): { readonly name: string; readonly model: g.OnnxModel; readonly feeds: Record<string, Tensor> }[] {
  return cases.map((example) => {
    const { graph, feeds } = gradientGraph(example);
    return { name: example[0], model: g.toOnnx(graph), feeds };
  });
}
