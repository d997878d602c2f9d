import { type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate, load, random } from './evaluate.ts';

const options: g.TrainingOptions = {
  beta1: 0.9,
  beta2: 0.98,
  eps: 1e-6,
  weightDecay: (_, shape) => (shape.length > 1 ? 0.2 : 0),
  clipNorm: 0.5,
};

/** Mean squared error. */
function lossOf(y: g.Value): g.Value {
  const miss = g.sub(y, y.graph.input('target', 'float32', y.shape));
  return g.reshape(g.reduceMean(g.mul(miss, miss), [0, 1]), []);
}

/** Loss of a linear layer of 4 -> 2 on 8 rows. */
function linearLoss(graph: g.Graph): { loss: g.Value; parameters: g.Parameters } {
  const parameters = new g.Parameters(graph, { trainable: () => true });
  return { loss: lossOf(g.linear(parameters.root.at('fc'), graph.input('x', 'float32', [8, 4]), 2)), parameters };
}

const scalar = (value: number): Tensor => tensor('float32', [], new Float32Array([value]));

/** Parameters, and zeros for everything else that a step is fed beside its batch and its rate. */
function stateOf(parameters: Record<string, Tensor>): Record<string, Tensor> {
  const state = { ...parameters, 'adamw:mean': scalar(0), 'adamw:square': scalar(0) };
  for (const [path, { shape }] of Object.entries(parameters))
    for (const suffix of ['mean', 'square', 'sum']) Object.assign(state, { [`${path}:${suffix}`]: tensor('float32', shape) });
  return state;
}

const initialState = (): Record<string, Tensor> => stateOf({ 'fc.weight': random([2, 4], 3), 'fc.bias': random([2], 4) });

const batch = { x: random([8, 4], 1), target: random([8, 2], 2) };

/** Puts every output `name:next` in the place of `name`. */
function advance(state: Record<string, Tensor>, outputs: Record<string, Tensor>): void {
  for (const [name, value] of Object.entries(outputs)) if (name.endsWith(':next')) state[name.slice(0, -5)] = value;
}

function expectClose(found: ArrayLike<number | bigint>, expected: readonly number[], relative: number): void {
  const scale = expected.reduce((sum, value) => sum + Math.abs(value), 0) / expected.length;
  expect(found).toHaveLength(expected.length);
  expected.forEach((value, i) =>
    expect(Math.abs(Number(found[i]) - value), `element ${i}`).toBeLessThan(relative * (scale + Math.abs(value))),
  );
}

it('agrees with PyTorch after six steps of AdamW with clipping and a cosine schedule', async () => {
  const graph = new g.Graph('train');
  const { loss, parameters } = linearLoss(graph);
  g.addTrainingStep(loss, parameters.trained, options);
  const rate = g.warmUp(g.cosineRate(0.05, { from: 3, to: 39 }), { steps: 3, start: 0.25 });
  const state = initialState();
  const losses: number[] = [];
  for (let step = 1; step <= 6; step++) {
    const outputs = await evaluate(graph, { ...batch, ...state, rate: scalar(rate(step)) });
    losses.push(outputs['loss']!.data[0]!);
    advance(state, outputs);
  }
  expectClose([1, 2, 3, 4, 5, 6].map(rate), [0.0125, 0.025, 0.0375, 0.05, 0.04990486, 0.04962019], 1e-7);
  // torch 2.4.1: torch.optim.AdamW with clip_grad_norm_(0.5) on the same numbers.
  expectClose(losses, [0.57599, 0.552803, 0.509394, 0.451103, 0.383327, 0.32641], 2e-6);
  const weight = [-0.492273, -0.122587, 0.49315, 0.312122, -0.003981, 0.476688, 0.479947, 0.007446];
  expectClose(state['fc.weight']!.data, weight, 2e-6);
  expectClose(state['fc.bias']!.data, [-0.311391, 0.060575], 2e-6);
});

// torch 2.15.0: torch.optim.AdamW(betas=(0.9, 0.999), eps=1e-8) with three parameter groups, clip_grad_norm_(0.25),
// LinearLR(start_factor=0.1, total_iters=3) and MultiStepLR(milestones=[5], gamma=0.1), in float64.
const groups = {
  rates: [0.005, 0.02, 0.035, 0.05, 0.05, 0.005, 0.005, 0.005],
  losses: [0.20351368895, 0.19956717967, 0.18487367367, 0.16323730522, 0.14041402937, 0.12460405113, 0.12328187806, 0.12195731094],
  norms: [0.35161499358, 0.34383326609, 0.31499473682, 0.27383485349, 0.23560222456, 0.21154865767, 0.20907942735, 0.20617453745],
  state: {
    'one.weight': [
      -0.506161441, 0.083549635, 0.7622115712, 0.5734596568, -0.2498051356, 0.7104746001, 0.2559251124, -0.2063072338, -0.911307938,
      0.5230785112, -0.6648854148, 0.5791457147,
    ],
    'one.bias': [-0.3523937409, 0.1342248995, 0.2832866688],
    'two.weight': [-0.6791157527, 0.2970606139, -0.3227643222, 0.5157110611, 0.2446905025, -0.1584340141],
    'one.bias:mean': [-0.05294184346, 0.00105652366, -0.0089398842],
    'one.bias:square': [8.63398636e-5, 5.102792963e-7, 4.068553448e-6],
  },
};

