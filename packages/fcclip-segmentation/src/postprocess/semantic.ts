import { type LabelMap, tensor, UNLABELED } from '@vitamin-vlm/core';
import { type SumClasses, sumError } from './class-sums.ts';
import type { MaskReader, Rectangle } from './mask-reader.ts';
import { sigmoid } from './sigmoid.ts';

/** Masks below this logit add less to a class than float32 can tell. */
const NEGLIGIBLE = -25;
/** Pixels along a side of the rectangles that are looked at first. */
const SIDE = 64;
/** Rectangles of no more pixels are summed pixel by pixel, unless they are decided. */
const SMALL = SIDE ** 2;

/** How pixels become labels. */
export interface SemanticOptions {
  /** A pixel whose best class has a smaller sum stays without a label. 0: every pixel gets one. */
  readonly threshold: number;
  /** Called between rectangles. */
  readonly turn: () => Promise<void> | undefined;
  /** `sumClasses` of a pool. */
  readonly sum: SumClasses;
}

/** What is still open in a rectangle. */
interface Contest {
  /** Classes that may have the largest sum at some pixel, in their order. */
  readonly classes: readonly number[];
  /** Masks that are there. */
  readonly masks: readonly number[];
  /** The largest absolute value of their logits. */
  readonly extreme: number;
}

/**
 * The class of each pixel: that with the largest Σ probability · mask over all masks, the first of equal ones. In a rectangle the least and the largest logits of
 * the masks say which classes can win; where several can, a session sums them in float32 for all its pixels at once. Pixels whose best two are closer than its error are
 * summed again in float64.
 *
 * @param probabilities - [Q, columns], "nothing" last, which is no class.
 */
export async function semanticMap(
  reader: MaskReader,
  probabilities: Float32Array,
  columns: number,
  options: SemanticOptions,
): Promise<LabelMap<Uint16Array>> {
  const { width, height } = reader;
  const painter = new Painter(reader, probabilities, columns, options);
  const all = { classes: places(columns - 1), masks: places(reader.queries), extreme: 0 };
  for (const block of reader.blocks(SIDE)) await painter.paint(block, all);
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
  readonly #options: SemanticOptions;
  /** Least and largest sum of each class in a rectangle. */
  readonly #least: Float64Array;
  readonly #most: Float64Array;
  readonly #bounds: Float64Array = new Float64Array(2);

  constructor(reader: MaskReader, probabilities: Float32Array, columns: number, options: SemanticOptions) {
    this.labels = new Uint16Array(reader.width * reader.height);
    this.#reader = reader;
    this.#probabilities = probabilities;
    this.#columns = columns;
    this.#options = options;
    this.#least = new Float64Array(columns - 1);
    this.#most = new Float64Array(columns - 1);
  }

  async paint(area: Rectangle, before: Contest): Promise<void> {
    const contest = this.#narrow(area, before);
    if (contest.classes.length === 1 && this.#options.threshold <= 0) this.#fill(area, contest.classes[0]!);
    else if (area.width * area.height <= SMALL) await this.#decide(area, contest);
    else for (const quarter of quarters(area)) await this.paint(quarter, contest);
    await this.#options.turn();
  }

  /** What stays open in a part of a rectangle. */
  #narrow(area: Rectangle, before: Contest): Contest {
    const { classes } = before;
    const [least, most, bounds] = [this.#least, this.#most, this.#bounds];
    const probabilities = this.#probabilities;
    for (const index of classes) least[index] = most[index] = 0;
    const masks: number[] = [];
    let extreme = 0;
    for (const query of before.masks) {
      this.#reader.bounds(query, area, bounds, 0);
      if (bounds[1]! < NEGLIGIBLE) continue;
      masks.push(query);
      extreme = Math.max(extreme, -bounds[0]!, bounds[1]!);
      const [low, high] = [sigmoid(bounds[0]!), sigmoid(bounds[1]!)];
      const row = query * this.#columns;
      for (let k = 0; k < classes.length; k++) {
        const index = classes[k]!;
        const probability = probabilities[row + index]!;
        least[index]! += probability * low;
        most[index]! += probability * high;
      }
    }
    const reached = classes.reduce((best, index) => Math.max(best, least[index]!), 0) * (1 - 1e-9);
    return { classes: classes.filter((index) => most[index]! >= reached), masks, extreme };
  }

  #fill({ left, top, width, height }: Rectangle, label: number): void {
    for (let y = top; y < top + height; y++) this.labels.fill(label, y * this.#reader.width + left, y * this.#reader.width + left + width);
  }

  async #decide(area: Rectangle, { classes, masks, extreme }: Contest): Promise<void> {
    const { threshold, sum } = this.#options;
    if (masks.length === 0) return this.#fill(area, threshold > 0 ? UNLABELED : classes[0]!);
    const error = sumError(masks.length, extreme);
    const found = await sum({
      ...this.#reader.block(masks, area),
      weights: tensor('float32', [classes.length, masks.length], this.#weights(classes, masks)),
      share: tensor('float32', [], Float32Array.of(1 - 4 * error)),
    });
    for (let i = 0; i < area.width * area.height; i++) {
      const [x, y] = [area.left + (i % area.width), area.top + Math.floor(i / area.width)];
      const largest = found.largest[i]!;
      const open = found.rivals[i] !== 1 || (threshold > 0 && Math.abs(largest - threshold) <= 2 * error * threshold);
      const [place, reached] = open ? this.#sum(x, y, classes, masks) : [Number(found.places[i]!), largest];
      this.labels[y * this.#reader.width + x] = threshold <= 0 || reached >= threshold ? classes[place]! : UNLABELED;
    }
  }

  /** [K, M] */
  #weights(classes: readonly number[], masks: readonly number[]): Float32Array {
    const weights = new Float32Array(classes.length * masks.length);
    for (const [k, index] of classes.entries()) {
      for (let m = 0; m < masks.length; m++) weights[k * masks.length + m] = this.#probabilities[masks[m]! * this.#columns + index]!;
    }
    return weights;
  }

  /** Place and size of the first of the largest sums at a pixel. */
  #sum(left: number, top: number, classes: readonly number[], masks: readonly number[]): [place: number, sum: number] {
    const sums = new Float64Array(classes.length);
    const value = new Float64Array(1);
    for (const query of masks) {
      this.#reader.read(query, { left, top, width: 1, height: 1 }, value);
      const share = sigmoid(value[0]!);
      for (let k = 0; k < classes.length; k++) sums[k]! += this.#probabilities[query * this.#columns + classes[k]!]! * share;
    }
    let best = 0;
    for (let k = 1; k < classes.length; k++) if (sums[k]! > sums[best]!) best = k;
    return [best, sums[best]!];
  }
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
