import { type LabelMap, UNLABELED } from '@vitamin-vlm/core';
import type { MaskReader, Rectangle } from './mask-reader.ts';
import { sigmoid } from './sigmoid.ts';

/** Masks below this logit add less to a class than float32 can tell. */
const NEGLIGIBLE = -25;
/** Masks below this logit are looked at only where the others leave the winner open. */
const FAINT = -6;
/** Rectangles of no more pixels are summed pixel by pixel. */
const SMALL = 400;

/** How pixels become labels. */
export interface SemanticOptions {
  /** A pixel whose best class has a smaller sum stays without a label. 0: every pixel gets one. */
  readonly threshold: number;
  /** Called between tiles. */
  readonly turn: () => Promise<void> | undefined;
}

/** What is still open in a rectangle. */
interface Contest {
  /** Classes that may have the largest sum at some pixel, in their order. */
  readonly classes: readonly number[];
  /** Masks that are there, and those that are hardly there. */
  readonly strong: readonly number[];
  readonly faint: readonly number[];
  /** What the faint ones can add to any class. */
  readonly tail: number;
}

/**
 * The class of each pixel: that with the largest Σ probability · mask over all masks, the first of equal ones. In a rectangle the least and the largest logits of
 * the masks say which classes can win; one with several is cut into quarters, until it is decided or so small that it is summed pixel by pixel.
 *
 * @param probabilities - [Q, columns], "nothing" last, which is no class.
 */
export async function semanticMap(
  reader: MaskReader,
  probabilities: Float32Array,
  columns: number,
  { threshold, turn }: SemanticOptions,
): Promise<LabelMap<Uint16Array>> {
  const { width, height } = reader;
  const painter = new Painter(reader, probabilities, columns, threshold);
  const all = { classes: places(columns - 1), strong: places(reader.queries), faint: [], tail: 0 };
  for (const tile of reader.columns.flat()) {
    painter.paint(tile, all);
    await turn();
  }
  return { width, height, data: painter.labels };
}

