import { type DType, type Tensor, tensor } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { evaluate, random } from './evaluate.ts';
import * as ref from './reference.ts';

const floats = (...numbers: number[]): Tensor => tensor('float32', [numbers.length], Float32Array.from(numbers));
const int64 = (shape: readonly number[], numbers: readonly number[]): Tensor => tensor('int64', shape, BigInt64Array.from(numbers, BigInt));

/** Feeds tensors to an expression; with `named`, the first extent of each is a name while the graph is built. */
async function run(feeds: readonly Tensor[], build: (...values: g.Value[]) => g.Value, named = false): Promise<ref.Reference> {
  const graph = new g.Graph('sampling');
  const inputs = feeds.map(({ dtype, shape }, i) => graph.input(`x${i}`, dtype, named ? ['N', ...shape.slice(1)] : shape));
  const y = build(...inputs);
  graph.output('y', y);
  const found = (await evaluate(graph, Object.fromEntries(feeds.map((feed, i) => [`x${i}`, feed]))))['y']!;
  expect(found.shape).toEqual(y.shape.map((dim) => (dim === 'N' ? feeds[0]!.shape[0] : dim)));
  return { shape: found.shape, data: Array.from(found.data as ArrayLike<number | bigint>, Number) };
}

function expectClose(found: ref.Reference, expected: ref.Reference): void {
  expect(found.shape).toEqual(expected.shape);
  const far = Array.from(found.data).flatMap((value, i) =>
    value === expected.data[i] || Math.abs(value - expected.data[i]!) <= 1e-5 * (1 + Math.abs(expected.data[i]!))
      ? []
      : [[i, value, expected.data[i]]],
  );
  expect(far).toEqual([]);
}

describe('functions of elements', () => {
  const x = [-Infinity, -90, -1.5, -0.5, -1e-3, 0, 1e-3, 0.5, 2, 90, Infinity];
  const functions: Record<string, [(x: g.Value) => g.Value, (x: number) => number]> = {
    relu: [g.relu, (v) => Math.max(v, 0)],
    abs: [g.abs, Math.abs],
    clamp: [(v) => g.clamp(v, -1, 0.5), (v) => Math.min(Math.max(v, -1), 0.5)],
    'clamp from below': [(v) => g.clamp(v, 0, Infinity), (v) => Math.max(v, 0)],
    maximum: [(v) => g.maximum(v, -0.25), (v) => Math.max(v, -0.25)],
    softplus: [g.softplus, (v) => (v > 30 ? v : Math.log1p(Math.exp(v)))],
    greater: [(v) => g.greater(v, 0), (v) => Number(v > 0)],
    less: [(v) => g.less(v, 0.5), (v) => Number(v < 0.5)],
    equal: [(v) => g.equal(v, 0.5), (v) => Number(v === 0.5)],
    logicalNot: [(v) => g.logicalNot(g.equal(v, 0)), (v) => Number(v !== 0)],
    logicalAnd: [(v) => g.logicalAnd(g.greater(v, -1), g.less(v, 1)), (v) => Number(v > -1 && v < 1)],
    logicalOr: [(v) => g.logicalOr(g.less(v, -1), g.greater(v, 1)), (v) => Number(v < -1 || v > 1)],
    where: [(v) => g.where(g.less(v, 0), -Infinity, v), (v) => (v < 0 ? -Infinity : v)],
  };
  it.each(Object.keys(functions))('%s', async (name) => {
    const [op, f] = functions[name]!;
    expectClose(await run([floats(...x)], op, true), { shape: [x.length], data: x.map(f) });
  });

  it('silu, without the ends', async () => {
    const finite = x.slice(1, -1);
    expectClose(await run([floats(...finite)], g.silu, true), { shape: [finite.length], data: finite.map((v) => v / (1 + Math.exp(-v))) });
  });

  it.each(['int32', 'int64', 'float64', 'float16'] as const)('compares and chooses %s', async (dtype) => {
    const cast = (v: g.Value): g.Value => g.cast(v, dtype);
    const chosen = await run([floats(3, -2, 5), floats(1, 2, 5)], (a, b) =>
      g.cast(g.where(g.logicalOr(g.greater(cast(a), cast(b)), g.equal(cast(a), cast(b))), cast(a), 7), 'float32'),
    );
    expect(chosen.data).toEqual([3, 7, 5]);
  });

  it('broadcasts all three of where', async () => {
    const [a, b] = [random([2, 1, 3], 1), random([4, 1], 2)];
    const y = await run([a, b], (v, w) => g.where(g.greater(w, 0), v, w));
    expectClose(
      y,
      ref.binary(a, b, (v, w) => (w > 0 ? v : w)),
    );
  });
});

