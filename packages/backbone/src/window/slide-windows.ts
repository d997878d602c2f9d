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
 * Runs a network over the windows of a picture and stitches each of its outputs. Windows of one color, such as those that lie wholly in the
 * padding, are all the same to it: the first of them is run, and its result serves for the others. Memory: the collected maps, one batch, the
 * result of one window, and for each output as many rows as a window is high.
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
  const results = new StitchedOutputs(options);
  const flat = new FlatWindow();
  for (let next = 0; next < positions.length;) {
    throwIfAborted(signal);
    const batch = tensor('float32', [batchSize, 3, grid.window, grid.window]);
    /** For each window of this round: where in the batch it stands, or what is known of it. */
    const round: (number | WindowMaps)[] = [];
    let filled = 0;
    while (next < positions.length && filled < batchSize) {
      const target = batch.data.subarray(filled * pixels, (filled + 1) * pixels);
      crop(positions[next++]!, target);
      const place = flat.placeOf(target, filled);
      round.push(place);
      if (place === filled) filled++;
    }
    const maps = filled > 0 ? results.split(await run(batch)) : [];
    for (const place of round) results.add(typeof place === 'number' ? maps[place]! : place);
    flat.keep(maps);
    onProgress?.({ phase: 'run', done: next, total: positions.length });
  }
  return results.finish();
}

/** The window of one color that was seen last, and its result. */
class FlatWindow {
  #color: readonly number[] = [];
  /** Its place in the batch under way, then what it gave. */
  #result: number | WindowMaps = 0;

  /** Where the result of a window is: that of an equal one before, or its own place in the batch, `slot`. */
  placeOf(window: Float32Array, slot: number): number | WindowMaps {
    const color = flatColor(window);
    if (!color) return slot;
    if (color.every((value, c) => value === this.#color[c])) return this.#result;
    this.#color = color;
    this.#result = slot;
    return slot;
  }

  /** Takes the results of a batch. A copy is kept, for the batch's memory may be large. */
  keep(maps: readonly WindowMaps[]): void {
    if (typeof this.#result !== 'number' || this.#color.length === 0) return;
    const copies = Object.entries(maps[this.#result]!).map(([name, data]) => [name, data.slice()] as const);
    this.#result = Object.fromEntries(copies);
  }
}

/** The three values that all pixels of a window have, if they all have the same. */
function flatColor(window: Float32Array): readonly number[] | undefined {
  const plane = window.length / 3;
  const color = [window[0]!, window[plane]!, window[2 * plane]!];
  for (let c = 0; c < 3; c++) {
    const value = color[c]!;
    for (let i = c * plane; i < (c + 1) * plane; i++) if (window[i] !== value) return undefined;
  }
  return color;
}

/** What a network gives for one window, by output name: [C, h, h] each. */
type WindowMaps = Readonly<Record<string, Float32Array>>;

/** The outputs of a network over all windows of a grid, stitched. */
class StitchedOutputs {
  readonly #options: SlideOptions;
  readonly #stitchers = new Map<string, Stitcher>();
  readonly #maps: Record<string, Tensor<'float32'>> = {};

  constructor(options: SlideOptions) {
    this.#options = options;
  }

  /** Cuts the outputs of a batch by windows. */
  split(outputs: Readonly<Record<string, Tensor>>): WindowMaps[] {
    const { batchSize } = this.#options;
    const windows: Record<string, Float32Array>[] = Array.from({ length: batchSize }, () => ({}));
    for (const [name, output] of Object.entries(outputs)) {
      const [, channels = 0, side = 0] = checkMap(name, output, this.#options);
      const size = channels * side * side;
      const { data } = toFloat32(output);
      if (!this.#stitchers.has(name)) this.#stitchers.set(name, this.#stitcher(name, channels, side));
      windows.forEach((maps, i) => (maps[name] = data.subarray(i * size, (i + 1) * size)));
    }
    return windows;
  }

  /** Takes the next window. */
  add(maps: WindowMaps): void {
    for (const [name, data] of Object.entries(maps)) this.#stitchers.get(name)!.add(data);
  }

  finish(): Record<string, Tensor<'float32'>> {
    for (const stitcher of this.#stitchers.values()) stitcher.finish();
    return this.#maps;
  }

  #stitcher(name: string, channels: number, side: number): Stitcher {
    const { grid, onRows } = this.#options;
    const stride = grid.window / side;
    const sink = onRows?.[name];
    if (sink) return new Stitcher(grid, { channels, stride, onRows: sink });
    const collected = collectRows(grid, channels, stride);
    this.#maps[name] = collected.map;
    return new Stitcher(grid, { channels, stride, onRows: collected.onRows });
  }
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
