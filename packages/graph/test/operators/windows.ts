import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import { type Draw, type Operator, total } from './row.ts';

/** A window of up to 3x3 with gaps of up to 1, which fits into 5x5. */
function windowOf(draw: Draw): ref.Window {
  const both = (from: number, to: number): [number, number] => [draw.integer(from, to), draw.integer(from, to)];
  return { kernel: both(1, 3), stride: both(1, 3), padding: both(0, 2), dilation: both(1, 2) };
}

/** A window with less padding than half of it. */
function poolOf(draw: Draw): ref.Window {
  const kernel = [draw.integer(1, 3), draw.integer(1, 3)] as const;
  const padding = [draw.integer(0, kernel[0] >> 1), draw.integer(0, kernel[1] >> 1)] as const;
  return { kernel, stride: [draw.integer(1, 3), draw.integer(1, 3)], padding, dilation: [1, 1] };
}

const conv = (stride: number, groups: number) => (x: g.Value, w: g.Value, b: g.Value) =>
  g.conv(x, w, b, { stride, padding: (w.shape[2] as number) >> 1, groups });

export const windows: Record<string, Operator> = {
  conv: {
    types: ['float32', 'float16'],
    forward: [
      (draw) => {
        const [groups, window] = [draw.integer(1, 3), windowOf(draw)];
        const [x, numbers] = draw.input([draw.integer(1, 2), groups * draw.integer(1, 2), draw.integer(5, 7), draw.integer(5, 7)], {
          named: true,
        });
        const [weight, w] = draw.input([groups * draw.integer(1, 2), numbers.shape[1]! / groups, ...window.kernel]);
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
      { of: 'two groups', shapes: [[2, 4, 4, 5], [6, 2, 3, 3], [6]], build: conv(1, 2) },
      { of: 'two groups, stride 2', shapes: [[2, 4, 6, 5], [6, 2, 3, 3], [6]], build: conv(2, 2) },
      { of: 'two groups, 1x1 stride 2, which leaves a row over', shapes: [[1, 4, 5, 6], [2, 2, 1, 1], [2]], build: conv(2, 2) },
      {
        of: 'two groups with more padding than the kernel covers',
        shapes: [[1, 4, 3, 4], [2, 2, 1, 1], [2]],
        build: (x, w, b) => g.conv(x, w, b, { padding: 1, groups: 2 }),
      },
      { of: 'two filters for every channel, stride 2', shapes: [[1, 3, 6, 5], [6, 1, 3, 3], [6]], build: conv(2, 3) },
      {
        of: 'oblong and dilated',
        shapes: [[1, 2, 7, 6], [3, 2, 3, 2], [3]],
        build: (x, w, b) => g.conv(x, w, b, { stride: [2, 1], padding: [2, 1], dilation: [2, 3] }),
      },
      {
        of: 'dilated groups at stride 1',
        shapes: [[1, 4, 7, 6], [4, 2, 3, 2], [4]],
        build: (x, w, b) => g.conv(x, w, b, { padding: [2, 1], dilation: [2, 1], groups: 2 }),
      },
    ],
    named: [
      { of: '3x3', shapes: [['N', 2, 'h*4', 'w*4'], [3, 2, 3, 3], [3]], build: conv(1, 1) },
      { of: '3x3 stride 2', shapes: [['N', 2, 'h*4', 'w*4'], [3, 2, 3, 3], [3]], build: conv(2, 1) },
      { of: '2x2 stride 2', shapes: [['N', 2, 'h*4', 'w*4'], [3, 2, 2, 2], [3]], build: (x, w, b) => g.conv(x, w, b, { stride: 2 }) },
      { of: 'depthwise stride 2', shapes: [['N', 4, 'h*4', 'w*4'], [4, 1, 3, 3], [4]], build: conv(2, 4) },
      { of: 'two groups', shapes: [['N', 4, 'h*4', 'w*4'], [4, 2, 3, 3], [4]], build: conv(1, 2) },
      { of: 'two groups, stride 2', shapes: [['N', 4, 'h*4', 'w*4'], [4, 2, 3, 3], [4]], build: conv(2, 2) },
    ],
    mistakes: {
      'a picture of another rank': [(draw) => g.conv(draw.value([2, 3]), draw.value([1, 4, 3, 3]), null), '[2, 3]'],
      'another number of channels': [(draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([1, 3, 3, 3]), null), '[N, 3, H, W]'],
      'a kernel of one axis': [(draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([1, 4, 3]), null), '[1, 4, 3]'],
      'three strides': [
        (draw) => g.conv(draw.value(['N', 4, 6, 6]), draw.value([1, 4, 3, 3]), null, { stride: [1, 1, 1] as never }),
        'the stride but received [1, 1, 1]',
      ],
      'a named side that the stride does not divide': [
        (draw) => g.conv(draw.value(['N', 4, 'h', 6]), draw.value([1, 4, 2, 2]), null, { stride: 2 }),
        'named extent "h" but received windows of 2 with stride 2',
      ],
      'a named side that shrinks': [
        (draw) => g.conv(draw.value(['N', 4, 'h*4', 6]), draw.value([1, 4, 3, 3]), null),
        'named extent "h*4" but received windows of 3',
      ],
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
  convTranspose: {
    types: ['float32', 'float16'],
    forward: [
      (draw) => {
        const [groups, window] = [draw.integer(1, 3), windowOf(draw)];
        const more = window.stride.map((stride) => draw.integer(0, stride - 1)) as [number, number];
        const [x, numbers] = draw.input([draw.integer(1, 2), groups * draw.integer(1, 2), draw.integer(5, 6), draw.integer(5, 6)], {
          named: true,
        });
        const [weight, w] = draw.input([numbers.shape[1]!, draw.integer(1, 2), ...window.kernel]);
        const [bias, b] = draw.input([w.shape[1]! * groups]);
        return [
          g.convTranspose(x, weight, bias, { ...window, groups, outputPadding: more }),
          ref.convTranspose(numbers, w, b, groups, window, more),
        ];
      },
    ],
    gradients: [
      { of: '2x2 stride 2', shapes: [[2, 3, 3, 4], [3, 2, 2, 2], [2]], build: (x, w, b) => g.convTranspose(x, w, b, { stride: 2 }) },
      {
        of: 'padding, dilation and output padding',
        shapes: [[1, 2, 4, 3], [2, 3, 3, 2], [3]],
        build: (x, w, b) => g.convTranspose(x, w, b, { stride: [2, 3], padding: 1, dilation: [1, 2], outputPadding: [1, 2] }),
      },
      {
        of: 'depthwise',
        shapes: [[1, 3, 4, 3], [3, 1, 2, 2], [3]],
        build: (x, w, b) => g.convTranspose(x, w, b, { stride: 2, groups: 3 }),
      },
      {
        of: 'two groups',
        shapes: [[1, 4, 4, 3], [4, 3, 3, 3], [6]],
        build: (x, w, b) => g.convTranspose(x, w, b, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
      },
      {
        of: 'two groups and rows to cut off',
        shapes: [[1, 4, 4, 3], [4, 1, 1, 2], [2]],
        build: (x, w, b) => g.convTranspose(x, w, b, { stride: 2, padding: [1, 0], groups: 2 }),
      },
    ],
    named: [
      {
        of: '2x2 stride 2',
        shapes: [['N', 2, 'h', 'w*2'], [2, 3, 2, 2], [3]],
        build: (x, w, b) => g.convTranspose(x, w, b, { stride: 2 }),
      },
      {
        of: 'two groups',
        shapes: [['N', 4, 'h', 'w*2'], [4, 2, 3, 3], [4]],
        build: (x, w, b) => g.convTranspose(x, w, b, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
      },
    ],
    mistakes: {
      'another number of channels': [
        (draw) => g.convTranspose(draw.value(['N', 4, 6, 6]), draw.value([3, 1, 2, 2]), null),
        '[N, 3, H, W] for weight [3, 1, 2, 2]',
      ],
      'output padding of a whole stride': [
        (draw) => g.convTranspose(draw.value(['N', 4, 6, 6]), draw.value([4, 1, 2, 2]), null, { stride: 2, outputPadding: 2 }),
        'below the stride but received',
      ],
      'a named side that does not grow by the stride': [
        (draw) => g.convTranspose(draw.value(['N', 4, 'h', 6]), draw.value([4, 1, 3, 3]), null, { stride: 2 }),
        '"h" but found h*2 + 1',
      ],
    },
  },
  averagePool: {
    types: ['float32', 'float16'],
    forward: [
      (draw) => {
        const window = poolOf(draw);
        const [x, numbers] = draw.input([draw.integer(1, 2), draw.integer(1, 3), draw.integer(3, 7), draw.integer(3, 7)], { named: true });
        return [g.averagePool(x, window), ref.pool(numbers, window, (values) => total(values) / values.length)];
      },
    ],
    gradients: [
      { of: 'even side', shapes: [[1, 2, 6, 6]], build: (x) => g.averagePool(x, { kernel: 3, stride: 2, padding: 1 }) },
      { of: 'odd side', shapes: [[1, 2, 5, 7]], build: (x) => g.averagePool(x, { kernel: 3, stride: 2, padding: 1 }) },
      { of: 'without padding', shapes: [[2, 3, 5, 4]], build: (x) => g.averagePool(x, { kernel: 2, stride: 2 }) },
      { of: 'oblong', shapes: [[1, 2, 6, 7]], build: (x) => g.averagePool(x, { kernel: [3, 2], stride: [1, 2], padding: [1, 0] }) },
    ],
    named: [
      { of: 'with padding', shapes: [['N', 2, 'h*2', 'w*2']], build: (x) => g.averagePool(x, { kernel: 3, stride: 2, padding: 1 }) },
      { of: 'without padding', shapes: [['N', 2, 'h*2', 'w*2']], build: (x) => g.averagePool(x, { kernel: 2, stride: 2 }) },
    ],
    mistakes: {
      'padding alone': [
        (draw) => g.averagePool(draw.value(['N', 4, 6, 6]), { kernel: 2, stride: 2, padding: 2 }),
        'kernel of 2 but received 2',
      ],
      'a matrix': [(draw) => g.averagePool(draw.value([2, 3]), { kernel: 2, stride: 2 }), '[2, 3]'],
    },
  },
  maxPool: {
    forward: [
      (draw) => {
        const window = poolOf(draw);
        const [x, numbers] = draw.input([draw.integer(1, 2), draw.integer(1, 3), draw.integer(3, 7), draw.integer(3, 7)], { named: true });
        return [g.maxPool(x, window), ref.pool(numbers, window, (values) => Math.max(...values))];
      },
    ],
    gradients: [
      { of: '2x2 stride 2', shapes: [[1, 2, 4, 6]], build: (x) => g.maxPool(x, { kernel: 2, stride: 2 }) },
      { of: '3x3 stride 2', shapes: [[1, 2, 6, 5]], build: (x) => g.maxPool(x, { kernel: 3, stride: 2, padding: 1 }) },
      { of: 'overlapping', shapes: [[1, 2, 4, 5]], build: (x) => g.maxPool(x, { kernel: 3, stride: 1, padding: 1 }) },
      { of: 'rows left over', shapes: [[1, 2, 6, 8]], build: (x) => g.maxPool(x, { kernel: [1, 2], stride: [4, 3] }) },
    ],
    named: [
      { of: 'with padding', shapes: [['N', 2, 'h*2', 'w*2']], build: (x) => g.maxPool(x, { kernel: 3, stride: 2, padding: 1 }) },
      { of: 'without padding', shapes: [['N', 2, 'h*2', 'w*2']], build: (x) => g.maxPool(x, { kernel: 2, stride: 2 }) },
    ],
    mistakes: {
      'padding alone': [
        (draw) => g.maxPool(draw.value(['N', 4, 6, 6]), { kernel: 2, stride: 2, padding: [0, 2] }),
        'kernel of 2 but received 2',
      ],
      'a window larger than the picture': [(draw) => g.maxPool(draw.value(['N', 4, 6, 6]), { kernel: 7, stride: 1 }), 'result of MaxPool'],
    },
  },
};