/** Gradients at -1, 0 and 1. */
async function slopes(build: (x: g.Value) => g.Value): Promise<number[]> {
  const found = await run([floats(-1, 0, 1)], (x) => g.gradients(g.reshape(g.reduceSum(build(x), [0]), []), [x])[0]!);
  return Array.from(found.data);
}

it('has the slopes of PyTorch where a function has a kink', async () => {
  expect(await slopes(g.relu)).toEqual([0, 0, 1]);
  expect(await slopes(g.abs)).toEqual([-1, 0, 1]);
  expect(await slopes((x) => g.clamp(x, 0, 1))).toEqual([0, 1, 1]);
  expect(await slopes((x) => g.clamp(x, -0.5, 0.5))).toEqual([0, 1, 0]);
  expect(await slopes((x) => g.maximum(x, 0))).toEqual([0, 0.5, 1]);
});

it('keeps points that are no numbers out of the gradient of a picture', async () => {
  const grid = tensor('float32', [1, 1, 3, 2], Float32Array.of(NaN, 0, 1e30, 0, 0, 0));
  const y = await run(
    [random([1, 1, 3, 3], 1), grid],
    (x, points) => g.gradients(g.reshape(g.reduceSum(g.gridSample(x, points), [1, 2, 3]), []), [x])[0]!,
  );
  expect(y.data).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0]);
});

