import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import * as g from '../src/index.ts';
import { causal } from './cases.ts';
import { evaluate, random } from './evaluate.ts';
import * as ref from './reference.ts';

type Pair = readonly [value: g.Value, numbers: ref.Reference];

/** Random shapes and numbers for one graph. Named extents are remembered, to check inferred shapes against real ones. */
class Draw {
  readonly graph: g.Graph = new g.Graph('forward');
  readonly feeds: Record<string, Tensor> = {};
  readonly extents = new Map<string, number>();
  private state = 1;

  /** In [from, to]. */
  integer(from: number, to: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return from + (Math.floor(this.state / 2 ** 16) % (to - from + 1));
  }

  shape(least: number, most: number): number[] {
    return Array.from({ length: this.integer(least, most) }, () => this.integer(1, 4));
  }

  /** Numbers in [shift - 1, shift + 1). With `named`, the first extent is a name while the graph is built. */
  input(shape: readonly number[], { named = false, shift = 0 } = {}): Pair {
    const id = Object.keys(this.feeds).length;
    const numbers = random(shape, 100 + id);
    for (let i = 0; i < numbers.data.length; i++) numbers.data[i]! += shift;
    this.feeds[`x${id}`] = numbers;
    if (named) this.extents.set(`N${id}`, shape[0]!);
    return [this.graph.input(`x${id}`, 'float32', named ? [`N${id}`, ...shape.slice(1)] : shape), numbers];
  }

  indices(shape: readonly number[], below: number): Pair {
    const id = Object.keys(this.feeds).length;
    const numbers = Array.from({ length: sizeOf(shape) }, () => this.integer(0, below - 1));
    this.feeds[`x${id}`] = tensor('int32', shape, Int32Array.from(numbers));
    return [this.graph.input(`x${id}`, 'int32', shape), { shape, data: numbers }];
  }

  /** Extents as numbers: `N3*4` with N3 = 2 is 8. */
  resolve(shape: g.Shape): number[] {
    const factor = (part: string): number => this.extents.get(part) ?? Number(part);
    return shape.map((dim) => (typeof dim === 'number' ? dim : sizeOf(dim.split('*').map(factor))));
  }
}

/** Two shapes that broadcast to each other. */
function fitting(draw: Draw): [number[], number[]] {
  const whole = draw.shape(0, 4);
  const part = (): number[] => whole.slice(draw.integer(0, whole.length)).map((extent) => (draw.integer(0, 2) === 0 ? 1 : extent));
  const full = whole.map((extent) => (draw.integer(0, 3) === 0 ? 1 : extent));
  return draw.integer(0, 1) === 0 ? [full, part()] : [part(), full];
}

const elementwise =
  (op: (a: g.Value, b: g.Value) => g.Value, f: (a: number, b: number) => number, shift = 0) =>
  (draw: Draw): Pair => {
    const [left, right] = fitting(draw);
    const [a, x] = draw.input(left);
    const [b, y] = draw.input(right, { shift });
    return [op(a, b), ref.binary(x, y, f)];
  };

const unary =
  (op: (x: g.Value) => g.Value, f: (x: number) => number, shift = 0) =>
  (draw: Draw): Pair => {
    const [x, numbers] = draw.input(draw.shape(1, 4), { named: true, shift });
    return [op(x), ref.map(numbers, f)];
  };

