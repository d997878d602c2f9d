import { type Tensor, tensor } from '@vitamin-vlm/core';
import { addTrainingStep, Graph, toOnnx } from '@vitamin-vlm/graph';
import { Session, SessionPool } from '@vitamin-vlm/runtime';
import { afterAll, expect, it } from 'vitest';
import { Decoder, gridFeatures, packedLoss, type PackedModel, type PackedSize, randomNumbers } from '../src/index.ts';
import { smallModel } from './model.ts';

const sessions = new SessionPool();
afterAll(() => sessions.close());

const random = randomNumbers(3);
const floats = (...shape: number[]): Tensor<'float32'> => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    'float32',
    shape,
    Float32Array.from({ length: size }, () => random() - 0.5),
  );
};

const llama = smallModel();
const projection = [floats(32, 16), floats(32), floats(32, 32), floats(32)] as const;
const model: PackedModel = {
  llama: llama.config,
  projector: { type: 'mlp2x_gelu', depth: 2, input: 16, output: 32 },
  weights: new Map([
    ...llama.weights,
    ...(['0.weight', '0.bias', '2.weight', '2.bias'] as const).map((name, i) => [`model.mm_projector.${name}`, projection[i]!] as const),
  ]),
  grid: { positions: true, merge: 2 },
};
const size: PackedSize = { rows: 1, height: 2, width: 4, before: [1, 5], text: 8 };
const START = 2 + 2; // before the text: two ids and two merged cells

/** A row of turns, each a list of ids whose last one is learned. */
function rowOf(...turns: readonly (readonly number[])[]): Record<string, Tensor> {
  const names = ['ids', 'positions', 'segments', 'labels'] as const;
  const feeds = Object.fromEntries(names.map((name) => [name, new BigInt64Array(size.text).fill(name === 'labels' ? -100n : 0n)]));
  feeds['segments']!.fill(-1n);
  let at = 0;
  for (const [turn, ids] of turns.entries()) {
    for (const [i, id] of ids.entries()) {
      feeds['ids']![at + i] = BigInt(id);
      feeds['positions']![at + i] = BigInt(START + i);
      feeds['segments']![at + i] = BigInt(turn + 1);
    }
    feeds['labels']![at + ids.length - 2] = BigInt(ids.at(-1)!);
    at += ids.length;
  }
  const shares = tensor(
    'float32',
    [1, size.text],
    Float32Array.from(feeds['labels']!, (label) => Number(label >= 0n)),
  );
  return { ...Object.fromEntries(names.map((name) => [name, tensor('int64', [1, size.text], feeds[name])])), shares };
}

/** Runs a graph without training: the trained parameters are fed as they are. */
async function lossOf(feeds: Record<string, Tensor>): Promise<{ loss: number; logits: Float32Array }> {
  const { graph, parameters, logits, loss } = packedLoss(model, size, 2);
  graph.output('loss', loss);
  graph.output('logits', logits);
  await using session = await Session.create(toOnnx(graph));
  const weights = Object.fromEntries([...parameters.trained.keys()].map((path) => [path, model.weights.get(path) as Tensor]));
  const results = await session.run({ ...weights, ...feeds });
  return { loss: Number(results['loss']!.data[0]), logits: results['logits']!.data as Float32Array };
}

const features = floats(1, 8, 4);
const [first, second] = [
  [7, 9, 11],
  [3, 8, 20, 2],
] as const;

it('conversations of a row are blind to each other: the loss is the mean of what each has alone', async () => {
  const both = await lossOf({ features, ...rowOf(first, second) });
  const swapped = await lossOf({ features, ...rowOf(second, first) });
  const alone = [await lossOf({ features, ...rowOf(first) }), await lossOf({ features, ...rowOf(second) })];
  expect(both.loss).toBeCloseTo((alone[0]!.loss + alone[1]!.loss) / 2, 5);
  expect(swapped.loss).toBeCloseTo(both.loss, 5);
  expect(alone[0]!.loss).not.toBeCloseTo(alone[1]!.loss, 2);
});

it('what is trained is what the decoder says', async () => {
  const graph = new Graph('cells');
  const parts = gridFeatures(graph.constant(features), model.grid, 2, 4);
  graph.output('cells', parts);
  await using session = await Session.create(toOnnx(graph));
  const { cells } = await session.run({});
  expect(cells!.shape).toEqual([1, 2, 16]);
  const [w0, b0, w2, b2] = projection;
  const picture = [0, 1].flatMap((cell) => {
    const x = Array.from((cells!.data as Float32Array).subarray(16 * cell, 16 * cell + 16));
    return linear(linear(x, w0, b0).map(gelu), w2, b2);
  });
  const decoder = new Decoder(llama, sessions);
  const [before, asked] = [await decoder.embed([1, 5]), await decoder.embed([3, 8, 20])];
  const prompt = Float32Array.from([...before.data, ...picture, ...asked.data]);
  const { logits } = await decoder.read([tensor('float32', [2 + 2 + 3, 32], prompt)]);
  const trained = await lossOf({ features, ...rowOf(first, second) });
  const at = first.length + 2;
  for (let i = 0; i < 40; i++) expect(trained.logits[at * 40 + i]).toBeCloseTo(logits.data[i]!, 4);
});

it('a step lowers the loss, in the first stage by the projector alone', async () => {
  for (const stage of [1, 2] as const) {
    const { graph, parameters, loss } = packedLoss(model, size, stage);
    const trained = [...parameters.trained.keys()];
    expect(trained.every((path) => path.startsWith('model.mm_projector.'))).toBe(stage === 1);
    addTrainingStep(loss, parameters.trained, { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 });
    await using session = await Session.create(toOnnx(graph));
    const feeds: Record<string, Tensor> = { features, ...rowOf(first, second), rate: tensor('float32', [], new Float32Array([1e-3])) };
    for (const { name, shape } of session.inputs)
      feeds[name] ??= (model.weights.get(name) as Tensor) ?? tensor('float32', shape as number[]);
    const { loss: before, ...next } = await session.run(feeds);
    for (const [name, value] of Object.entries(next)) if (name.endsWith(':next')) feeds[name.slice(0, -':next'.length)] = value;
    const { loss: after } = await session.run(feeds);
    expect(Number(after!.data[0])).toBeLessThan(Number(before!.data[0]));
  }
});

function linear(x: number[], w: Tensor<'float32'>, b: Tensor<'float32'>): number[] {
  return Array.from(b.data, (bias, o) => x.reduce((sum, value, i) => sum + value * w.data[o * x.length + i]!, bias));
}

function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

/** Abramowitz and Stegun 7.1.26; 1.5e-7 off at most. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}
