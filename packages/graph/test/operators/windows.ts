import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import type { Operator } from './row.ts';

const conv = (stride: number, groups: number) => (x: g.Value, w: g.Value, b: g.Value) =>
  g.conv(x, w, b, { stride, padding: (w.shape[2] as number) >> 1, groups });

export const windows: Record<string, Operator> = {
  conv: {
    types: ['float32', 'float16'],
    forward: [
      (draw) => {
        const groups = draw.integer(1, 3);
        const window = { kernel: draw.integer(1, 3), stride: draw.integer(1, 3), padding: draw.integer(0, 2) };
        const [x, numbers] = draw.input([draw.integer(1, 2), groups * draw.integer(1, 2), draw.integer(3, 7), draw.integer(3, 7)], {
          named: true,
        });
        const [weight, w] = draw.input([groups * draw.integer(1, 2), numbers.shape[1]! / groups, window.kernel, window.kernel]);
        const [bias, b] = draw.input([w.shape[0]!]);
        return [g.conv(x, weight, bias, { ...window, groups }), ref.conv(numbers, w, b, groups, window)];
      },
    ],
    gradients: [
      { of: '1x1', shapes: [[2, 3, 4, 4], [5, 3, 1, 1], [5]], build: conv(1, 1) },
      { of: '3x3', shapes: [[2, 3, 4, 5], [2, 3, 3, 3], [2]], build: conv(1, 1) },
      { of: '3x3 stride 2, even side', shapes: [[1, 2, 6, 6], [3, 2, 3, 3], [3]], build: conv(2, 1) },
      { of: '3x3 stride 2, odd side', shapes: [[1, 2, 5, 7], [3, 2, 3, 3], [3]], build: conv(2, 1) },
      { of: '3x3 without padding', shapes: [[2, 3, 5, 4], [2, 3, 3, 3], [2]], build: (x, w, b) => g.conv(x, w, b) },
      {
        of: 'more padding than the kernel covers',
        shapes: [[1, 2, 3, 4], [2, 2, 1, 1], [2]],
        build: (x, w, b) => g.conv(x, w, b, { padding: 1 }),
      },
      { of: '1x1 stride 2', shapes: [[2, 3, 5, 4], [2, 3, 1, 1], [2]], build: conv(2, 1) },
      { of: '2x2 stride 2', shapes: [[2, 3, 4, 6], [2, 3, 2, 2], [2]], build: (x, w, b) => g.conv(x, w, b, { stride: 2 }) },
      { of: 'depthwise', shapes: [[2, 4, 5, 4], [4, 1, 3, 3], [4]], build: conv(1, 4) },
      { of: 'depthwise stride 2', shapes: [[2, 4, 6, 6], [4, 1, 3, 3], [4]], build: conv(2, 4) },
    ],
    mistakes: {
      'a picture of another rank': [(draw) => g.conv(draw.value([2, 3]), draw.value([1, 4, 3, 3]), null), '[2, 3]'],
      'another number of channels': [(draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([1, 3, 3, 3]), null), '[N, 3, H, W]'],
      'an oblong kernel': [(draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([1, 4, 3, 1]), null), '[1, 4, 3, 1]'],
      'filters that do not divide into groups': [
        (draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([3, 2, 3, 3]), null, { groups: 2 }),
        'divisible by 2',
      ],
      'a bias of another length': [
        (draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([2, 4, 3, 3]), draw.value([3])),
        'bias [2] but received [3]',
      ],
      'a window larger than the picture': [(draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([1, 4, 9, 9]), null), 'result of Conv'],
      'a stride of 0': [
        (draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([1, 4, 3, 3]), null, { stride: 0 }),
        'stride but received 0',
      ],
      'half a pixel of padding': [
        (draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([1, 4, 2, 2]), null, { padding: 0.5 }),
        'padding but received 0.5',
      ],
    },
  },
  averagePool: {
    types: ['float32', 'float16'],
    forward: [
      (draw) => {
        const kernel = draw.integer(1, 3);
        const window = { kernel, stride: draw.integer(1, 3), padding: draw.integer(0, Math.floor(kernel / 2)) };
        const [x, numbers] = draw.input([draw.integer(1, 2), draw.integer(1, 3), draw.integer(3, 7), draw.integer(3, 7)], { named: true });
        return [g.averagePool(x, window), ref.averagePool(numbers, window)];
      },
    ],
    gradients: [
      { of: 'even side', shapes: [[1, 2, 6, 6]], build: (x) => g.averagePool(x, { kernel: 3, stride: 2, padding: 1 }) },
      { of: 'odd side', shapes: [[1, 2, 5, 7]], build: (x) => g.averagePool(x, { kernel: 3, stride: 2, padding: 1 }) },
      { of: 'without padding', shapes: [[2, 3, 5, 4]], build: (x) => g.averagePool(x, { kernel: 2, stride: 2, padding: 0 }) },
    ],
    mistakes: {
      'padding alone': [
        (draw) => g.averagePool(draw.value(['N', 4, 6, 6]), { kernel: 2, stride: 2, padding: 2 }),
        'kernel of 2 but received 2',
      ],
      'a matrix': [(draw) => g.averagePool(draw.value([2, 3]), { kernel: 2, stride: 2, padding: 0 }), '[2, 3]'],
    },
  },
};
