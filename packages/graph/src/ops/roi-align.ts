import { VitaminError } from '@vitamin-vlm/core';
import { expectInteger, expectTypes, floats } from '../expect.ts';
import type { Value } from '../graph.ts';
import { type Dim, formatShape, product, sameShape, staticShape } from '../shape.ts';
import { reshape, transpose } from './layout.ts';
import { gemm, matmul } from './matmul.ts';
import { concat } from './concat.ts';
import { slice } from './slice.ts';

/** How `roiAlign` reads a map. */
export interface RoiAlignOptions {
  /** Bins of every region, [rows, columns]. */
  readonly size: readonly [number, number];
  /** Pixels of the map per unit of the boxes: 1/stride. */
  readonly scale: number;
  /** Samples per bin and axis. Default 0: as many as the bin is pixels wide, rounded up. */
  readonly sampling?: number;
  /** What `roiWeights` gives for the same boxes, rows [R, rows, N·H] and columns [R, columns, W]: the gradient needs it, nothing else does. */
  readonly weights?: { readonly rows: Value; readonly columns: Value };
}

/**
 * Regions of maps in a fixed number of bins (He et al., arXiv:1703.06870, in the aligned form of detectron2 and mmcv): x [N, C, H, W], boxes [R, 4]
 * as x1, y1, x2, y2, images int64 [R] -> [R, C, rows, columns]. A pixel's center lies at 0.5, each bin is the mean of bilinear samples, a
 * sample more than one pixel outside counts as 0, a box without area gives 0.
 *
 * The gradient goes to x, not to the boxes, as in the originals. A region is rows · map · columnsᵀ with weights that follow from the boxes, so
 * the gradient is two matrix products with them. A training step knows its boxes before it runs: it feeds `roiWeights(...)` as inputs.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit; `UNSUPPORTED` for a gradient without weights.
 * @example
 * ```ts
 * import { Graph, roiAlign } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', [1, 256, 56, 56]);
 * const boxes = graph.input('boxes', 'float32', ['R', 4]);
 * const images = graph.input('images', 'int64', ['R']);
 * graph.output('regions', roiAlign(x, boxes, images, { size: [7, 7], scale: 1 / 16 })); // [R, 256, 7, 7]
 * ```
 */
export function roiAlign(x: Value, boxes: Value, images: Value, { size, scale, sampling = 0, weights }: RoiAlignOptions): Value {
  expectTypes('RoiAlign', floats, x, boxes);
  for (const bins of size) expectInteger('a number of bins', bins, 1);
  expectInteger('the samples of a bin', sampling, 0);
  const [n, c, h, w] = x.shape;
  const count = boxes.shape[0];
  if (
    x.shape.length !== 4 ||
    boxes.shape.length !== 2 ||
    boxes.shape[1] !== 4 ||
    !sameShape(images.shape, [count!]) ||
    images.dtype !== 'int64'
  ) {
    throw new VitaminError(
      'USAGE',
      `Expected x [N, C, H, W], boxes [R, 4] and images int64 [R] but received ${[x, boxes, images].map((value) => formatShape(value.shape)).join(', ')} ${images.dtype}`,
    );
  }
  if (!(scale > 0)) throw new VitaminError('USAGE', `Expected a positive scale but received ${scale}`);
  const [rows, columns] = [
    [count!, size[0], product([n!, h!])],
    [count!, size[1], w!],
  ] as const;
  if (weights && !(sameShape(weights.rows.shape, rows) && sameShape(weights.columns.shape, columns))) {
    throw new VitaminError(
      'USAGE',
      `Expected weights ${formatShape(rows)} and ${formatShape(columns)} but received ${formatShape(weights.rows.shape)} and ${formatShape(weights.columns.shape)}`,
    );
  }
  return x.graph.node({
    op: 'RoiAlign',
    inputs: [x, boxes, images],
    attributes: {
      coordinate_transformation_mode: 'half_pixel',
      mode: 'avg',
      output_height: size[0],
      output_width: size[1],
      sampling_ratio: sampling,
      spatial_scale: { float: scale },
    },
    dtype: x.dtype,
    shape: [count!, c!, ...size],
    gradient: [(dy) => mapGradient(dy, x, weights), 'stop', 'stop'],
  });
}

/** Largest intermediate result of the gradient, in elements: 64 MiB. Channels are taken in parts that keep to it. */
const PART_ELEMENTS = 2 ** 24;
/** Boxes that a named number of them is taken for when the parts are cut: what detectors sample from a picture. */
const USUAL_BOXES = 512;

/** dx[n, c, y, x] = Σ over boxes and bins of rows[r, p, (n, y)] · dy[r, c, p, q] · columns[r, q, x]. */
function mapGradient(dy: Value, x: Value, weights: RoiAlignOptions['weights']): Value {
  if (!weights) {
    throw new VitaminError('UNSUPPORTED', 'Expected weights for the gradient of roiAlign but received none', {
      hint: 'Pass what roiWeights gives for the same boxes as `weights`, through inputs of the graph.',
    });
  }
  const [n, c, h, w] = staticShape(x.shape, 'the gradient of roiAlign') as [number, number, number, number];
  const [count, , p, q] = dy.shape as [Dim, number, number, number];
  const rows = reshape(weights.rows, [product([count, p]), n * h]); // [R·p, N·H]
  const perChannel = (typeof count === 'number' ? count : USUAL_BOXES) * p * w;
  const step = Math.min(c, Math.max(1, Math.floor(PART_ELEMENTS / perChannel)));
  const parts = Array.from({ length: Math.ceil(c / step) }, (_, i) => {
    const channels = Math.min(step, c - i * step);
    const part = slice(dy, { axis: 1, start: i * step, end: i * step + channels });
    const lines = reshape(transpose(part, [0, 2, 1, 3]), [count, p * channels, q]);
    const spread = reshape(matmul(lines, weights.columns), [product([count, p]), channels * w]); // [R·p, c·W]
    return reshape(gemm(rows, spread, null, { transA: true }), [n, h, channels, w]);
  });
  return transpose(concat(parts, 2), [0, 2, 1, 3]);
}
