import type { CellPairs } from './image-geometry.ts';
import { PatchCandidates } from './patch-candidates.ts';

/** The cosines of all labels on the grid, and how the grid is enlarged. */
export interface LabelCosines {
  /** [K, rows, columns] */
  readonly cosines: Float32Array;
  /** K. */
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  readonly vertical: CellPairs;
  readonly horizontal: CellPairs;
}

/** Pixels of a line between the same two columns of cells: from `start` up to `end`. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly left: number;
  readonly right: number;
}

/**
 * The best label of each pixel, line by line, from the few labels that can win between four cells. The labels are those that all of them would
 * give, tie for tie: what is left out loses by more than rounding can hide.
 */
export class PatchLines {
  readonly #map: LabelCosines;
  readonly #spans: readonly Span[];
  readonly #candidates: PatchCandidates;
  /** The two rows of cells that the lines lie between, and the candidates of each span there. */
  #rows: readonly [above: number, below: number] = [-1, -1];
  #found: readonly Int32Array[] = [];
  readonly #best: Float32Array;

  constructor(map: LabelCosines) {
    this.#map = map;
    this.#spans = spansOf(map.horizontal);
    this.#candidates = new PatchCandidates(map.count, largest(map.cosines));
    this.#best = new Float32Array(Math.max(...this.#spans.map(({ start, end }) => end - start)));
  }

  /** Labels line y. `turn` is called between steps of some length. */
  async line(y: number, labels: Uint16Array, turn: () => Promise<boolean>): Promise<void> {
    const { vertical } = this.#map;
    const [above, below] = [vertical.first[y]!, vertical.second[y]!];
    if (above !== this.#rows[0] || below !== this.#rows[1]) {
      this.#found = await this.#findBetween(above, below, turn);
      this.#rows = [above, below];
    }
    for (const [i, span] of this.#spans.entries()) this.#labelSpan(span, this.#found[i]!, vertical.fraction[y]!, labels);
  }

  async #findBetween(above: number, below: number, turn: () => Promise<boolean>): Promise<Int32Array[]> {
    const found: Int32Array[] = [];
    let known: readonly [column: number, upper: Float32Array, lower: Float32Array] | undefined;
    for (const { left, right } of this.#spans) {
      const [, a, b] = known?.[0] === left ? known : [left, this.#cell(above, left), this.#cell(below, left)];
      known = [right, this.#cell(above, right), this.#cell(below, right)];
      found.push(this.#candidates.find([a, b, known[1], known[2]]).slice());
      await turn();
    }
    return found;
  }

  /** All labels at one cell. */
  #cell(row: number, column: number): Float32Array {
    const { cosines, count, rows, columns } = this.#map;
    const values = new Float32Array(count);
    for (let k = 0, at = row * columns + column; k < count; k++, at += rows * columns) values[k] = cosines[at]!;
    return values;
  }

  /** The arithmetic is that of a whole line, with float32 at the same places. */
  #labelSpan({ start, end, left, right }: Span, candidates: Int32Array, fraction: number, labels: Uint16Array): void {
    const { cosines, rows, columns, horizontal } = this.#map;
    const best = this.#best.fill(Number.NEGATIVE_INFINITY);
    const [above, below] = this.#rows as [number, number];
    for (const k of candidates) {
      const [upper, lower] = [(k * rows + above) * columns, (k * rows + below) * columns];
      const a = Math.fround(cosines[upper + left]! + (cosines[lower + left]! - cosines[upper + left]!) * fraction);
      const b = Math.fround(cosines[upper + right]! + (cosines[lower + right]! - cosines[upper + right]!) * fraction);
      for (let x = start; x < end; x++) {
        const value = a + (b - a) * horizontal.fraction[x]!;
        if (value > best[x - start]!) {
          best[x - start] = value;
          labels[x] = k;
        }
      }
    }
  }
}

function spansOf({ first, second }: CellPairs): Span[] {
  const spans: Span[] = [];
  for (let start = 0; start < first.length;) {
    let end = start + 1;
    while (end < first.length && first[end] === first[start] && second[end] === second[start]) end++;
    spans.push({ start, end, left: first[start]!, right: second[start]! });
    start = end;
  }
  return spans;
}

/** The largest absolute value; infinite when one is no number. */
function largest(values: Float32Array): number {
  let most = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) return Number.POSITIVE_INFINITY;
    most = Math.max(most, Math.abs(value));
  }
  return most;
}