const reduction =
  (op: (x: g.Value, axes: readonly number[]) => g.Value, f: (values: number[]) => number) =>
  (draw: Draw): Pair => {
    const [x, numbers] = draw.input(draw.shape(1, 4), { named: true });
    const axes = [...numbers.shape.keys()].filter(() => draw.integer(0, 1) === 0);
    const signed = axes.map((axis) => (draw.integer(0, 1) === 0 ? axis - numbers.shape.length : axis));
    return [op(x, signed), ref.reduce(numbers, axes, f)];
  };

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const operators: Record<string, (draw: Draw) => Pair> = {
  add: elementwise(g.add, (a, b) => a + b),
  sub: elementwise(g.sub, (a, b) => a - b),
  mul: elementwise(g.mul, (a, b) => a * b),
  div: elementwise(g.div, (a, b) => a / b, 3),
  minimum: elementwise(g.minimum, Math.min),
  'number on the left': unary(
    (x) => g.sub(1, x),
    (x) => 1 - x,
  ),
  neg: unary(g.neg, (x) => -x),
  exp: unary(g.exp, Math.exp),
  log: unary(g.log, Math.log, 2),
  sqrt: unary(g.sqrt, Math.sqrt, 2),
  sin: unary(g.sin, Math.sin),
  cos: unary(g.cos, Math.cos),
  erf: unary(g.erf, ref.erf),
  sigmoid: unary(g.sigmoid, sigmoid),
  gelu: unary(g.gelu, (x) => (x * (1 + ref.erf(x * Math.SQRT1_2))) / 2),
  quickGelu: unary(g.quickGelu, (x) => x * sigmoid(1.702 * x)),
  cast: unary((x) => g.cast(g.cast(x, 'int32'), 'float32'), Math.trunc, 3),
  stopGradient: unary(g.stopGradient, (x) => x),
  reduceSum: reduction(g.reduceSum, total),
  reduceMean: reduction(g.reduceMean, (values) => total(values) / values.length),
  reduceMax: reduction(g.reduceMax, (values) => Math.max(...values)),
  reshape: (draw) => {
    const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
    const [first, ...rest] = x.shape;
    return [
      g.reshape(x, [...rest, first!].slice(0, -1).concat(first!)),
      { ...numbers, shape: [...numbers.shape.slice(1), numbers.shape[0]!] },
    ];
  },
  'reshape to rows': (draw) => {
    const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
    return [g.reshape(x, [g.product(x.shape)]), { ...numbers, shape: [numbers.data.length] }];
  },
  transpose: (draw) => {
    const [x, numbers] = draw.input(draw.shape(1, 4), { named: true });
    const order = [...numbers.shape.keys()]
      .map((axis) => [draw.integer(0, 99), axis] as const)
      .toSorted((a, b) => a[0] - b[0])
      .map(([, axis]) => axis);
    const shape = order.map((axis) => numbers.shape[axis]!);
    return [
      g.transpose(x, order),
      ref.build(shape, (index) =>
        ref.at(
          numbers,
          [...order.keys()].map((axis) => index[order.indexOf(axis)]!),
        ),
      ),
    ];
  },
  slice: (draw) => {
    const [x, numbers] = draw.input([draw.integer(1, 3), draw.integer(2, 9)], { named: true });
    const start = draw.integer(0, numbers.shape[1]! - 1);
    const end = draw.integer(start + 1, numbers.shape[1]!);
    const step = draw.integer(1, 3);
    const y = ref.build([numbers.shape[0]!, Math.ceil((end - start) / step)], ([row, i]) => ref.at(numbers, [row!, start + i! * step]));
    return [g.slice(x, { axis: -1, start, end, step }), y];
  },
  pad: (draw) => {
    const [x, numbers] = draw.input([draw.integer(1, 3), draw.integer(1, 4), 2], { named: true });
    const [before, after] = [draw.integer(0, 2), draw.integer(0, 2)];
    const extent = numbers.shape[1]!;
    const y = ref.build([numbers.shape[0]!, before + extent + after, 2], ([n, i, j]) =>
      i! < before || i! >= before + extent ? 0 : ref.at(numbers, [n!, i! - before, j!]),
    );
    return [g.pad(x, 1, before, after), y];
  },
  concat: (draw) => {
    const rest = draw.shape(1, 2);
    const parts = Array.from({ length: draw.integer(1, 3) }, () => draw.input([draw.integer(1, 3), ...rest]));
    const starts = parts.map((_, i) => total(parts.slice(0, i).map(([, numbers]) => numbers.shape[0]!)));
    const y = ref.build([total(parts.map(([, numbers]) => numbers.shape[0]!)), ...rest], ([row, ...others]) => {
      const part = starts.findLastIndex((start) => start <= row!);
      return ref.at(parts[part]![1], [row! - starts[part]!, ...others]);
    });
    return [
      g.concat(
        parts.map(([value]) => value),
        0,
      ),
      y,
    ];
  },
  expand: (draw) => {
    const shape = draw.shape(1, 4);
    const [x, numbers] = draw.input(shape.map((extent) => (draw.integer(0, 1) === 0 ? 1 : extent)));
    return [g.expand(x, shape), ref.build(shape, (index) => ref.at(numbers, index))];
  },
  matmul: (draw) => {
    const [left, right] = fitting(draw);
    const [m, k, n] = [draw.integer(1, 4), draw.integer(1, 4), draw.integer(1, 4)];
    const [a, x] = draw.input([...left, m, k]);
    const [b, y] = draw.input([...right, k, n]);
    return [g.matmul(a, b), ref.matmul(x, y)];
  },
  gemm: (draw) => {
    const [m, k, n] = [draw.integer(1, 4), draw.integer(1, 4), draw.integer(1, 4)];
    const [transA, transB] = [draw.integer(0, 1) === 1, draw.integer(0, 1) === 1];
    const [a, x] = draw.input(transA ? [k, m] : [m, k]);
    const [b, y] = draw.input(transB ? [n, k] : [k, n]);
    const [c, z] = draw.input([n]);
    const product = ref.matmul(transA ? ref.swap(x) : x, transB ? ref.swap(y) : y);
    return [g.gemm(a, b, c, { transA, transB }), ref.binary(product, z, (p, q) => p + q)];
  },
  affine: (draw) => {
    const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
    const [weight, w] = draw.input([3, numbers.shape.at(-1)!]);
    const [bias, b] = draw.input([3]);
    return [g.affine(x, weight, bias), ref.binary(ref.matmul(numbers, ref.swap(w)), b, (p, q) => p + q)];
  },
  softmax: (draw) => {
    const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
    return [g.softmax(x), ref.softmax(numbers)];
  },
  logSoftmax: (draw) => {
    const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
    return [g.logSoftmax(x), ref.map(ref.softmax(numbers), Math.log)];
  },
  layerNormalization: (draw) => {
    const [x, numbers] = draw.input([...draw.shape(1, 3), draw.integer(2, 6)], { named: true });
    const width = numbers.shape.at(-1)!;
    const [scale, s] = draw.input([width]);
    const [bias, b] = draw.input([width]);
    const y = ref.build(numbers.shape, (index) => {
      const row = ref.along(numbers, numbers.shape.length - 1, index);
      const mean = total(row) / width;
      const variance = total(row.map((value) => (value - mean) ** 2)) / width;
      return ((ref.at(numbers, index) - mean) / Math.sqrt(variance + 1e-3)) * s.data[index.at(-1)!]! + b.data[index.at(-1)!]!;
    });
    return [g.layerNormalization(x, scale, bias, 1e-3), y];
  },
  l2Normalize: (draw) => {
    const [x, numbers] = draw.input(draw.shape(2, 3), { named: true });
    const axis = draw.integer(0, numbers.shape.length - 1);
    const norm = ref.reduce(numbers, [axis], (values) => Math.sqrt(total(values.map((value) => value * value))));
    return [g.l2Normalize(x, axis), ref.binary(numbers, norm, (a, b) => a / b)];
  },
  gather: (draw) => {
    const [table, rows] = draw.input([5, 3]);
    const [indices, ids] = draw.indices(draw.shape(0, 3), 5);
    return [
      g.gather(table, indices),
      ref.build([...ids.shape, 3], (index) => ref.at(rows, [ref.at(ids, index.slice(0, -1)), index.at(-1)!])),
    ];
  },
  argMax: (draw) => {
    const [x, numbers] = draw.input(draw.shape(1, 4), { named: true });
    const axis = draw.integer(0, numbers.shape.length - 1);
    const y = ref.build(numbers.shape.toSpliced(axis, 1), (index) => {
      const values = ref.along(numbers, axis, index.toSpliced(axis, 0, 0));
      return values.indexOf(Math.max(...values));
    });
    return [g.cast(g.argMax(x, axis), 'float32'), y];
  },
  conv: (draw) => {
    const groups = draw.integer(1, 3);
    const window = { kernel: draw.integer(1, 3), stride: draw.integer(1, 3), padding: draw.integer(0, 2) };
    const [x, numbers] = draw.input([draw.integer(1, 2), groups * draw.integer(1, 2), draw.integer(3, 7), draw.integer(3, 7)], {
      named: true,
    });
    const [weight, w] = draw.input([groups * draw.integer(1, 2), numbers.shape[1]! / groups, window.kernel, window.kernel]);
    const [bias, b] = draw.input([w.shape[0]!]);
    return [g.conv(x, weight, bias, { ...window, groups }), ref.conv(numbers, w, b, groups, window)];
  },
  averagePool: (draw) => {
    const kernel = draw.integer(1, 3);
    const window = { kernel, stride: draw.integer(1, 3), padding: draw.integer(0, Math.floor(kernel / 2)) };
    const [x, numbers] = draw.input([draw.integer(1, 2), draw.integer(1, 3), draw.integer(3, 7), draw.integer(3, 7)], { named: true });
    return [g.averagePool(x, window), ref.averagePool(numbers, window)];
  },
  attention: (draw) => {
    const [n, length, heads, size] = [draw.integer(1, 2), draw.integer(1, 4), draw.integer(1, 3), draw.integer(1, 3)];
    const [qkv, numbers] = draw.input([n, length, 3 * heads * size], { named: true });
    const part = (which: number): ref.Reference =>
      ref.build([n, heads, length, size], ([image, head, row, i]) => ref.at(numbers, [image!, row!, (which * heads + head!) * size + i!]));
    const masked = draw.integer(0, 1) === 1;
    const mask = causal(length) as Tensor<'float32'>;
    const scores = ref.map(ref.matmul(part(0), ref.swap(part(1))), (score) => score / Math.sqrt(size));
    const mixed = ref.matmul(ref.softmax(masked ? ref.binary(scores, mask, (a, b) => a + b) : scores), part(2));
    const y = ref.build([n, length, heads * size], ([image, row, i]) => ref.at(mixed, [image!, Math.floor(i! / size), row!, i! % size]));
    return [masked ? g.attention(qkv, heads, draw.graph.constant(mask)) : g.attention(qkv, heads), y];
  },
};

