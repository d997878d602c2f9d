import { type Tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import { causal } from '../evaluate.ts';
import * as ref from '../reference.ts';
import { fitting, type Operator, total } from './row.ts';

export const products: Record<string, Operator> = {
  matmul: {
    forward: [
      (draw) => {
        const [left, right] = fitting(draw);
        const [m, k, n] = [draw.integer(1, 4), draw.integer(1, 4), draw.integer(1, 4)];
        const [a, x] = draw.input([...left, m, k]);
        const [b, y] = draw.input([...right, k, n]);
        return [g.matmul(a, b), ref.matmul(x, y)];
      },
    ],
    gradients: [
      {
        of: 'batches',
        shapes: [
          [2, 3, 4],
          [2, 4, 5],
        ],
        build: g.matmul,
      },
      {
        of: 'a shared right side',
        shapes: [
          [2, 3, 4],
          [4, 5],
        ],
        build: g.matmul,
      },
      {
        of: 'leading axes that broadcast both ways',
        shapes: [
          [2, 1, 3, 4],
          [3, 4, 2],
        ],
        build: g.matmul,
      },
    ],
    named: [
      {
        shapes: [
          ['N', 'P', 'S'],
          ['S', 'P'],
        ],
        build: g.matmul,
      },
    ],
    mistakes: {
      'mixed types': [(draw) => g.matmul(draw.value([2, 3]), draw.value([3, 2], 'float16')), 'float32 and float16'],
      'matrices that do not fit': [(draw) => g.matmul(draw.value([2, 3]), draw.value([4, 5])), '[2, 3] and [4, 5]'],
      vectors: [(draw) => g.matmul(draw.value([3]), draw.value([2, 3])), '[3] and [2, 3]'],
      'leading axes that do not fit': [(draw) => g.matmul(draw.value([2, 2, 3]), draw.value([3, 3, 2])), '[2] and [3]'],
    },
  },
  gemm: {
    forward: [
      (draw) => {
        const [m, k, n] = [draw.integer(1, 4), draw.integer(1, 4), draw.integer(1, 4)];
        const [transA, transB] = [draw.integer(0, 1) === 1, draw.integer(0, 1) === 1];
        const [a, x] = draw.input(transA ? [k, m] : [m, k]);
        const [b, y] = draw.input(transB ? [n, k] : [k, n]);
        const [c, z] = draw.input([n]);
        const product = ref.matmul(transA ? ref.swap(x) : x, transB ? ref.swap(y) : y);
        return [g.gemm(a, b, c, { transA, transB }), ref.binary(product, z, (p, q) => p + q)];
      },
    ],
    gradients: [
      { shapes: [[3, 4], [4, 2], [2]], build: (a, b, c) => g.gemm(a, b, c) },
      {
        of: 'both transposed',
        shapes: [
          [4, 3],
          [2, 4],
        ],
        build: (a, b) => g.gemm(a, b, null, { transA: true, transB: true }),
      },
    ],
    named: [{ shapes: [['N', 'P'], ['S', 'P'], ['S']], build: (a, b, c) => g.gemm(a, b, c, { transB: true }) }],
    mistakes: {
      batches: [(draw) => g.gemm(draw.value([2, 2, 3]), draw.value([2, 3])), '[2, 2, 3]'],
      'a matrix as addend': [
        (draw) => g.gemm(draw.value([2, 3]), draw.value([3, 4]), draw.value([2, 4])),
        'addend of shape [4] but received [2, 4]',
      ],
      'transposed matrices that do not fit': [
        (draw) => g.gemm(draw.value([2, 3]), draw.value([4, 5]), null, { transB: true }),
        "[2, 3] and [4, 5]'",
      ],
    },
  },
  affine: {
    forward: [
      (draw) => {
        const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
        const [weight, w] = draw.input([3, numbers.shape.at(-1)!]);
        const [bias, b] = draw.input([3]);
        return [g.affine(x, weight, bias), ref.binary(ref.matmul(numbers, ref.swap(w)), b, (p, q) => p + q)];
      },
    ],
    gradients: [{ shapes: [[2, 3, 4], [5, 4], [5]], build: g.affine }],
    named: [{ shapes: [['N', 'P', 4], [5, 4], [5]], build: g.affine }],
  },
  softmax: {
    forward: [
      (draw) => {
        const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
        return [g.softmax(x), ref.softmax(numbers)];
      },
    ],
    gradients: [{ shapes: [[2, 5]], build: g.softmax }],
    named: [{ shapes: [['N', 'P']], build: g.softmax }],
    mistakes: {
      'a scalar': [(draw) => g.softmax(draw.value([])), 'scalar'],
      'whole numbers': [(draw) => g.softmax(draw.value([2], 'int64')), 'int64'],
    },
  },
  logSoftmax: {
    forward: [
      (draw) => {
        const [x, numbers] = draw.input(draw.shape(2, 4), { named: true });
        return [g.logSoftmax(x), ref.map(ref.softmax(numbers), Math.log)];
      },
    ],
    gradients: [{ shapes: [[2, 5]], build: g.logSoftmax }],
    named: [{ shapes: [['N', 'P']], build: g.logSoftmax }],
  },
  layerNormalization: {
    forward: [
      (draw) => {
        const [x, numbers] = draw.input([...draw.shape(1, 3), draw.integer(2, 6)], { named: true });
        const width = numbers.shape.at(-1)!;
        const [scale, s] = draw.input([width]);
        const [bias, b] = draw.input([width]);
        const y = ref.build(numbers.shape, (index) => {
          const values = ref.along(numbers, numbers.shape.length - 1, index);
          const mean = total(values) / width;
          const variance = total(values.map((value) => (value - mean) ** 2)) / width;
          return ((ref.at(numbers, index) - mean) / Math.sqrt(variance + 1e-3)) * s.data[index.at(-1)!]! + b.data[index.at(-1)!]!;
        });
        return [g.layerNormalization(x, scale, bias, 1e-3), y];
      },
    ],
    gradients: [{ shapes: [[2, 3, 6], [6], [6]], build: (x, s, b) => g.layerNormalization(x, s, b, 1e-6) }],
    named: [{ shapes: [['N', 'h*4'], ['h*4'], ['h*4']], build: (x, s, b) => g.layerNormalization(x, s, b, 1e-5) }],
    mistakes: {
      'a scale of another width': [
        (draw) => g.layerNormalization(draw.value([2, 3]), draw.value([2]), draw.value([3]), 1e-6),
        '[2, 3], [2], [3]',
      ],
    },
  },
  l2Normalize: {
    forward: [
      (draw) => {
        const [x, numbers] = draw.input(draw.shape(2, 3), { named: true });
        const axis = draw.integer(0, numbers.shape.length - 1);
        const norm = ref.reduce(numbers, [axis], (values) => Math.sqrt(total(values.map((value) => value * value))));
        return [g.l2Normalize(x, axis), ref.binary(numbers, norm, (a, b) => a / b)];
      },
    ],
    gradients: [
      { shapes: [[3, 4]], build: (x) => g.l2Normalize(x) },
      { of: 'the first axis', shapes: [[3, 4]], build: (x) => g.l2Normalize(x, 0) },
    ],
    named: [{ shapes: [['N', 'h*2']], build: (x) => g.l2Normalize(x) }],
  },
  einsum: {
    forward: [
      (draw) => {
        const [b, q, c, h, w] = [draw.integer(1, 2), draw.integer(1, 3), draw.integer(1, 3), draw.integer(1, 3), draw.integer(1, 3)];
        const [x, queries] = draw.input([b, q, c]);
        const [y, pixels] = draw.input([b, c, h, w]);
        const scores = ref.build([b, q, h, w], ([n, i, row, column]) =>
          ref.sum(c, (k) => ref.at(queries, [n!, i!, k]) * ref.at(pixels, [n!, k, row!, column!])),
        );
        return [g.einsum('bqc,bchw->bqhw', x, y), scores];
      },
      (draw) => {
        const [x, numbers] = draw.input([draw.integer(1, 3), 2, 3], { named: true });
        return [
          g.einsum('abc->ca', x),
          ref.build([3, numbers.shape[0]!], ([column, row]) => ref.at(numbers, [row!, 0, column!]) + ref.at(numbers, [row!, 1, column!])),
        ];
      },
    ],
    gradients: [
      {
        shapes: [
          [2, 3, 4],
          [2, 4, 2, 3],
        ],
        build: (x, y) => g.einsum('bqc,bchw->bqhw', x, y),
      },
      { of: 'an axis summed alone', shapes: [[2, 3, 4], [4]], build: (x, y) => g.einsum('abc,c->ca', x, y) },
      { of: 'one operand', shapes: [[2, 3, 4]], build: (x) => g.einsum('abc->ca', x) },
    ],
    named: [
      {
        shapes: [
          ['N', 3, 'P'],
          ['N', 'P', 'h', 'w'],
        ],
        build: (x, y) => g.einsum('bqc,bchw->bqhw', x, y),
      },
    ],
    mistakes: {
      'no result': [(draw) => g.einsum('ij,jk', draw.value([2, 3]), draw.value([3, 2])), 'received "ij,jk"'],
      'axes that differ': [
        (draw) => g.einsum('ij,jk->ik', draw.value([2, 3]), draw.value([4, 2])),
        '"ij,jk->ik" but received [2, 3], [4, 2]',
      ],
      'an axis of no operand': [(draw) => g.einsum('ij->ik', draw.value([2, 3])), 'axis "k"'],
      'an axis twice': [(draw) => g.einsum('ii->i', draw.value([2, 2])), 'received "ii->i"'],
    },
  },
  attention: {
    forward: [
      (draw) => {
        const [n, length, heads, size] = [draw.integer(1, 2), draw.integer(1, 4), draw.integer(1, 3), draw.integer(1, 3)];
        const [qkv, numbers] = draw.input([n, length, 3 * heads * size], { named: true });
        const part = (which: number): ref.Reference =>
          ref.build([n, heads, length, size], ([image, head, row, i]) =>
            ref.at(numbers, [image!, row!, (which * heads + head!) * size + i!]),
          );
        const masked = draw.integer(0, 1) === 1;
        const mask = causal(length) as Tensor<'float32'>;
        const scores = ref.map(ref.matmul(part(0), ref.swap(part(1))), (score) => score / Math.sqrt(size));
        const mixed = ref.matmul(ref.softmax(masked ? ref.binary(scores, mask, (a, b) => a + b) : scores), part(2));
        const y = ref.build([n, length, heads * size], ([image, row, i]) =>
          ref.at(mixed, [image!, Math.floor(i! / size), row!, i! % size]),
        );
        return [masked ? g.attention(qkv, heads, draw.graph.constant(mask)) : g.attention(qkv, heads), y];
      },
    ],
    gradients: [
      { shapes: [[2, 4, 12]], build: (qkv) => g.attention(qkv, 2) },
      {
        of: 'under a causal mask',
        shapes: [[2, 4, 12]],
        build: (qkv) => g.attention(qkv, 2, g.cast(qkv.graph.constant(causal(4)), qkv.dtype)),
      },
    ],
    named: [{ shapes: [['N', 'P', 12]], build: (qkv) => g.attention(qkv, 2) }],
    mistakes: {
      'heads that do not divide': [(draw) => g.attention(draw.value(['N', 4, 12]), 3), '3 heads but received [N, 4, 12]'],
    },
  },
};
