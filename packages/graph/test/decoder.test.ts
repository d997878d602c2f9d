import { type Tensor, tensor } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { causal, evaluate, load, random } from './evaluate.ts';

const int32 = (shape: readonly number[], ...numbers: number[]): Tensor => tensor('int32', shape, Int32Array.from(numbers));

describe('groupQueryAttention', () => {
  const [n, heads, groups, size, length] = [2, 4, 2, 16, 6];
  const q = random([n, length, heads * size], 1);
  const [k, v] = [random([n, length, groups * size], 2), random([n, length, groups * size], 3)];

  /** All tokens at once, by the operators that training has. */
  async function whole(): Promise<Tensor<'float32'>> {
    const graph = new g.Graph('whole');
    const table = g.rotaryTable(graph, { size, positions: 16 });
    const positions = graph.constant(int32([n, length], ...Array.from({ length: n * length }, (_, i) => i % length)));
    const head = (name: string, { shape }: Tensor, count: number): g.Value =>
      g.transpose(g.reshape(graph.input(name, 'float32', shape), [n, length, count, size]), [0, 2, 1, 3]);
    const y = g.scaledDotProduct(
      g.rotary(head('q', q, heads), positions, table),
      g.rotary(head('k', k, groups), positions, table),
      head('v', v, groups),
      graph.constant(causal(length)),
    );
    graph.output('y', g.reshape(g.transpose(y, [0, 2, 1, 3]), [n, length, heads * size]));
    return (await evaluate(graph, { q, k, v }))['y']!;
  }

  function decoder(past: boolean): g.Graph {
    const graph = new g.Graph('decoder');
    const rotary = g.rotaryTable(graph, { size, positions: 16 });
    const [qs, ks, vs] = [heads, groups, groups].map((count, i) => graph.input('qkv'[i]!, 'float32', ['N', 'L', count * size])) as [
      g.Value,
      g.Value,
      g.Value,
    ];
    const cache = past && {
      key: graph.input('key', 'float32', ['N', groups, 'P', size]),
      value: graph.input('value', 'float32', ['N', groups, 'P', size]),
    };
    const { y, present } = g.groupQueryAttention(qs, ks, vs, graph.input('last', 'int32', ['N']), graph.input('total', 'int32', []), {
      heads,
      groups,
      rotary,
      ...(cache ? { past: cache, extent: 'T' } : {}),
    });
    graph.output('y', y);
    graph.output('key:next', present.key);
    graph.output('value:next', present.value);
    return graph;
  }

  const tokens = ({ shape, data }: Tensor<'float32'>, from: number, to: number): Tensor<'float32'> => {
    const width = shape[2]!;
    const rows = [0, 1].map((row) => data.subarray((row * length + from) * width, (row * length + to) * width));
    return tensor('float32', [n, to - from, width], Float32Array.from(rows.flatMap((row) => [...row])));
  };

  it('gives token by token what scaledDotProduct gives for all at once', async () => {
    const expected = await whole();
    const close = (found: Tensor<'float32'>, from: number, to: number): void => {
      const part = tokens(expected, from, to);
      expect(found.shape).toEqual(part.shape);
      found.data.forEach((value, i) => expect(value).toBeCloseTo(part.data[i]!, 5));
    };
    const first = await evaluate(decoder(false), {
      q: tokens(q, 0, 3),
      k: tokens(k, 0, 3),
      v: tokens(v, 0, 3),
      last: int32([n], 2, 2),
      total: int32([], 3),
    });
    close(first['y']!, 0, 3);
    const step = await load(decoder(true));
    let [key, value] = [first['key:next']!, first['value:next']!];
    for (let at = 3; at < length; at++) {
      const feeds = { q: tokens(q, at, at + 1), k: tokens(k, at, at + 1), v: tokens(v, at, at + 1) };
      const found = await step.run({ ...feeds, key, value, last: int32([n], at, at), total: int32([], at + 1) });
      close(found['y']!, at, at + 1);
      [key, value] = [found['key:next']!, found['value:next']!];
      expect(key.shape).toEqual([n, groups, at + 1, size]);
    }
    await step.release();
  });
});