it.each(Object.keys(operators))('%s agrees with plain loops on random shapes', async (name) => {
  const draw = new Draw();
  const pairs = Array.from({ length: 12 }, () => operators[name]!(draw));
  pairs.forEach(([value], i) => draw.graph.output(`y${i}`, value));
  const found = await evaluate(draw.graph, draw.feeds);
  pairs.forEach(([value, expected], i) => {
    const { shape, data } = found[`y${i}`]!;
    expect(shape).toEqual(expected.shape);
    expect(draw.resolve(value.shape)).toEqual(expected.shape);
    data.forEach((number, at) =>
      expect(Math.abs(number - expected.data[at]!)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(expected.data[at]!))),
    );
  });
});

it('tests every operator', () => {
  const others = ['accumulatedStep', 'adamW', 'addAccumulation', 'addTrainingStep', 'clipGradients', 'conv2d', 'cosineSchedule'];
  const sampling = ['abs', 'clamp', 'equal', 'gatherElements', 'gatherND', 'greater', 'gridSample', 'less', 'logicalAnd', 'logicalNot'];
  const choosing = ['logicalOr', 'maximum', 'relu', 'resize', 'scatterElements', 'scatterND', 'silu', 'softplus', 'split', 'topK', 'where'];
  const untested = [
    ...others,
    ...sampling,
    ...choosing, // sampling.test.ts
    'roiAlign',
    'roiWeights',
    'gradients',
    'layerNorm',
    'layerNorm2d',
    'linear',
    'product',
    'quotient',
    'toOnnx',
    'Graph',
    'Parameters',
    'Params',
  ];
  expect(Object.keys(g).filter((name) => !(name in operators) && !untested.includes(name))).toEqual([]);
});
