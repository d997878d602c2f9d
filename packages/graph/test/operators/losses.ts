import { tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import { type Draw, type Operator, type Pair, total } from './row.ts';

type Loss = (x: g.Value, targets: g.Value, reduction?: g.Reduction) => g.Value;

/** What becomes of single losses. */
function reduced({ shape, data }: ref.Reference, reduction: g.Reduction): ref.Reference {
  if (reduction === 'none') return { shape, data };
  const sum = total(Array.from(data));
  return { shape: [], data: [reduction === 'sum' ? sum : sum / data.length] };
}

/** A loss of numbers in [-3, 3) and targets in [0, 2), each way of reducing; values and gradients of PyTorch stand in `loss.test.ts`. */
const forward = (loss: Loss, single: (x: ref.Reference, targets: ref.Reference) => ref.Reference): Operator['forward'] =>
  (['mean', 'sum', 'none'] as const).map((reduction) => (draw: Draw): Pair => {
    const shape = draw.shape(1, 3);
    const [x, numbers] = draw.input(shape);
    const [targets, truths] = draw.input(shape, { shift: 1 });
    return [
      loss(g.mul(x, 3), targets, reduction),
      reduced(
        single(
          ref.map(numbers, (v) => 3 * v),
          truths,
        ),
        reduction,
      ),
    ];
  });

/** A loss of every element. */
const each =
  (f: (x: number, target: number) => number) =>
  (x: ref.Reference, targets: ref.Reference): ref.Reference =>
    ref.binary(x, targets, f);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** 1 - (2 Σ p·t + 1) / (Σ p + Σ t + 1) over the last axis. */
function dice(x: ref.Reference, targets: ref.Reference): ref.Reference {
  const rows = x.shape.slice(0, -1);
  return ref.build(rows, (index) => {
    const [p, t] = [ref.along(x, rows.length, [...index, 0]).map(sigmoid), ref.along(targets, rows.length, [...index, 0])];
    return 1 - (2 * total(p.map((value, i) => value * t[i]!)) + 1) / (total(p) + total(t) + 1);
  });
}

/** -w[t] log softmax(x)[t] of 4 classes. */
const entropy =
  (reduction: g.Reduction, weighted: boolean) =>
  (draw: Draw): Pair => {
    const [x, numbers] = draw.input([draw.integer(2, 6), 4]);
    const [weights, factors] = draw.input([4], { shift: 1.5 });
    const [chosen, ids] = draw.indices([numbers.shape[0]!], 4);
    const factor = (id: number): number => (weighted ? factors.data[id]! : 1);
    const rows = Array.from(ids.data, (id, row) => {
      const logits = ref.along(numbers, 1, [row, 0]);
      return factor(id) * (Math.log(total(logits.map(Math.exp))) - logits[id]!);
    });
    const sum = total(rows);
    const counted = total(Array.from(ids.data, factor));
    const loss = g.crossEntropy(x, chosen, { reduction, ...(weighted ? { classWeights: weights } : {}) });
    if (reduction === 'none') return [loss, { shape: [rows.length], data: rows }];
    return [loss, { shape: [], data: [reduction === 'sum' ? sum : sum / counted] }];
  };

const pair = [
  [2, 3],
  [2, 3],
] as const;
const namedPair = [
  ['N', 'P'],
  ['N', 'P'],
] as const;
const a = (draw: Draw): g.Value => draw.value([2, 3]);
const classes = (x: g.Value): g.Value => x.graph.constant(tensor('int64', [3], BigInt64Array.of(2n, 0n, 2n)));

export const losses: Record<string, Operator> = {
  crossEntropy: {
    forward: (['mean', 'sum', 'none'] as const).flatMap((reduction) => [entropy(reduction, false), entropy(reduction, true)]),
    gradients: [
      { shapes: [[3, 4]], build: (x) => g.crossEntropy(x, classes(x)) },
      {
        of: 'class weights',
        shapes: [[3, 4], [4]],
        build: (x, weights) => g.crossEntropy(x, classes(x), { classWeights: g.add(weights, 2) }),
      },
    ],
    named: [{ shapes: [['N', 'P', 4]], build: (x) => g.crossEntropy(x, g.argMax(x, 2)) }],
    mistakes: {
      'targets of another shape': [
        (draw) => g.crossEntropy(a(draw), draw.value([3], 'int64')),
        '[..., K] and int32 or int64 targets [...] but received [2, 3] and int64 [3]',
      ],
      'targets that are no classes': [(draw) => g.crossEntropy(a(draw), draw.value([2])), 'received [2, 3] and float32 [2]'],
      'weights of other classes': [
        (draw) => g.crossEntropy(a(draw), draw.value([2], 'int64'), { classWeights: draw.value([2]) }),
        'class weights [3] but received [2]',
      ],
    },
  },
  binaryCrossEntropy: {
    forward: forward(
      g.binaryCrossEntropy,
      each((x, t) => -t * Math.log(sigmoid(x)) - (1 - t) * Math.log(1 - sigmoid(x))),
    ),
    types: ['float32', 'float16'],
    gradients: [{ shapes: pair, build: (x, t) => g.binaryCrossEntropy(x, t) }],
    named: [{ shapes: namedPair, build: (x, t) => g.binaryCrossEntropy(x, t) }],
  },
  diceLoss: {
    forward: forward(g.diceLoss, dice),
    gradients: [{ shapes: pair, build: (x, t) => g.diceLoss(x, t) }],
    named: [{ shapes: namedPair, build: (x, t) => g.diceLoss(x, t, 'none') }],
    mistakes: {
      'masks of another size': [(draw) => g.diceLoss(a(draw), draw.value([4, 5])), 'targets [2, 3] for diceLoss but received [4, 5]'],
    },
  },
  l1Loss: {
    forward: forward(
      g.l1Loss,
      each((x, t) => Math.abs(x - t)),
    ),
    gradients: [{ shapes: pair, build: (x, t) => g.l1Loss(x, t) }],
    named: [{ shapes: namedPair, build: (x, t) => g.l1Loss(x, t) }],
  },
  smoothL1Loss: {
    forward: forward(
      (x, targets, reduction) => g.smoothL1Loss(x, targets, 0.8, reduction),
      each((x, t) => (Math.abs(x - t) < 0.8 ? (x - t) ** 2 / 1.6 : Math.abs(x - t) - 0.4)),
    ),
    gradients: [{ shapes: pair, build: (x, t) => g.smoothL1Loss(g.mul(x, 2), t, 0.8, 'none') }],
    named: [{ shapes: namedPair, build: (x, t) => g.smoothL1Loss(x, t, 0.8, 'sum') }],
    mistakes: { 'no width': [(draw) => g.smoothL1Loss(a(draw), a(draw), 0), 'positive beta but received 0'] },
  },
};
