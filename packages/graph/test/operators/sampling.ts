import { tensor } from '@vitamin-vlm/core';
import * as g from '../../src/index.ts';
import type { Draw, Operator } from './row.ts';

/** Points (x, y) in the middle of four pixels of 5 columns and 4 rows: inside, across each border, in two corners and outside. */
const between = Float32Array.of(-1, 0, 0.2, -0.5, 1, 0.5, -0.6, -1, 0.2, 1, 1.4, 0, -1, -1, 1, 1, -0.2, 0, 0.6, 0.5, 0.2, 1.5, -0.6, 0);

/** Forward values of these operators stand in `sampling.test.ts`. */
const forward = 'sampling.test.ts';
const a = (draw: Draw): g.Value => draw.value([2, 3]);
const whole = (draw: Draw): g.Value => draw.value([2, 3], 'int64');
const picture = (draw: Draw): g.Value => draw.value(['N', 4, 6, 6]);

export const sampling: Record<string, Operator> = {
  resize: {
    forward,
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
    forward,
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
