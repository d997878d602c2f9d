import { setImmediate } from 'node:timers/promises';
import { type LabelMap, type Tensor, throwIfAborted, UNLABELED, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { MAX_LABELS } from '../text/labels.ts';
import type { VocabularyMatrix } from '../text/vocabulary-matrix.ts';
import { DEFAULT_SCALE } from './classify.ts';
import { cellPairs, type ImageGeometry } from './image-geometry.ts';
import { type LabelCosines, PatchLines } from './patch-lines.ts';
import { rowsOf } from './features.ts';

/** The event loop gets a turn after this many milliseconds. */
const SLICE_MS = 25;

/** How pixels become labels. */
export interface LabelPixelsOptions extends WorkOptions {
  /** Factor on the cosines before the softmax. Only the threshold needs it. Default 100. */
  readonly scale?: number | undefined;
  /** Smallest probability (0..1, softmax over the labels) of the winning one. Default 0: every pixel gets a label. */
  readonly threshold?: number | undefined;
  /** What a pixel below the threshold becomes: the index of a label, or 65535 (default). */
  readonly background?: number | undefined;
}

/**
 * Training-free open-vocabulary segmentation: cosine of each cell of a dense CLIP map with each label (best of its synonyms), enlarged
 * bilinearly to the size of the picture, and the best label of each pixel: indices into the labels, `UNLABELED` where none is likely enough.
 * Beside the result it holds one map [K, h, w] of the grid's size and a few lines.
 *
 * @param dense - [E, h, w] or [1, E, h, w], length one at each position.
 * @param geometry - Where the picture lies in the input that the map covers.
 * @throws VitaminError `USAGE` when map and words differ in width; `ABORTED`.
 * @example
 * ```ts
 * import { labelPixels, type VocabularyMatrix } from '@vitamin-vlm/backbone';
 * import { tensor } from '@vitamin-vlm/core';
 * async function segment(words: VocabularyMatrix): Promise<void> {
 *   const dense = tensor('float32', [768, 21, 21]); // of a tower at 336 pixels
 *   const region = { left: 0, top: 0, width: 336, height: 252 }; // a 4:3 picture, padded below
 *   const map = await labelPixels(dense, words, { width: 640, height: 480, inputWidth: 336, inputHeight: 336, region });
 *   console.log(words.labels[map.data[0]!]?.name);
 * }
 * ```
 */
export async function labelPixels(
  dense: Tensor<'float32'>,
  vocabulary: VocabularyMatrix,
  geometry: ImageGeometry,
  options: LabelPixelsOptions = {},
): Promise<LabelMap<Uint16Array>> {
  const { threshold = 0, background = UNLABELED, scale = DEFAULT_SCALE, signal, onProgress } = options;
  const { width, height, region } = geometry;
  const [rows = 0, columns = 0] = dense.shape.slice(-2);
  const count = vocabulary.labels.length;
  if (count >= MAX_LABELS) throw new VitaminError('USAGE', `Expected fewer than ${MAX_LABELS} labels but received ${count}`);
  const turn = timeSlices(signal);
  const map: LabelCosines = {
    cosines: await labelCosines(dense, vocabulary, turn),
    count,
    rows,
    columns,
    vertical: cellPairs(height, rows, geometry.inputHeight, region.top, region.height),
    horizontal: cellPairs(width, columns, geometry.inputWidth, region.left, region.width),
  };
  const data = new Uint16Array(width * height);
  // A probability is a share of the sum over all labels, so a threshold needs them all.
  const mass = threshold > 0 ? new Float32Array(width) : undefined;
  const patches = !mass && paysOff(map, data.length) ? new PatchLines(map) : undefined;
  for (let y = 0; y < height; y++) {
    const labels = data.subarray(y * width, (y + 1) * width);
    if (patches) await patches.line(y, labels, turn);
    else labelLine(map, y, labels, mass, scale);
    // The winner's probability is 1 / mass.
    mass?.forEach((sum, x) => {
      if (sum * threshold > 1) labels[x] = background;
    });
    if (await turn()) onProgress?.({ phase: 'run', done: y + 1, total: height });
  }
  return { width, height, data };
}

/** Whether looking for the labels that can win between four cells costs less than it saves. */
function paysOff({ count, rows, columns }: LabelCosines, pixels: number): boolean {
  return count >= 16 && pixels >= 8 * rows * columns;
}

/** Best label of each pixel of line y; with `mass`, also the sum of exp(scale · (cosine - best)) over the labels. */
function labelLine(map: LabelCosines, y: number, labels: Uint16Array, mass: Float32Array | undefined, scale: number): void {
  const { cosines, count, rows, columns, vertical, horizontal } = map;
  const line = new Float32Array(columns);
  const best = new Float32Array(labels.length).fill(Number.NEGATIVE_INFINITY);
  mass?.fill(0);
  for (let k = 0; k < count; k++) {
    blendRows(cosines, (k * rows + vertical.first[y]!) * columns, (k * rows + vertical.second[y]!) * columns, vertical.fraction[y]!, line);
    for (let x = 0; x < labels.length; x++) {
      const a = line[horizontal.first[x]!]!;
      const value = a + (line[horizontal.second[x]!]! - a) * horizontal.fraction[x]!;
      if (mass) mass[x] = addMass(mass[x]!, best[x]!, value, scale);
      if (value > best[x]!) {
        best[x] = value;
        labels[x] = k;
      }
    }
  }
}

/** `out` = the row at `first`, `fraction` of the way to the row at `second`. */
function blendRows(map: Float32Array, first: number, second: number, fraction: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) {
    const a = map[first + i]!;
    out[i] = a + (map[second + i]! - a) * fraction;
  }
}

/** The softmax denominator relative to the best value so far, after one more value. */
function addMass(mass: number, best: number, value: number, scale: number): number {
  return value > best ? mass * Math.exp(scale * (best - value)) + 1 : mass + Math.exp(scale * (value - best));
}

/** Cosine of each label with each cell: [K, h·w], the best of its synonyms. */
async function labelCosines(
  dense: Tensor<'float32'>,
  { labels, embeddings }: VocabularyMatrix,
  turn: () => Promise<boolean>,
): Promise<Float32Array> {
  const { dim } = rowsOf(embeddings);
  const cells = dense.data.length / dim;
  if (dense.shape.at(-3) !== dim || !Number.isInteger(cells)) {
    throw new VitaminError('USAGE', `Expected a dense map of width ${dim}, that of the words, but received [${dense.shape.join(', ')}]`);
  }
  const out = new Float32Array(labels.length * cells).fill(Number.NEGATIVE_INFINITY);
  const sums = new Float32Array(cells);
  let row = 0;
  for (const [k, { synonyms }] of labels.entries()) {
    const target = out.subarray(k * cells, (k + 1) * cells);
    for (let end = row + synonyms.length; row < end; row++) {
      sums.fill(0);
      for (let e = 0; e < dim; e++) {
        const weight = embeddings.data[row * dim + e]!;
        for (let i = 0, from = e * cells; i < cells; i++) sums[i]! += weight * dense.data[from + i]!;
      }
      for (let i = 0; i < cells; i++) if (sums[i]! > target[i]!) target[i] = sums[i]!;
      await turn();
    }
  }
  return out;
}

/** A function for the ends of short steps: now and then it lets the event loop run, looks at the signal, and says that it did. */
function timeSlices(signal: AbortSignal | undefined): () => Promise<boolean> {
  let start = performance.now();
  return async () => {
    if (performance.now() - start < SLICE_MS) return false;
    await setImmediate();
    throwIfAborted(signal);
    start = performance.now();
    return true;
  };
}