describe('weights in 4 bits', () => {
  it('keep the largest number of a block, and the others to half a step', () => {
    const weight = random([5, 70], 1);
    const { packed, scales } = g.pack4Bit(weight, 32);
    expect([packed.shape, scales.shape]).toEqual([
      [5, 3, 16],
      [5, 3],
    ]);
    const kept = g.unpack4Bit({ packed, scales }, 70);
    weight.data.forEach((value, i) => {
      const step = Math.abs(Number(scales.data[Math.floor(i / 70) * 3 + Math.floor((i % 70) / 32)]));
      const most = 8 * step;
      const error = Math.abs(kept.data[i]! - value);
      if (Math.abs(value) === most) expect(error).toBe(0);
      // What lies on the other side of 0 reaches up to 7 steps only.
      expect(error).toBeLessThanOrEqual((Math.abs(value) > 7.5 * step ? 1 : 0.5) * step * (1 + 1e-6));
    });
  });

  it('keep zeros', () => {
    const zeros = g.pack4Bit(tensor('float32', [1, 20]), 16);
    expect(g.unpack4Bit(zeros, 20).data).toEqual(new Float32Array(20));
  });

  it.each(['exact', 'int8'] as const)('multiply as the numbers that they stand for, %s', async (accuracy) => {
    const packed = g.pack4Bit(random([6, 72], 1), 32);
    const x = random([2, 3, 72], 2);
    const graph = new g.Graph('product');
    const value = graph.input('x', 'float32', ['N', 3, 72]);
    const weight = { packed: graph.constant(packed.packed), scales: graph.constant(packed.scales) };
    graph.output('y', g.matmul4Bit(value, weight, { block: 32, accuracy }));
    graph.output('z', g.affine(value, graph.constant(g.unpack4Bit(packed, 72)), null));
    const { y, z } = await evaluate(graph, { x });
    expect(y!.shape).toEqual([2, 3, 6]);
    z!.data.forEach((number, i) => expect(Math.abs(y!.data[i]! - number)).toBeLessThan(accuracy === 'exact' ? 1e-5 : 0.1));
  });
});

const area = ([x1, y1, x2, y2]: number[]): number => Math.max(x2! - x1!, 0) * Math.max(y2! - y1!, 0);

const overlap = (a: number[], b: number[]): number => {
  const shared = area([Math.max(a[0]!, b[0]!), Math.max(a[1]!, b[1]!), Math.min(a[2]!, b[2]!), Math.min(a[3]!, b[3]!)]);
  return shared / (area(a) + area(b) - shared);
};

it('keeps the boxes that a loop over falling scores keeps', async () => {
  const [count, classes] = [40, 2];
  const boxes = random([1, count, 4], 1);
  const scores = random([1, classes, count], 2);
  const box = (i: number): number[] => {
    const [x1, y1, x2, y2] = boxes.data.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  };
  const expected = [0, 1].flatMap((c) => {
    const score = (i: number): number => scores.data[c * count + i]!;
    const kept: number[] = [];
    for (const i of Array.from({ length: count }, (_, at) => at).toSorted((a, b) => score(b) - score(a))) {
      if (score(i) > -0.5 && kept.length < 9 && kept.every((other) => overlap(box(i), box(other)) <= 0.3)) kept.push(i);
    }
    return kept.map((i) => [0, c, i]);
  });
  const graph = new g.Graph('boxes');
  const kept = g.nonMaxSuppression(graph.input('boxes', 'float32', [1, 'B', 4]), graph.input('scores', 'float32', [1, classes, 'B']), {
    most: 9,
    overlap: 0.3,
    least: -0.5,
    extent: 'M',
  });
  graph.output('kept', kept);
  graph.output('more', g.add(g.cast(kept, 'float32'), 1)); // its extent goes on
  const found = await evaluate(graph, { boxes, scores });
  expect(Array.from(found['kept']!.data, Number)).toEqual(expected.flat());
  expect(found['more']!.shape).toEqual([expected.length, 3]);
});
