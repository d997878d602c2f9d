import { tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import * as ref from '../reference.ts';
import type { Draw, Operator, Pair } from './row.ts';

/** Points (x, y) in the middle of four pixels of 5 columns and 4 rows: inside, across each border, in two corners and outside. */
const between = Float32Array.of(-1, 0, 0.2, -0.5, 1, 0.5, -0.6, -1, 0.2, 1, 1.4, 0, -1, -1, 1, 1, -0.2, 0, 0.6, 0.5, 0.2, 1.5, -0.6, 0);

/** Output pixel -> the input pixels that it reads with their shares, as PyTorch's documentation of `interpolate` has it. */
function taps(d: number, from: number, to: number, mode: g.ResizeMode): [number, number][] {
  const scale = from / to;
  if (mode === 'nearest') return [[Math.floor(d * scale), 1]];
  if (mode === 'nearest-exact') return [[Math.floor((d + 0.5) * scale), 1]];
  const at = Math.max((d + 0.5) * scale - 0.5, 0);
  const low = Math.floor(at);
  return [
    [low, 1 - at + low],
    [Math.min(low + 1, from - 1), at - low],
  ];
}

const side = (draw: Draw): number => draw.integer(1, 25);

const resized =
  (mode: g.ResizeMode) =>
  (draw: Draw): Pair => {
    const [x, numbers] = draw.input([2, 3, side(draw), side(draw)], { named: true });
    const [, , height, width] = numbers.shape as [number, number, number, number];
    const to = [side(draw), side(draw)] as const;
    const expected = ref.build([2, 3, ...to], ([n, c, row, column]) =>
      taps(row!, height, to[0], mode).reduce((sum, [y, sy]) => {
        const across = taps(column!, width, to[1], mode).reduce((line, [k, sx]) => line + sx * ref.at(numbers, [n!, c!, y, k]), 0);
        return sum + sy * across;
      }, 0),
    );
    return [g.resize(x, [...to], mode), expected];
  };

/** Bilinear, with zeros outside; the outer pixels' edges are -1 and 1. */
function sampled(draw: Draw): Pair {
  const [x, numbers] = draw.input([2, 3, 4, 5]);
  const [near, points] = draw.input([2, draw.integer(1, 6), 4, 2]);
  const place = (index: ref.Index, axis: number): number => ((1.6 * ref.at(points, index.with(3, axis)) + 1) * [5, 4][axis]! - 1) / 2;
  const expected = ref.build([2, 3, points.shape[1]!, 4], ([n, c, row, column]) => {
    const [px, py] = [0, 1].map((axis) => place([n!, row!, column!, 0], axis)) as [number, number];
    const pixel = (y: number, k: number): number => (y < 0 || y > 3 || k < 0 || k > 4 ? 0 : ref.at(numbers, [n!, c!, y, k]));
    const [top, left] = [Math.floor(py), Math.floor(px)];
    const line = (y: number): number => pixel(y, left) * (1 - px + left) + pixel(y, left + 1) * (px - left);
    return line(top) * (1 - py + top) + line(top + 1) * (py - top);
  });
  return [g.gridSample(x, g.mul(near, 1.6)), expected];
}

const a = (draw: Draw): g.Value => draw.value([2, 3]);
const whole = (draw: Draw): g.Value => draw.value([2, 3], 'int64');
const picture = (draw: Draw): g.Value => draw.value(['N', 4, 6, 6]);

export const sampling: Record<string, Operator> = {
  resize: {
    forward: (['nearest', 'nearest-exact', 'bilinear'] as const).map(resized),
    types: ['float32', 'float16'],
    gradients: (['nearest', 'nearest-exact', 'bilinear'] as const).flatMap((mode) => [
      { of: `up, ${mode}`, shapes: [[2, 3, 3, 4]], build: (x: g.Value): g.Value => g.resize(x, [7, 8], mode) },
      { of: `down, ${mode}`, shapes: [[1, 2, 9, 7]], build: (x: g.Value): g.Value => g.resize(x, [5, 4], mode) },
      { of: `a row, ${mode}`, shapes: [[1, 2, 1, 5]], build: (x: g.Value): g.Value => g.resize(x, [3, 2], mode) },
    ]),
    named: (['nearest', 'nearest-exact', 'bilinear'] as const).flatMap((mode) => [
      { of: `to fixed sides, ${mode}`, shapes: [['N', 2, 'h*2', 'w*3']], build: (x: g.Value): g.Value => g.resize(x, [5, 4], mode) },
      {
        of: `to the sides of another map, ${mode}`,
        shapes: [
          ['N', 2, 'h', 5],
          ['N', 2, 'P', 'S*2'],
        ],
        build: (x: g.Value, y: g.Value): g.Value => g.mul(g.resize(x, [y.shape[2]!, y.shape[3]!], mode), y),
      },
    ]),
    mistakes: {
      'half a pixel': [(draw) => g.resize(picture(draw), [1.5, 2], 'nearest'), 'a size but received 1.5'],
      'a matrix': [(draw) => g.resize(a(draw), [2, 2], 'bilinear'), '[N, C, H, W] but received [2, 3]'],
    },
  },
  gridSample: {
    forward: [sampled],
    types: ['float32', 'float16'],
    gradients: [
      {
        shapes: [
          [2, 3, 4, 5],
          [2, 2, 3, 2],
        ],
        build: (x, grid) =>
          g.gridSample(x, g.add(g.cast(x.graph.constant(tensor('float32', [2, 2, 3, 2], between)), grid.dtype), g.mul(grid, 0.1))),
      },
      {
        of: 'one pixel',
        shapes: [
          [1, 2, 1, 1],
          [1, 3, 2, 2],
        ],
        build: (x, grid) => g.gridSample(x, g.mul(grid, 2)),
      },
    ],
    named: [
      {
        shapes: [
          ['N', 'h', 'h*2', 'w'],
          ['N', 'P', 3, 2],
        ],
        build: (x, grid) => g.gridSample(x, g.mul(grid, 1.3)),
      },
      {
        of: 'pictures of one size',
        shapes: [
          ['N', 2, 3, 4],
          ['N', 'P', 'S', 2],
        ],
        build: g.gridSample,
      },
    ],
    mistakes: {
      'a grid of other batches': [(draw) => g.gridSample(picture(draw), draw.value(['M', 2, 2, 2])), '[N, 4, 6, 6] and [M, 2, 2, 2]'],
    },
  },
  roiAlign: {
    forward: 'roi-align.test.ts',
    types: ['float32', 'float64', 'float16'],
    gradients: {
      excuse: 'it needs weights that are worked out from the boxes outside of the graph; roi-align.test.ts compares it with torchvision',
      call: {
        shapes: [
          [1, 2, 4, 4],
          [3, 4],
        ],
        build: (x, boxes) => g.roiAlign(x, boxes, x.graph.constant(tensor('int64', [3])), { size: [2, 2], scale: 1 }),
      },
    },
    mistakes: {
      matrices: [
        (draw) => g.roiAlign(a(draw), a(draw), whole(draw), { size: [7, 7], scale: 1 }),
        'boxes [R, 4] and images int64 [R] but received [2, 3], [2, 3], [2, 3]',
      ],
      'a gradient without weights': [
        (draw) => {
          const map = draw.value([1, 2, 8, 8]);
          const regions = g.roiAlign(map, draw.value([3, 4]), draw.value([3], 'int64'), { size: [2, 2], scale: 1 });
          g.gradients(g.reduceSum(regions, [0, 1, 2, 3]), [map]);
        },
        'weights for the gradient of roiAlign but received none',
      ],
      'a box of a picture that is not there': [
        () => g.roiWeights({ boxes: [0, 0, 1, 1], images: [1], maps: [1, 4, 4], size: [2, 2], scale: 1 }),
        'one of 1 pictures, or -1, for box 0 but received 1',
      ],
      'a box without end': [
        () => g.roiWeights({ boxes: [0, 0, Infinity, 1], images: [0], maps: [1, 4, 4], size: [2, 2], scale: 1 }),
        'received Infinity x 1',
      ],
    },
  },
};