it('agrees with PyTorch’s parameter groups, warm-up and milestones over eight steps', async () => {
  const graph = new g.Graph('groups');
  const parameters = new g.Parameters(graph, { trainable: () => true });
  const hidden = g.linear(parameters.root.at('one'), graph.input('x', 'float32', [8, 4]), 3);
  g.addTrainingStep(lossOf(g.linear(parameters.root.at('two'), hidden, 2, { bias: false })), parameters.trained, {
    beta1: 0.9,
    beta2: 0.999,
    eps: 1e-8,
    weightDecay: (path) => (path === 'one.bias' ? 0 : 0.2),
    rateFactor: (path) => (path === 'one.weight' ? 0.1 : 1),
    clipNorm: 0.25,
  });
  const rate = g.warmUp(g.multiStepRate(0.05, { milestones: [5] }), { steps: 3, start: 0.1 });
  const state = stateOf({ 'one.weight': random([3, 4], 3), 'one.bias': random([3], 4), 'two.weight': random([2, 3], 5) });
  const model = await load(graph);
  const found = { rates: [] as number[], losses: [] as number[], norms: [] as number[] };
  for (let step = 1; step <= 8; step++) {
    const outputs = await model.run({ ...batch, ...state, rate: scalar(rate(step)) });
    found.rates.push(rate(step));
    found.losses.push(outputs['loss']!.data[0]!);
    found.norms.push(outputs['gradientNorm']!.data[0]!);
    advance(state, outputs);
  }
  await model.release();
  expectClose(found.rates, groups.rates, 1e-12);
  expectClose(found.losses, groups.losses, 5e-7);
  expectClose(found.norms, groups.norms, 5e-7);
  for (const [name, expected] of Object.entries(groups.state)) expectClose(state[name]!.data, expected, 5e-7);
});

it('lets a cosine fall as PyTorch does, and holds its ends', () => {
  const rate = g.cosineRate(1e-3, { to: 10, floor: 1e-4 });
  // torch 2.15.0: CosineAnnealingLR(T_max=10, eta_min=1e-4)
  const expected = [1e-3, 0.000977975432, 0.000914057647, 0.000814503364, 0.000689057647, 0.00055, 0.000410942353, 0.000285496636];
  expectClose([1, 2, 3, 4, 5, 6, 7, 8].map(rate), expected, 1e-8);
  expect(rate(11)).toBeCloseTo(1e-4, 15);
  expect(rate(1000)).toBeCloseTo(1e-4, 15);
  expect(g.cosineRate(2, { from: 5, to: 6 })(6)).toBe(2);
  expect(g.multiStepRate(1, { milestones: [2, 3], factor: 0.5 })(4)).toBe(0.25);
  expect(g.warmUp(g.constantRate(3), { steps: 2 })(2)).toBe(1.5);
});

it('gives the same step from accumulated halves as from one batch', async () => {
  const whole = new g.Graph('whole');
  const one = linearLoss(whole);
  g.addTrainingStep(one.loss, one.parameters.trained, options);
  const sums = new g.Graph('sums');
  const two = linearLoss(sums);
  g.addAccumulation(two.loss, two.parameters.trained);
  const apply = new g.Graph('apply');
  g.accumulatedStep(apply, two.parameters.trained, options);

  const rate = scalar(0.05);
  const expected = await evaluate(whole, { ...batch, ...initialState(), rate });
  const state = initialState();
  for (let i = 0; i < 2; i++) advance(state, await evaluate(sums, { ...batch, ...state }));
  const found = await evaluate(apply, { ...state, rate, batches: scalar(2) });
  for (const name of ['fc.weight:next', 'fc.bias:square:next']) expectClose(found[name]!.data, [...expected[name]!.data], 1e-6);
});

it('measures the norm of gradients without a limit, and leaves them as they are', async () => {
  const graph = new g.Graph('norm');
  const parts = [random([3, 2], 1), random([4], 2)];
  const { gradients, norm } = g.clipGradients(
    parts.map(({ shape }, i) => graph.input(`g${i}`, 'float32', shape)),
    Number.POSITIVE_INFINITY,
  );
  gradients.forEach((gradient, i) => graph.output(`y${i}`, gradient));
  graph.output('norm', norm);
  const outputs = await evaluate(graph, { g0: parts[0]!, g1: parts[1]! });
  expect(outputs['y0']!.data).toEqual(parts[0]!.data);
  const squares = parts.flatMap(({ data }) => [...data]).reduce((sum, value) => sum + value * value, 0);
  expect(outputs['norm']!.data[0]).toBeCloseTo(Math.sqrt(squares), 6);
});
