import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';

/** What `roiWeights` takes: the boxes of `roiAlign` with its options, as plain numbers. */
export interface RoiWeightsOptions {
  /** x1, y1, x2, y2 of every box, one after the other. */
  readonly boxes: ArrayLike<number>;
  /** The picture of every box; -1 for a box that the map has no part in, such as one of another pyramid level: its weights are 0. */
  readonly images: ArrayLike<number>;
  /** [N, H, W] of the maps. */
  readonly maps: readonly [number, number, number];
  /** Bins, [rows, columns]. */
  readonly size: readonly [number, number];
  readonly scale: number;
  readonly sampling?: number;
}

/** A box that reaches over more pixels than this on one side has no weights: it lies on no map. */
const MOST_PIXELS = 2 ** 16;

/**
 * The weights with which `roiAlign` adds up pixels, so that a region is rows · map · columnsᵀ: rows [R, rows, N·H], which point into the box's
 * own picture, and columns [R, columns, W]. Arithmetic in float32, as the operator has it.
 *
 * @throws VitaminError `USAGE` for another number of boxes than images, images that are not there, and boxes that are not finite or huge.
 * @example
 * ```ts
 * import { roiWeights } from '@vitamin-vlm/graph';
 * const boxes = [16, 0, 80, 64];
 * const { rows, columns } = roiWeights({ boxes, images: [0], maps: [1, 8, 8], size: [2, 2], scale: 1 / 16 });
 * console.log(rows.shape, columns.shape); // [1, 2, 8] [1, 2, 8]
 * ```
 */
export function roiWeights({ boxes, images, maps, size, scale, sampling = 0 }: RoiWeightsOptions): {
  readonly rows: Tensor<'float32'>;
  readonly columns: Tensor<'float32'>;
} {
  const [n, height, width] = maps;
  const count = images.length;
  if (boxes.length !== 4 * count) {
    throw new VitaminError('USAGE', `Expected four numbers for each of ${count} boxes but received ${boxes.length}`);
  }
  const rows = tensor('float32', [count, size[0], n * height]);
  const columns = tensor('float32', [count, size[1], width]);
  for (let r = 0; r < count; r++) {
    const image = images[r]!;
    if (!Number.isInteger(image) || image < -1 || image >= n) {
      throw new VitaminError('USAGE', `Expected the index of one of ${n} pictures, or -1, for box ${r} but received ${image}`);
    }
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => Math.fround(Math.fround(boxes[4 * r + i]!) * Math.fround(scale)) - 0.5) as [
      number,
      number,
      number,
      number,
    ];
    if (!(Math.abs(x2 - x1) <= MOST_PIXELS && Math.abs(y2 - y1) <= MOST_PIXELS)) {
      throw new VitaminError('USAGE', `Expected a box of at most ${MOST_PIXELS} pixels for box ${r} but received ${x2 - x1} x ${y2 - y1}`);
    }
    if (image < 0) continue;
    addAxis(
      rows.data,
      { at: r * size[0] * n * height + image * height, line: n * height, bins: size[0], extent: height, sampling },
      y1,
      y2,
    );
    addAxis(columns.data, { at: r * size[1] * width, line: width, bins: size[1], extent: width, sampling }, x1, x2);
  }
  return { rows, columns };
}

interface Axis {
  /** Where the weights of the first bin begin, and how far those of the next one are. */
  readonly at: number;
  readonly line: number;
  readonly bins: number;
  readonly extent: number;
  readonly sampling: number;
}

/** Adds the share of every pixel in the mean over each bin's samples, for a box from `start` to `end` in pixels. */
function addAxis(out: Float32Array, { at, line, bins, extent, sampling }: Axis, start: number, end: number): void {
  const f = Math.fround;
  const first = f(start);
  const length = f(f(end) - first);
  const bin = f(length / bins);
  const samples = sampling > 0 ? sampling : Math.ceil(bin);
  for (let p = 0; p < bins; p++) {
    for (let k = 0; k < samples; k++) {
      const place = f(f(first + f(p * bin)) + f(f((k + 0.5) * bin) / samples));
      if (place < -1 || place > extent) continue;
      const inside = Math.max(place, 0);
      const low = Math.min(Math.floor(inside), extent - 1);
      const share = low === extent - 1 ? 0 : inside - low;
      out[at + p * line + low]! += (1 - share) / samples;
      if (share > 0) out[at + p * line + low + 1]! += share / samples;
    }
  }
}
