import type { Tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate, random } from './evaluate.ts';

it('rounds each row to 127 steps of its own, transposed', () => {
  const weight = random([5, 70], 1);
  weight.data.forEach((value, i) => (weight.data[i] = value * 10 ** Math.floor(i / 70)));
  weight.data.fill(0, 2 * 70, 3 * 70);
  const { rounded, steps } = g.packInt8(weight);
  expect([rounded.shape, steps.shape]).toEqual([[70, 5], [5]]);
  for (let row = 0; row < 5; row++) {
    const numbers = weight.data.subarray(row * 70, (row + 1) * 70);
    const levels = Array.from({ length: 70 }, (_, i) => Number(rounded.data[i * 5 + row]));
    const step = Number(steps.data[row]);
    expect(Math.max(...levels.map(Math.abs))).toBe(row === 2 ? 0 : 127);
    numbers.forEach((number, i) => expect(Math.abs(levels[i]! * step - number)).toBeLessThanOrEqual(0.5001 * step));
  }
});

/** The definition in plain loops: x to 255 steps between its smallest and largest number, then integers. */
function product(x: Tensor, { rounded, steps }: g.Int8Weight<Tensor>): Float32Array {
  const [width, out] = rounded.shape as [number, number];
  const numbers = x.data as Float32Array;
  const least = Math.min(0, ...numbers);
  const step = Math.fround((Math.max(0, ...numbers) - least) / 255);
  const zero = Math.round(-least / step);
  const levels = numbers.map((number) => Math.min(255, Math.max(0, Math.round(number / step) + zero)) - zero);
  return Float32Array.from({ length: (numbers.length / width) * out }, (_, at) => {
    const [row, column] = [Math.floor(at / out), at % out];
    let sum = 0;
    for (let i = 0; i < width; i++) sum += levels[row * width + i]! * Number(rounded.data[i * out + column]);
    return sum * step * Number(steps.data[column]);
  });
}

it('multiplies as plain loops over the integers do', async () => {
  const x = random([2, 3, 70], 2);
  x.data.forEach((number, i) => (x.data[i] = 3 * number + 1)); // the zero lies off the middle
  const weight = g.packInt8(random([6, 70], 1));
  const graph = new g.Graph('product');
  const value = graph.input('x', 'float32', ['N', 3, 70]);
  graph.output('y', g.matmulInt8(value, { rounded: graph.constant(weight.rounded), steps: graph.constant(weight.steps) }));
  const { y } = await evaluate(graph, { x });
  expect(y!.shape).toEqual([2, 3, 6]);
  const expected = product(x, weight);
  // A number halfway between two steps may fall to either side of it.
  y!.data.forEach((number, i) => expect(Math.abs(number - expected[i]!)).toBeLessThan(0.02));
  expect(y!.data.filter((number, i) => Math.abs(number - expected[i]!) < 1e-4).length).toBeGreaterThan(30);
});

it('gives a layer its matrix in 8 bits, and takes all else in full', async () => {
  const weights = new Map<string, Tensor>([
    ['fc.weight', random([4, 8], 1)],
    ['fc.bias', random([4], 2)],
    ['other.weight', random([3, 4], 3)],
  ]);
  const [x, packed] = [random([5, 8], 4), g.packInt8(weights.get('fc.weight')!)];
  const build = (int8?: ReadonlyMap<string, g.Int8Weight<Tensor>>): [g.Graph, g.Parameters] => {
    const graph = new g.Graph('layers');
    const parameters = new g.Parameters(graph, { weights, int8 });
    const value = graph.input('x', 'float32', [5, 8]);
    const [y, again] = [g.linear(parameters.root.at('fc'), value, 4), g.linear(parameters.root.at('fc'), value, 4)];
    graph.output('y', g.linear(parameters.root.at('other'), g.add(y, again), 3, { bias: false }));
    parameters.check();
    return [graph, parameters];
  };
  const [graph, parameters] = build(new Map([['fc.weight', packed]]));
  expect(parameters.declared).toEqual(build()[1].declared);
  expect([...parameters.matrices]).toEqual(['fc.weight', 'other.weight']);
  expect([...graph.initializers].map(([name, { dtype }]) => `${name} ${dtype}`)).toEqual(
    expect.arrayContaining(['fc.weight int8', 'fc.weight:steps float32', 'fc.bias float32', 'other.weight float32']),
  );
  const [{ y }, { y: full }] = [await evaluate(graph, { x }), await evaluate(build()[0], { x })];
  y!.data.forEach((number, i) => expect(Math.abs(number - full!.data[i]!)).toBeLessThan(0.05));
  expect(y!.data).not.toEqual(full!.data);
});

it('names what a weight in 8 bits does not fit, as one in full', () => {
  const weights = new Map([['fc.weight', random([4, 9], 1)]]);
  const graph = new g.Graph('mismatch');
  const parameters = new g.Parameters(graph, { weights, int8: new Map([['fc.weight', g.packInt8(random([4, 9], 1))]]) });
  g.linear(parameters.root.at('fc'), graph.input('x', 'float32', [5, 8]), 4, { bias: false });
  expect(() => parameters.check()).toThrow('mismatched fc.weight: expected [4, 8], found [4, 9]');
});
