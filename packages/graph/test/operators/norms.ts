import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import { type Draw, type Operator, total } from './row.ts';

/** Mean and biased variance of all elements whose index is chosen. */
function moments(x: ref.Reference, chosen: (index: ref.Index) => boolean): [mean: number, variance: number, count: number] {
  const values: number[] = [];
  ref.build(x.shape, (index) => (chosen(index) ? values.push(ref.at(x, index)) : 0));
  const mean = total(values) / values.length;
  return [mean, total(values.map((value) => (value - mean) ** 2)) / values.length, values.length];
}

const picture = (draw: Draw, channels: number): ReturnType<Draw['input']> =>
  draw.input([draw.integer(1, 3), channels, draw.integer(2, 4), draw.integer(1, 4)], { named: true });

const training = (x: g.Value, s: g.Value, b: g.Value, mean: g.Value, variance: g.Value): g.BatchNormalized =>
  g.batchNormalizationTraining(x, s, b, { mean, variance }, { eps: 1e-3, momentum: 0.1 });

export const norms: Record<string, Operator> = {
  batchNormalization: {
    forward: [
      (draw) => {
        const [x, numbers] = picture(draw, 3);
        const [scale, s] = draw.input([3]);
        const [bias, b] = draw.input([3]);
        const [mean, m] = draw.input([3]);
        const [variance, v] = draw.input([3], { shift: 1.5 });
        const y = ref.build(numbers.shape, (index) => {
          const c = index[1]!;
          return ((ref.at(numbers, index) - m.data[c]!) / Math.sqrt(v.data[c]! + 1e-3)) * s.data[c]! + b.data[c]!;
        });
        return [g.batchNormalization(x, scale, bias, { mean, variance }, 1e-3), y];
      },
    ],
    gradients: [
      {
        shapes: [[2, 3, 2, 2], [3], [3], [3], [3]],
        build: (x, s, b, mean, v) => g.batchNormalization(x, s, b, { mean, variance: g.exp(v) }, 1e-3),
      },
    ],
    named: [
      {
        shapes: [['N', 3, 'h', 'w'], [3], [3], [3], [3]],
        build: (x, s, b, mean, v) => g.batchNormalization(x, s, b, { mean, variance: g.exp(v) }, 1e-3),
      },
    ],
    mistakes: {
      'statistics of other channels': [
        (draw) => {
          const [three, four] = [draw.value([3]), draw.value([4])];
          g.batchNormalization(draw.value(['N', 3, 2, 2]), three, three, { mean: three, variance: four }, 1e-5);
        },
        '[N, 3, 2, 2], [3], [3], [3], [4]',
      ],
    },
  },
  batchNormalizationTraining: {
    forward: [
      (draw) => {
        const [x, numbers] = picture(draw, 3);
        const [scale, s] = draw.input([3]);
        const [bias, b] = draw.input([3]);
        const y = ref.build(numbers.shape, (index) => {
          const [mean, variance] = moments(numbers, (other) => other[1] === index[1]);
          const c = index[1]!;
          return ((ref.at(numbers, index) - mean) / Math.sqrt(variance + 1e-3)) * s.data[c]! + b.data[c]!;
        });
        return [training(x, scale, bias, scale, bias).y, y];
      },
      (draw) => {
        const [x, numbers] = picture(draw, 2);
        const [running, r] = draw.input([2]);
        const y = ref.build([2], ([c]) => 0.9 * r.data[c!]! + 0.1 * moments(numbers, (index) => index[1] === c)[0]);
        return [training(x, running, running, running, running).mean, y];
      },
      (draw) => {
        const [x, numbers] = picture(draw, 2);
        const [running, r] = draw.input([2]);
        const y = ref.build([2], ([c]) => {
          const [, variance, count] = moments(numbers, (index) => index[1] === c);
          return 0.9 * r.data[c!]! + (0.1 * variance * count) / (count - 1);
        });
        return [training(x, running, running, running, running).variance, y];
      },
    ],
    gradients: [{ shapes: [[2, 3, 2, 2], [3], [3]], build: (x, s, b) => training(x, s, b, s, b).y }],
    named: [{ shapes: [['N', 3, 'h*2', 'w'], [3], [3]], build: (x, s, b) => training(x, s, b, s, b).y }],
    mistakes: {
      'one element of every channel': [
        (draw) => {
          const c = draw.value([3]);
          training(draw.value([1, 3, 1, 1]), c, c, c, c);
        },
        '[1, 3, 1, 1]',
      ],
    },
  },
  groupNormalization: {
    types: ['float32', 'float16'],
    forward: [
      (draw) => {
        const groups = draw.integer(1, 3);
        const size = draw.integer(1, 2);
        const [x, numbers] = picture(draw, groups * size);
        const [scale, s] = draw.input([groups * size]);
        const [bias, b] = draw.input([groups * size]);
        const y = ref.build(numbers.shape, (index) => {
          const c = index[1]!;
          const first = c - (c % size);
          const [mean, variance] = moments(numbers, ([n, other]) => n === index[0] && other! >= first && other! < first + size);
          return ((ref.at(numbers, index) - mean) / Math.sqrt(variance + 1e-3)) * s.data[c]! + b.data[c]!;
        });
        return [g.groupNormalization(x, groups, scale, bias, 1e-3), y];
      },
    ],
    gradients: [{ shapes: [[2, 4, 3, 2], [4], [4]], build: (x, s, b) => g.groupNormalization(x, 2, s, b, 1e-3) }],
    named: [{ shapes: [['N', 4, 'h*2', 'w'], [4], [4]], build: (x, s, b) => g.groupNormalization(x, 2, s, b, 1e-3) }],
    mistakes: {
      'groups that do not divide': [
        (draw) => g.groupNormalization(draw.value(['N', 4, 2, 2]), 3, draw.value([4]), draw.value([4]), 1e-5),
        'divisible by 3 groups',
      ],
    },
  },
};
