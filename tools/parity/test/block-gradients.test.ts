import { readFileSync } from 'node:fs';
import type { Tensor } from '@vitamin-vlm/core';
import { causalMask, mbConvLN, residualBlock, stem, transformerBlock } from '@vitamin-vlm/backbone';
import { gradients, Graph, mul, Parameters, type Params, reduceSum, reshape, toOnnx, type Value } from '@vitamin-vlm/graph';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { formulaTensor, formulaValues } from '../src/index.ts';

interface Golden {
  readonly input: readonly number[];
  readonly loss: number;
  readonly gradients: Record<
    string,
    { readonly shape: readonly number[]; readonly sum: number; readonly meanAbs: number; readonly samples: readonly number[] }
  >;
}
const { blocks } = JSON.parse(readFileSync(new URL('./block-gradients.golden.json', import.meta.url), 'utf8')) as {
  blocks: Record<string, Golden>;
};

const builders: Record<string, (p: Params, x: Value) => Value> = {
  stem: (p, x) => stem(p.at('stem'), x, 8).out,
  mbConvStride2: (p, x) => mbConvLN(p.at('mb2'), x, 16, 2),
  mbConvStride1: (p, x) => mbConvLN(p.at('mb1'), x, 8, 1),
  transformerBlock: (p, x) => transformerBlock(p.at('block'), x, 2),
  textBlock: (p, x) => residualBlock(p.at('resblock'), x, x.graph.constant(causalMask(6)), { heads: 2 }),
};

/** Runs loss = Σ block(input) · weights and its gradients with formula numbers. */
async function run(build: (p: Params, x: Value) => Value, inputShape: readonly number[]): Promise<Record<string, ort.Tensor>> {
  const graph = new Graph('block');
  const parameters = new Parameters(graph);
  const x = graph.input('input', 'float32', inputShape);
  const y = build(parameters.root, x);
  const loss = reshape(reduceSum(mul(y, graph.constant(formulaValues('weights', y.shape as number[], 1))), [...y.shape.keys()]), []);
  const names = ['input', ...parameters.declared.keys()];
  const feeds = new Map<string, Tensor<'float32'>>([['input', formulaValues('input', inputShape, 4)]]);
  for (const [name, shape] of parameters.declared) feeds.set(name, formulaTensor(name, shape));
  graph.output('loss', loss);
  gradients(
    loss,
    names.map((name) => graph.inputs.get(name)!),
  ).forEach((gradient, i) => graph.output(`d ${names[i]!}`, gradient));
  const session = await ort.InferenceSession.create(toOnnx(graph).bytes);
  const outputs = await session.run(Object.fromEntries([...feeds].map(([name, t]) => [name, new ort.Tensor('float32', t.data, t.shape)])));
  await session.release();
  return outputs;
}

describe('gradients of one block of each kind agree with PyTorch', () => {
  for (const [name, golden] of Object.entries(blocks)) {
    it(name, async () => {
      const outputs = await run(builders[name]!, golden.input);
      expect(outputs['loss']!.data[0]).toBeCloseTo(golden.loss, 3);
      expect(Object.keys(outputs).length - 1).toBe(Object.keys(golden.gradients).length);
      for (const [path, expected] of Object.entries(golden.gradients)) {
        const found = outputs[`d ${path}`]!.data as Float32Array;
        const tolerance = 2e-4 * expected.meanAbs;
        expect(outputs[`d ${path}`]!.dims).toEqual(expected.shape);
        const sum = found.reduce((total, value) => total + value, 0);
        expect(Math.abs(sum - expected.sum), `${path} sum`).toBeLessThan(tolerance * found.length);
        for (const [i, at] of [0, 1, found.length >> 1, found.length - 1].entries()) {
          expect(Math.abs(found[at]! - expected.samples[i]!), `${path}[${at}]`).toBeLessThan(
            tolerance + 2e-4 * Math.abs(expected.samples[i]!),
          );
        }
      }
    });
  }
});