describe('elements by index', () => {
  const x = random([4, 3, 5], 1);
  const types: readonly DType[] = ['int32', 'int64'];

  it.each([0, 1, 2, -1])('gathers slices along axis %i', async (axis) => {
    const at = (axis + 3) % 3;
    const ids = [2, 0, 1, 2];
    const expected = ref.build([...x.shape.slice(0, at), 2, 2, ...x.shape.slice(at + 1)], (index) =>
      ref.at(x, [...index.slice(0, at), ids[index[at]! * 2 + index[at + 1]!]!, ...index.slice(at + 2)]),
    );
    for (const dtype of types) expectClose(await run([x, int64([2, 2], ids)], (v, i) => g.gather(v, g.cast(i, dtype), axis)), expected);
  });

  it('gathers and scatters elements', async () => {
    const ids = int64(
      [4, 2, 5],
      Array.from({ length: 40 }, (_, i) => (i * 7 + Math.floor(i / 5)) % 3),
    );
    const id = (index: ref.Index): number => ref.at({ shape: ids.shape, data: Array.from(ids.data as BigInt64Array, Number) }, index);
    expectClose(
      await run([x, ids], (v, i) => g.gatherElements(v, i, 1), true),
      ref.build([4, 2, 5], (index) => ref.at(x, index.with(1, id(index)))),
    );
    const updates = random([4, 2, 5], 2);
    const hits = (index: ref.Index): number[] =>
      [0, 1].flatMap((j) => (id(index.with(1, j)) === index[1] ? [ref.at(updates, index.with(1, j))] : []));
    expectClose(
      await run([x, ids, updates], (v, i, u) => g.scatterElements(v, i, u, { axis: 1, reduction: 'add' }), true),
      ref.build(x.shape, (index) => ref.at(x, index) + hits(index).reduce((a, b) => a + b, 0)),
    );
  });

  it('gathers and scatters slices by index vectors', async () => {
    const pairs = [3, 1, 0, 2, 3, 1];
    const pair = (k: number): number[] => pairs.slice(2 * k, 2 * k + 2);
    expectClose(
      await run([x, int64([3, 2], pairs)], g.gatherND),
      ref.build([3, 5], ([k, column]) => ref.at(x, [...pair(k!), column!])),
    );
    const updates = random([3, 5], 2);
    expectClose(
      await run([x, int64([3, 2], pairs), updates], (v, i, u) => g.scatterND(v, i, u, 'add')),
      ref.build(x.shape, ([a, b, column]) =>
        [0, 1, 2].reduce(
          (sum, k) => (pair(k)[0] === a && pair(k)[1] === b ? sum + ref.at(updates, [k, column!]) : sum),
          ref.at(x, [a!, b!, column!]),
        ),
      ),
    );
    const replaced = await run([x, int64([1, 1], [2]), random([1, 3, 5], 5)], (v, i, u) => g.scatterND(v, i, u));
    expectClose(
      replaced,
      ref.build(x.shape, (index) => (index[0] === 2 ? ref.at(random([1, 3, 5], 5), index.with(0, 0)) : ref.at(x, index))),
    );
  });

  it('splits', async () => {
    const parts = await run([x], (v) => g.concat(g.split(v, [1, 1, 3], -1).toReversed(), 2), true);
    expectClose(
      parts,
      ref.build(x.shape, ([a, b, column]) => ref.at(x, [a!, b!, [2, 3, 4, 1, 0][column!]!])),
    );
  });

  it('finds the largest, the lower index first among equal ones', async () => {
    const scores = tensor('float32', [2, 5], Float32Array.of(1, 3, 3, -1, 2, 0, -5, 0, 0, -Infinity));
    expect((await run([scores], (v) => g.topK(v, 3).values, true)).data).toEqual([3, 3, 2, 0, 0, 0]);
    expect((await run([scores], (v) => g.topK(v, 3).indices, true)).data).toEqual([1, 2, 4, 0, 2, 3]);
    expect((await run([scores], (v) => g.topK(v, 1, 0).indices)).data).toEqual([0, 0, 0, 1, 0]);
  });
});

it('keeps named extents, also in gradients', async () => {
  const graph = new g.Graph('named');
  const x = graph.input('x', 'float32', ['N', 'C', 'h*2', 4]);
  const rows = g.resize(x, ['h', 'C'], 'nearest'); // [N, C, h, C]
  graph.output('resized', rows);
  const flat = g.reshape(x, ['N', 'C', 'h*8']);
  const [first, rest] = g.split(flat, ['h*2', 'h*6'], 2);
  const { values, indices } = g.topK(rest!, 'C', 2); // [N, C, C]
  const kept = g.gatherElements(g.exp(rest!), indices, 2);
  const loss = g.reshape(g.add(g.reduceSum(first!, [0, 1, 2]), g.reduceSum(g.mul(values, kept), [0, 1, 2])), []);
  graph.output('dx', g.gradients(loss, [x])[0]!);
  const feed = random([2, 3, 4, 4], 9);
  const found = await evaluate(graph, { x: feed });
  expectClose(
    found['resized']!,
    ref.build([2, 3, 2, 3], ([n, c, row, column]) => ref.at(feed, [n!, c!, row! * 2, Math.floor((column! * 4) / 3)])),
  );
  const expected = ref.build([2, 3, 16], ([n, c, i]) => {
    const numbers = Array.from(feed.data.subarray((n! * 3 + c!) * 16, (n! * 3 + c! + 1) * 16));
    const third = numbers.slice(4).toSorted((a, b) => b - a)[2]!;
    const value = numbers[i!]!;
    return i! < 4 ? 1 : value >= third ? Math.exp(value) * (1 + value) : 0; // d/dv of v · e^v
  });
  expectClose(found['dx']!, { ...expected, shape: [2, 3, 4, 4] });
});
