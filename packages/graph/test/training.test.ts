import { type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate, random } from './evaluate.ts';

const options: g.TrainingOptions = {
  beta1: 0.9,
  beta2: 0.98,
  eps: 1e-6,
  weightDecay: 0.2,
  clipNorm: 0.5,
  schedule: { peak: 0.05, warmupSteps: 4, totalSteps: 40 },
  decays: (_, shape) => shape.length > 1,
};

/** Mean squared error of a linear layer of 4 -> 2 on 8 rows. */
function lossOf(graph: g.Graph): { loss: g.Value; parameters: g.Parameters } {
  const parameters = new g.Parameters(graph, { trainable: () => true });
  const y = g.linear(parameters.root.at('fc'), graph.input('x', 'float32', [8, 4]), 2);
  const miss = g.sub(y, graph.input('target', 'float32', [8, 2]));
  return { loss: g.reshape(g.reduceMean(g.mul(miss, miss), [0, 1]), []), parameters };
}

const scalar = (value: number): Tensor => tensor('float32', [], new Float32Array([value]));
const shapes = new Map([
  ['fc.weight', [2, 4]],
  ['fc.bias', [2]],
] as const);

function initialState(): Record<string, Tensor> {
  const state: Record<string, Tensor> = { 'fc.weight': random([2, 4], 3), 'fc.bias': random([2], 4) };
  for (const [path, shape] of shapes) for (const suffix of ['mean', 'square', 'sum']) state[`${path}:${suffix}`] = tensor('float32', shape);
  return state;
}

const batch = { x: random([8, 4], 1), target: random([8, 2], 2) };

/** Puts every output `name:next` in the place of `name`. */
function advance(state: Record<string, Tensor>, outputs: Record<string, Tensor>): void {
  for (const [name, value] of Object.entries(outputs)) if (name.endsWith(':next')) state[name.slice(0, -5)] = value;
}

it('agrees with PyTorch after six steps of AdamW with clipping and a cosine schedule', async () => {
  const graph = new g.Graph('train');
  const { loss, parameters } = lossOf(graph);
  g.addTrainingStep(loss, parameters.trained, options);
  const state = initialState();
  const rates: number[] = [];
  const losses: number[] = [];
  for (let step = 1; step <= 6; step++) {
    const outputs = await evaluate(graph, { ...batch, ...state, step: scalar(step) });
    rates.push(outputs['rate']!.data[0]!);
    losses.push(outputs['loss']!.data[0]!);
    advance(state, outputs);
  }
  for (const [i, rate] of [0.0125, 0.025, 0.0375, 0.05, 0.04990486, 0.04962019].entries()) expect(rates[i]).toBeCloseTo(rate, 6);
  // torch 2.4.1: torch.optim.AdamW with clip_grad_norm_(0.5) on the same numbers.
  for (const [i, value] of [0.57599, 0.552803, 0.509394, 0.451103, 0.383327, 0.32641].entries()) expect(losses[i]).toBeCloseTo(value, 5);
  for (const [i, value] of [-0.492273, -0.122587, 0.49315, 0.312122, -0.003981, 0.476688, 0.479947, 0.007446].entries())
    expect(state['fc.weight']!.data[i]).toBeCloseTo(value, 5);
  for (const [i, value] of [-0.311391, 0.060575].entries()) expect(state['fc.bias']!.data[i]).toBeCloseTo(value, 5);
});

it('gives the same step from accumulated halves as from one batch', async () => {
  const whole = new g.Graph('whole');
  const one = lossOf(whole);
  g.addTrainingStep(one.loss, one.parameters.trained, options);
  const sums = new g.Graph('sums');
  const two = lossOf(sums);
  g.addAccumulation(two.loss, two.parameters.trained);
  const apply = new g.Graph('apply');
  g.accumulatedStep(apply, shapes, options);

  const expected = await evaluate(whole, { ...batch, ...initialState(), step: scalar(1) });
  const state = initialState();
  for (let i = 0; i < 2; i++) advance(state, await evaluate(sums, { ...batch, ...state }));
  const found = await evaluate(apply, { ...state, step: scalar(1), batches: scalar(2) });
  for (const name of ['fc.weight:next', 'fc.bias:square:next']) {
    found[name]!.data.forEach((value, i) => expect(value).toBeCloseTo(expected[name]!.data[i]!, 6));
  }
});
