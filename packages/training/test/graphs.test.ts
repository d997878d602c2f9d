import { openCheckpoint } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import * as g from '@vitamin-vlm/graph';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TrainOptions } from '../src/index.ts';
import { fitBatch, fitLoss, initial, optimizer } from './fit.ts';
import { bytesOf, lossesOf, newFolder, rows, run, step } from './run.ts';

/** A layer of 4 -> 2 on all rows. */
function layer(graph: g.Graph): { y: g.Value; parameters: g.Parameters } {
  const parameters = new g.Parameters(graph, { trainable: () => true });
  return { y: g.linear(parameters.root.at('fc'), graph.input('x', 'float32', [rows, 4]), 2), parameters };
}

/** The first or the second half of the rows. */
function halfOf({ shape, data }: Tensor, i: number): Tensor {
  const size = data.length / 2;
  return tensor('float32', [rows / 2, shape[1]!], (data as Float32Array).slice(i * size, (i + 1) * size));
}

it('runs the forward graph first when targets depend on what the network finds', async () => {
  const forward = new g.Graph('forward');
  forward.output('y', layer(forward).y);
  const folder = newFolder();
  const seen: Tensor[] = [];
  const { parameters: found } = await run(folder, {
    graphs: { forward: g.toOnnx(forward), step },
    steps: 2,
    batch: (index) => ({
      feeds: { x: fitBatch(index, rows).x },
      targets: ({ y }) => {
        seen.push(y!);
        return { target: tensor('float32', [rows, 2], (y!.data as Float32Array).map(Math.sign)) };
      },
    }),
  });
  // What the forward graph saw at the second step: the parameters after the first one.
  const first = newFolder();
  const sign = tensor('float32', [rows, 2], (seen[0]!.data as Float32Array).map(Math.sign));
  const after = await run(first, { steps: 1, batch: () => ({ feeds: { x: fitBatch(1, rows).x, target: sign } }) });
  const [weight, bias] = [after.parameters.get('fc.weight')!.data, after.parameters.get('fc.bias')!.data] as Float32Array[];
  const x = fitBatch(2, rows).x.data;
  seen[1]!.data.forEach((value, i) => {
    const expected = [0, 1, 2, 3].reduce((sum, k) => sum + x[(i >> 1) * 4 + k]! * weight![(i & 1) * 4 + k]!, bias![i & 1]!);
    expect(value).toBeCloseTo(expected, 5);
  });
  expect(found.get('fc.weight')!.data).not.toEqual(after.parameters.get('fc.weight')!.data);
});

it('keeps the state of the step before when targets fail in the middle of an accumulated step', async () => {
  const forward = new g.Graph('forward');
  forward.output('y', layer(forward).y);
  const sums = new g.Graph('sums');
  const { loss, y, parameters } = fitLoss(sums, rows);
  sums.output('running:next', g.add(sums.input('running', 'float32', [2]), g.reshape(g.reduceMean(y, [0]), [2])));
  g.addAccumulation(loss, parameters.trained);
  const apply = new g.Graph('apply');
  g.accumulatedStep(apply, parameters.trained, optimizer);
  let failing = true;
  const options: Partial<TrainOptions> = {
    graphs: { forward: g.toOnnx(forward), accumulate: g.toOnnx(sums), apply: g.toOnnx(apply), batches: 3 },
    initial: new Map([...initial, ['running', tensor('float32', [2])]]),
    steps: 4,
    saveEvery: 100,
    batch: (index) => ({
      feeds: { x: fitBatch(index, rows).x },
      targets: () => {
        if (failing && index === 8) throw new VitaminError('USAGE', 'Expected a match');
        return { target: fitBatch(index, rows).target };
      },
    }),
  };
  const folder = newFolder();
  await expect(run(folder, options)).rejects.toMatchObject({ message: 'Step 3: Expected a match' });
  failing = false;
  await run(folder, options);
  expect(await lossesOf(folder)).toHaveLength(4);
  const whole = newFolder();
  await run(whole, options);
  expect(await bytesOf(folder)).toEqual(await bytesOf(whole));
});

it('takes the gradient from seeds that are worked out between forward and backward', async () => {
  const forward = new g.Graph('forward');
  const backward = new g.Graph('backward');
  forward.output('y', layer(forward).y);
  const { y, parameters } = layer(backward);
  const parts = g.gradients([y], [...parameters.trained.values()], [backward.input('dy', 'float32', [rows, 2])]);
  backward.output('loss', backward.input('lossValue', 'float32', []));
  g.addUpdate(parameters.trained, parts, optimizer);
  const seeded = newFolder();
  await run(seeded, {
    graphs: { forward: g.toOnnx(forward), step: g.toOnnx(backward) },
    batch: (index) => {
      const { x, target } = fitBatch(index, rows);
      const targets = ({ y: found }: Record<string, Tensor>): Record<string, Tensor> => {
        const miss = (found!.data as Float32Array).map((value, i) => value - target.data[i]!);
        const loss = miss.reduce((sum, value) => sum + value ** 2, 0) / miss.length;
        return {
          dy: tensor(
            'float32',
            [rows, 2],
            miss.map((value) => (2 * value) / miss.length),
          ),
          lossValue: tensor('float32', [], new Float32Array([loss])),
        };
      };
      return { feeds: { x }, targets };
    },
  });
  const whole = newFolder();
  await run(whole);
  const expected = await lossesOf(whole);
  (await lossesOf(seeded)).forEach((loss, i) => expect(loss).toBeCloseTo(expected[i]!, 5));
});

it('gives from two half batches what one batch gives', async () => {
  const sums = new g.Graph('sums');
  const half = fitLoss(sums, rows / 2);
  g.addAccumulation(half.loss, half.parameters.trained);
  const apply = new g.Graph('apply');
  g.accumulatedStep(apply, half.parameters.trained, optimizer);
  const parts = newFolder();
  const indices: number[] = [];
  const { parameters } = await run(parts, {
    graphs: { accumulate: g.toOnnx(sums), apply: g.toOnnx(apply), batches: 2 },
    steps: 6,
    batch: (index) => {
      indices.push(index);
      const { x, target } = fitBatch(Math.ceil(index / 2), rows);
      return { feeds: { x: halfOf(x, 1 - (index % 2)), target: halfOf(target, 1 - (index % 2)) } };
    },
  });
  expect(indices).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  const whole = newFolder();
  const expected = await run(whole, { steps: 6 });
  for (const [name, { data }] of expected.parameters)
    data.forEach((value, i) => expect(parameters.get(name)!.data[i], `${name} ${i}`).toBeCloseTo(Number(value), 5));
  const losses = await lossesOf(whole);
  (await lossesOf(parts)).forEach((loss, i) => expect(loss).toBeCloseTo(losses[i]!, 5));
  // No sum of an unfinished step is kept: the state is the same set of tensors.
  await using a = await openCheckpoint(join(parts, 'state.safetensors'));
  await using b = await openCheckpoint(join(whole, 'state.safetensors'));
  expect([...a.tensors.keys()].toSorted()).toEqual([...b.tensors.keys()].toSorted());
});
