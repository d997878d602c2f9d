import { type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { checkFeeds, type ValueInfo } from '../src/value-info.ts';

const input = (name: string, ...shape: (number | string)[]): ValueInfo => ({ name, dtype: 'float32', shape });
const feed = (...shape: number[]): Tensor => tensor('float32', shape);

it('takes shapes of the same rank alone, of whole numbers from 0', () => {
  const inputs = [input('x', 'N', 4)];
  for (const fits of [feed(0, 4), feed(3, 4)]) expect(() => checkFeeds(inputs, { x: fits })).not.toThrow();
  const numbers = new Float32Array(4);
  for (const shape of [[], [4], [1, 4, 1], [-1, -4], [0.5, 8], [1, 5]]) {
    const wrong = { dtype: 'float32', shape, data: numbers } as Tensor;
    const told = `Expected input "x" to be float32 [N, 4] but received float32 [${shape.join(', ')}]`;
    expect(() => checkFeeds(inputs, { x: wrong })).toThrow(told);
  }
  const half = { dtype: 'float32', shape: [2.5, 4], data: new Float32Array(10) } as Tensor;
  expect(() => checkFeeds(inputs, { x: half })).toThrow('received float32 [2.5, 4]');
  const negative = { dtype: 'float32', shape: [-2, -2], data: numbers } as Tensor;
  expect(() => checkFeeds([input('x', 'N', 'M')], { x: negative })).toThrow('received float32 [-2, -2]');
});

it('a product of names says nothing of its factors; what they are by others it must agree with', () => {
  expect(() => checkFeeds([input('flat', 'M*N*2')], { flat: feed(10) })).not.toThrow();
  const inputs = [input('flat', 'M*N'), input('map', 'M', 'N')];
  expect(() => checkFeeds(inputs, { flat: feed(6), map: feed(2, 3) })).not.toThrow();
  expect(() => checkFeeds(inputs, { flat: feed(7), map: feed(2, 3) })).toThrow(
    'Expected 6, as "M" is 2 by axis 0 of "map" and "N" is 3 by axis 1 of "map", on axis 0 of input "flat"',
  );
});

it('does not take what every object has for a feed', () => {
  expect(() => checkFeeds([input('toString', 1)], {})).toThrow('Expected input "toString" to be float32 [1] but received nothing');
});