function places(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Labels rectangle by rectangle. */
class Painter {
  readonly labels: Uint16Array;
  readonly #reader: MaskReader;
  readonly #probabilities: Float32Array;
  readonly #columns: number;
  readonly #threshold: number;
  /** Least and largest sum of each class in a rectangle. */
  readonly #least: Float64Array;
  readonly #most: Float64Array;
  readonly #bounds: Float64Array = new Float64Array(2);
  /** The largest probability of each mask. */
  readonly #largest: Float64Array;
  readonly #values: Float64Array;

  constructor(reader: MaskReader, probabilities: Float32Array, columns: number, threshold: number) {
    this.labels = new Uint16Array(reader.width * reader.height);
    this.#reader = reader;
    this.#probabilities = probabilities;
    this.#columns = columns;
    this.#threshold = threshold;
    this.#largest = Float64Array.from({ length: reader.queries }, (_, query) =>
      probabilities.subarray(query * columns, (query + 1) * columns - 1).reduce((most, value) => Math.max(most, value), 0),
    );
    this.#least = new Float64Array(columns - 1);
    this.#most = new Float64Array(columns - 1);
    this.#values = new Float64Array(reader.tilePixels);
  }

  paint(area: Rectangle, before: Contest): void {
    const contest = this.#narrow(area, before);
    const { classes } = contest;
    if (classes.length === 1 && this.#threshold <= 0) this.#fill(area, classes[0]!);
    else if (area.width * area.height <= SMALL) this.#sum(area, contest);
    else for (const quarter of quarters(area)) this.paint(quarter, contest);
  }

  /** What stays open in a part of a rectangle. */
  #narrow(area: Rectangle, before: Contest): Contest {
    const { classes } = before;
    const [least, most, bounds] = [this.#least, this.#most, this.#bounds];
    const probabilities = this.#probabilities;
    for (const index of classes) least[index] = most[index] = 0;
    const [strong, faint]: [number[], number[]] = [[], []];
    let tail = 0;
    for (const masks of [before.strong, before.faint]) {
      for (const query of masks) {
        this.#reader.bounds(query, area, bounds, 0);
        if (bounds[1]! < NEGLIGIBLE) continue;
        const [low, high] = [sigmoid(bounds[0]!), sigmoid(bounds[1]!)];
        if (bounds[1]! < FAINT) {
          faint.push(query);
          tail += this.#largest[query]! * high;
          continue;
        }
        strong.push(query);
        const row = query * this.#columns;
        for (let k = 0; k < classes.length; k++) {
          const index = classes[k]!;
          const probability = probabilities[row + index]!;
          least[index]! += probability * low;
          most[index]! += probability * high;
        }
      }
    }
    const reached = classes.reduce((best, index) => Math.max(best, least[index]!), 0) * (1 - 1e-9) - tail;
    return { classes: classes.filter((index) => most[index]! >= reached), strong, faint, tail };
  }

  #fill({ left, top, width, height }: Rectangle, label: number): void {
    for (let y = top; y < top + height; y++) this.labels.fill(label, y * this.#reader.width + left, y * this.#reader.width + left + width);
  }

  /** Faint masks are left out where they cannot change which sum is the largest, unless a threshold asks for the sums themselves. */
  #sum(area: Rectangle, { classes, strong, faint, tail }: Contest): void {
    const pixels = area.width * area.height;
    const sums = new Float64Array(classes.length * pixels);
    this.#add(strong, area, classes, sums);
    if (this.#threshold > 0 || smallestLead(sums, pixels) <= tail) this.#add(faint, area, classes, sums);
    for (let i = 0; i < pixels; i++) {
      let best = 0;
      for (let k = 1; k < classes.length; k++) if (sums[k * pixels + i]! > sums[best * pixels + i]!) best = k;
      const at = (area.top + Math.floor(i / area.width)) * this.#reader.width + area.left + (i % area.width);
      const known = this.#threshold <= 0 || sums[best * pixels + i]! >= this.#threshold;
      this.labels[at] = known ? classes[best]! : UNLABELED;
    }
  }

  #add(masks: readonly number[], area: Rectangle, classes: readonly number[], sums: Float64Array): void {
    const pixels = area.width * area.height;
    const values = this.#values;
    for (const query of masks) {
      this.#reader.read(query, area, values);
      for (let i = 0; i < pixels; i++) values[i] = sigmoid(values[i]!);
      for (let k = 0; k < classes.length; k++) {
        const probability = this.#probabilities[query * this.#columns + classes[k]!]!;
        const to = k * pixels;
        for (let i = 0; i < pixels; i++) sums[to + i]! += probability * values[i]!;
      }
    }
  }
}

/** By how much the largest of the sums at a pixel leads the second, at the pixel where that is least. */
function smallestLead(sums: Float64Array, pixels: number): number {
  let lead = Infinity;
  for (let i = 0; i < pixels; i++) {
    let [first, second] = [-Infinity, -Infinity];
    for (let at = i; at < sums.length; at += pixels) {
      const sum = sums[at]!;
      if (sum > first) {
        second = first;
        first = sum;
      } else if (sum > second) second = sum;
    }
    lead = Math.min(lead, first - second);
  }
  return lead;
}

/** Cuts a rectangle in the middle of each side that is longer than a pixel. */
function quarters({ left, top, width, height }: Rectangle): Rectangle[] {
  return halves(top, height).flatMap(([y, h]) =>
    halves(left, width).map(([x, w]): Rectangle => ({ left: x, top: y, width: w, height: h })),
  );
}

function halves(start: number, length: number): [start: number, length: number][] {
  const first = Math.ceil(length / 2);
  if (first === length) return [[start, length]];
  return [
    [start, first],
    [start + first, length - first],
  ];
}
