import { type Tensor, tensor, throwIfAborted, toFloat32, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { type WindowGrid, type WindowPosition, windowPositions } from './grid.ts';
import { collectRows, type MapRows, Stitcher } from './stitcher.ts';

/** What to run over the windows of a picture. */
export interface SlideOptions extends WorkOptions {
  readonly grid: WindowGrid;
  /** Windows per run. The batch always has this size; the last one is filled up with zeros, so a session with fixed shapes can be used. */
  readonly batchSize: number;
  /** Writes the pixels of one window, [3, window, window] normalized, into `target`. */
  readonly crop: (position: WindowPosition, target: Float32Array) => void;
  /** The network: [batchSize, 3, window, window] in, named maps [batchSize, C, h, w] out, where h = w divides the window. */
  readonly run: (batch: Tensor<'float32'>) => Promise<Readonly<Record<string, Tensor>>>;
  /** Maps to be taken row by row while the work goes on, by output name. The others are collected. */
  readonly onRows?: Readonly<Record<string, (rows: MapRows) => void>>;
}

/**
 * Runs a network over the windows of a picture and stitches each of its outputs. Memory: the collected maps, one batch, and for each output
 * as many rows as a window is high.
 *
 * @returns the collected maps, [1, C, H, W] each.
 * @throws VitaminError `ABORTED` between two batches; `USAGE` when an output is not a square map per window.
 * @example
 * ```ts
 * import { cropFrom, slideWindows, windowGrid } from '@vitamin-vlm/backbone';
 * import { tensor } from '@vitamin-vlm/core';
 * const pixels = tensor('float32', [1, 3, 96, 112]);
 * const maps = await slideWindows({
 *   grid: windowGrid(96, 112, 64, 24),
 *   batchSize: 4,
 *   crop: cropFrom(pixels, 64),
 *   run: async (batch) => ({ pixels: batch }), // a network without layers
 * });
 * console.log(maps['pixels']?.shape); // [ 1, 3, 96, 112 ]
 * ```
 */
export async function slideWindows(options: SlideOptions): Promise<Record<string, Tensor<'float32'>>> {
  const { grid, batchSize, crop, run, signal, onProgress } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1)
    throw new VitaminError('USAGE', `Expected a batch of 1 or more but received ${batchSize}`);
  const positions = windowPositions(grid);
  const pixels = 3 * grid.window * grid.window;
  const maps: Record<string, Tensor<'float32'>> = {};
  const stitchers = new Map<string, Stitcher>();
  for (let first = 0; first < positions.length; first += batchSize) {
    throwIfAborted(signal);
    const batch = tensor('float32', [batchSize, 3, grid.window, grid.window]);
    const part = positions.slice(first, first + batchSize);
    part.forEach((position, i) => crop(position, batch.data.subarray(i * pixels, (i + 1) * pixels)));
    for (const [name, output] of Object.entries(await run(batch))) {
      const [, channels = 0, side = 0] = checkMap(name, output, options);
      let stitcher = stitchers.get(name);
      if (!stitcher) {
        const stride = grid.window / side;
        const sink = options.onRows?.[name];
        const collected = sink ? undefined : collectRows(grid, channels, stride);
        if (collected) maps[name] = collected.map;
        stitcher = new Stitcher(grid, { channels, stride, onRows: sink ?? collected!.onRows });
        stitchers.set(name, stitcher);
      }
      const size = channels * side * side;
      const { data } = toFloat32(output);
      for (let i = 0; i < part.length; i++) stitcher.add(data.subarray(i * size, (i + 1) * size));
    }
    onProgress?.({ phase: 'run', done: first + part.length, total: positions.length });
  }
  for (const stitcher of stitchers.values()) stitcher.finish();
  return maps;
}

function checkMap(name: string, { shape }: Tensor, { grid, batchSize }: SlideOptions): readonly number[] {
  const [n, , height = 0, width] = shape;
  if (shape.length === 4 && n === batchSize && height === width && grid.window % height === 0) return shape;
  throw new VitaminError(
    'USAGE',
    `Expected "${name}" to be [${batchSize}, C, h, h] with h dividing ${grid.window} but received [${shape.join(', ')}]`,
  );
}

/**
 * A `crop` that cuts windows out of normalized pixels, [1, 3, H, W] or [3, H, W].
 *
 * @example
 * ```ts
 * import { cropFrom } from '@vitamin-vlm/backbone';
 * import { tensor } from '@vitamin-vlm/core';
 * const crop = cropFrom(tensor('float32', [1, 3, 96, 112]), 64);
 * crop({ index: 0, top: 0, left: 24 }, new Float32Array(3 * 64 * 64));
 * ```
 */
export function cropFrom(pixels: Tensor<'float32'>, window: number): (position: WindowPosition, target: Float32Array) => void {
  const [height = 0, width = 0] = pixels.shape.slice(-2);
  return ({ top, left }, target) => {
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < window; y++) {
        const from = (c * height + top + y) * width + left;
        target.set(pixels.data.subarray(from, from + window), (c * window + y) * window);
      }
    }
  };
}
