import type { Evaluation } from '../coco/evaluation.ts';
import { allBits, WORD_BITS } from '../coco/match-pair.ts';
import type { MatchTable } from '../coco/match-table.ts';

/** `numpy.spacing(1)`, as in the curves. */
const EPS = 2 ** -52;

/** AP and recall of every category in one area range, for images of some weights; NaN where no ground truth counts. */
export interface CategoryNumbers {
  /** `[thresholds, categories]`: mean precision over the recall points. */
  readonly ap: Float64Array;
  /** `[thresholds, categories]`: highest recall. */
  readonly recall: Float64Array;
}

/**
 * Draws the numbers of an evaluation again for images that count several times or not at all, as a bootstrap asks for: the same as an evaluation in which
 * each image stands that often. One area range, the largest detection limit. Only what a draw needs is kept, side by side.
 */
export class Resampler {
  readonly #table: MatchTable;
  readonly #area: number;
  readonly #recThrs: Float64Array;
  /** Detections that count at a threshold, by category and descending score. */
  readonly #starts: Int32Array;
  readonly #image: Int32Array;
  /** For row i and word w at `i * words + w`: thresholds of true positives, and those at which the row counts. */
  readonly #hits: Int32Array;
  readonly #counted: Int32Array;
  readonly #all: Int32Array;
  /** True positives and precision behind each of them, for one threshold after the other. */
  readonly #found: Float64Array;
  readonly #precision: Float64Array;
  readonly #capacity: number;
  readonly #length: Int32Array;
  readonly #tp: Float64Array;
  readonly #fp: Float64Array;

  constructor({ table, params, scheme }: Evaluation, area: number) {
    const limit = scheme.limits(params).at(-1)!;
    const { areas, words, thresholds } = table;
    this.#table = table;
    this.#area = area;
    this.#recThrs = Float64Array.from(params.recThrs);
    this.#all = allBits(thresholds);
    const rows: number[] = [];
    this.#starts = new Int32Array(table.dtCategory.length);
    let most = 0;
    for (let k = 0; k + 1 < table.dtCategory.length; k++) {
      let hits = 0;
      for (let row = table.dtCategory[k]!; row < table.dtCategory[k + 1]!; row++) {
        if (table.dtRank[row]! >= limit || !this.#counts(row)) continue;
        rows.push(row);
        if (this.#isHit(row)) hits++;
      }
      this.#starts[k + 1] = rows.length;
      most = Math.max(most, hits);
    }
    this.#image = Int32Array.from(rows, (row) => table.dtImage[row]!);
    this.#hits = new Int32Array(rows.length * words);
    this.#counted = new Int32Array(rows.length * words);
    rows.forEach((row, i) => {
      for (let w = 0; w < words; w++) {
        const slot = (row * areas + area) * words + w;
        this.#counted[i * words + w] = this.#all[w]! & ~table.ignored[slot]!;
        this.#hits[i * words + w] = this.#counted[i * words + w]! & table.matched[slot]!;
      }
    });
    this.#capacity = most;
    this.#found = new Float64Array(thresholds * most);
    this.#precision = new Float64Array(thresholds * most);
    this.#length = new Int32Array(thresholds);
    this.#tp = new Float64Array(thresholds);
    this.#fp = new Float64Array(thresholds);
  }

  /** Whether a row counts at any threshold. */
  #counts(row: number): boolean {
    const { areas, words, ignored } = this.#table;
    for (let w = 0; w < words; w++) if ((this.#all[w]! & ~ignored[(row * areas + this.#area) * words + w]!) !== 0) return true;
    return false;
  }

  #isHit(row: number): boolean {
    const { areas, words, matched } = this.#table;
    for (let w = 0; w < words; w++) if (matched[(row * areas + this.#area) * words + w] !== 0) return true;
    return false;
  }

  /**
   * Draws all categories.
   *
   * @param weights how often each position of `imgIds` counts
   */
  draw(weights: Int32Array, { ap, recall }: CategoryNumbers): void {
    const { dtCategory, thresholds } = this.#table;
    const categories = dtCategory.length - 1;
    for (let k = 0; k < categories; k++) {
      const positives = this.#positives(k, weights);
      if (positives > 0) this.#walk(k, weights);
      for (let t = 0; t < thresholds; t++) {
        ap[t * categories + k] = positives > 0 ? this.#area101(t, positives) : NaN;
        recall[t * categories + k] = positives > 0 ? this.#tp[t]! / positives : NaN;
      }
    }
  }

  #positives(k: number, weights: Int32Array): number {
    const { gtCategory, gtImage, gtIgnored, areas } = this.#table;
    let n = 0;
    for (let g = gtCategory[k]!; g < gtCategory[k + 1]!; g++) if (gtIgnored[g * areas + this.#area] === 0) n += weights[gtImage[g]!]!;
    return n;
  }

  /** Notes every true positive of a category, at each threshold. */
  #walk(k: number, weights: Int32Array): void {
    const { words, thresholds } = this.#table;
    const [tp, fp, length] = [this.#tp.fill(0), this.#fp.fill(0), this.#length.fill(0)];
    for (let w = 0; w < words; w++) {
      const all = this.#all[w]!;
      const first = w * WORD_BITS;
      const last = Math.min(first + WORD_BITS, thresholds);
      // False positives at all thresholds, the common case, are counted once.
      let fpAll = 0;
      for (let i = this.#starts[k]!; i < this.#starts[k + 1]!; i++) {
        const weight = weights[this.#image[i]!]!;
        if (weight === 0) continue;
        const hits = this.#hits[i * words + w]!;
        const counted = this.#counted[i * words + w]!;
        if (hits === 0 && counted === all) {
          fpAll += weight;
          continue;
        }
        for (let t = first; t < last; t++) {
          const bit = 1 << (t - first);
          if ((hits & bit) !== 0) {
            // Copies of a true positive follow each other: the last has the highest precision, which is that of all.
            const at = t * this.#capacity + length[t]!++;
            tp[t]! += weight;
            this.#found[at] = tp[t]!;
            this.#precision[at] = tp[t]! / (fp[t]! + fpAll + tp[t]! + EPS);
          } else if ((counted & bit) !== 0) fp[t]! += weight;
        }
      }
    }
  }

  /** Mean over the recall points of the highest precision at or beyond each. */
  #area101(t: number, positives: number): number {
    const recThrs = this.#recThrs;
    const from = t * this.#capacity;
    let at = from + this.#length[t]! - 1;
    let best = 0;
    let sum = 0;
    for (let r = recThrs.length - 1; r >= 0; r--) {
      for (; at >= from && this.#found[at]! / positives >= recThrs[r]!; at--) if (this.#precision[at]! > best) best = this.#precision[at]!;
      sum += best;
    }
    return sum / recThrs.length;
  }
}
