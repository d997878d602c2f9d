import { gather, sortByScore } from './sort.ts';

/** Nothing matched. */
export const NONE = -1;
/** A threshold of 1 still lets an overlap of 1 - 1e-10 pass. */
const HIGHEST = 1 - 1e-10;
/** Bits of one word of the match flags. */
export const WORD_BITS = 32;

/** So many are sorted by insertion; more of them only where objects lie upon each other. */
const FEW_CANDIDATES = 32;

/** Words that hold a bit for each threshold. */
export function wordsFor(thresholds: number): number {
  return Math.ceil(thresholds / WORD_BITS);
}

/** Words with a bit set for each of so many thresholds. */
export function allBits(thresholds: number): Int32Array {
  const words = new Int32Array(wordsFor(thresholds));
  for (let t = 0; t < thresholds; t++) words[t >> 5]! |= 1 << (t & 31);
  return words;
}

/**
 * Greedy matching of one (image, category) pair (cocoeval.py, evaluateImg). Detections go by score; each takes, at each threshold, the ground truth of
 * highest overlap that is still free. Ground truths that count come first, and a match among them is never given up for an ignored one; of equal
 * overlaps the later ground truth wins; a crowd can be matched any number of times.
 *
 * The thresholds do not depend on each other, so 32 of them are matched at once, as the bits of a word: a detection offers its free thresholds to
 * its candidates, best overlap first, and each takes those at which it passes and is not taken yet.
 */
export class PairMatcher {
  /** Detections with candidates: `activeCount` positions inside the pair, ascending. Only they can be matched. */
  active: Int32Array = new Int32Array(64);
  activeCount = 0;
  /** For active detection i and word w, at `i * words + w`: the thresholds where it matches a ground truth with an id that counts. */
  matched: Int32Array = new Int32Array(64);
  /** The thresholds where its match is ignored. */
  onIgnored: Int32Array = new Int32Array(64);
  readonly words: number;
  readonly #thresholds: Float64Array;
  readonly #lowest: number;
  readonly #all: Int32Array;
  /** Candidates of active detection i: `#start[i]` to `#start[i + 1]`, highest overlap first, the later ground truth first among equals. */
  #start = new Int32Array(65);
  #candidate = new Int32Array(64);
  #overlap = new Float64Array(64);
  /** Thresholds that a candidate reaches, `words` for each. */
  #passes = new Int32Array(64);
  /** Thresholds at which a ground truth is taken. */
  #taken = new Int32Array(64);
  #groundTruths = 0;

  constructor(iouThrs: readonly number[]) {
    this.#thresholds = Float64Array.from(iouThrs, (t) => Math.min(t, HIGHEST));
    this.#lowest = Math.min(...this.#thresholds);
    this.words = wordsFor(iouThrs.length);
    this.#all = allBits(iouThrs.length);
  }

  /**
   * Finds the candidates of every detection. Call once for each pair, before `match`.
   *
   * @param matrix overlaps, `detections x groundTruths`
   */
  compare(matrix: Float64Array, detections: number, groundTruths: number): void {
    this.#reserve(detections, groundTruths);
    this.#groundTruths = groundTruths;
    const lowest = this.#lowest;
    let count = 0;
    let end = 0;
    for (let d = 0; d < detections; d++) {
      const row = d * groundTruths;
      const from = end;
      // Backwards: of equal overlaps the later ground truth stands first.
      for (let g = groundTruths - 1; g >= 0; g--) {
        const overlap = matrix[row + g]!;
        if (!(overlap >= lowest)) continue;
        if (end === this.#candidate.length) this.#growCandidates();
        this.#candidate[end] = g;
        this.#overlap[end++] = overlap;
      }
      if (end === from) continue;
      this.#bestFirst(from, end);
      this.active[count++] = d;
      this.#start[count] = end;
    }
    this.activeCount = count;
    this.#markPasses(end);
  }

  /** Sorts the candidates of one detection by their overlap; equal ones keep their order. */
  #bestFirst(from: number, to: number): void {
    const candidate = this.#candidate;
    const overlaps = this.#overlap;
    if (to - from > FEW_CANDIDATES) {
      const own = overlaps.slice(from, to);
      const order = sortByScore(Int32Array.from(own.keys()), own);
      candidate.set(gather(candidate.slice(from, to), order), from);
      for (let i = 0; i < order.length; i++) overlaps[from + i] = own[order[i]!]!;
      return;
    }
    for (let i = from + 1; i < to; i++) {
      const g = candidate[i]!;
      const overlap = overlaps[i]!;
      let j = i;
      for (; j > from && overlaps[j - 1]! < overlap; j--) {
        overlaps[j] = overlaps[j - 1]!;
        candidate[j] = candidate[j - 1]!;
      }
      overlaps[j] = overlap;
      candidate[j] = g;
    }
  }

  #markPasses(candidates: number): void {
    const thresholds = this.#thresholds;
    const { words } = this;
    for (let c = 0; c < candidates; c++) {
      const overlap = this.#overlap[c]!;
      for (let w = 0; w < words; w++) this.#passes[c * words + w] = 0;
      for (let t = 0; t < thresholds.length; t++) {
        if (overlap >= thresholds[t]!) this.#passes[c * words + (t >> 5)]! |= 1 << (t & 31);
      }
    }
  }

  /**
   * Matches the compared pair for one area range. The flags have one entry for each ground truth of the pair.
   *
   * @param ignored 1: a match neither counts nor costs
   * @param crowd 1: stays free when it is matched
   * @param nameless 1: takes detections, which stay unmatched all the same
   * @param assigned when given, receives the matched ground truth of each active detection: position or `NONE`, `thresholds x detections`
   */
  match(ignored: Uint8Array, crowd: Uint8Array, nameless: Uint8Array, assigned?: Assigned): void {
    const { words, active, activeCount } = this;
    const start = this.#start;
    const candidate = this.#candidate;
    const passes = this.#passes;
    const taken = this.#taken;
    for (let w = 0; w < words; w++) {
      for (let g = 0; g < this.#groundTruths; g++) taken[g] = 0;
      const all = this.#all[w]!;
      for (let i = 0; i < activeCount; i++) {
        let free = all;
        let matched = 0;
        let onIgnored = 0;
        // First the ground truths that count, then the ignored ones.
        for (let wanted = 0; wanted < 2; wanted++) {
          for (let c = start[i]!; c < start[i + 1]! && free !== 0; c++) {
            const g = candidate[c]!;
            if (ignored[g] !== wanted) continue;
            const claim = free & passes[c * words + w]! & ~taken[g]!;
            if (claim === 0) continue;
            free &= ~claim;
            if (crowd[g] === 0) taken[g]! |= claim;
            if (nameless[g] === 0) matched |= claim;
            if (wanted === 1) onIgnored |= claim;
            if (assigned !== undefined) assign(assigned, active[i]!, g, w, claim);
          }
        }
        this.matched[i * words + w] = matched;
        this.onIgnored[i * words + w] = onIgnored;
      }
    }
  }

  #reserve(detections: number, groundTruths: number): void {
    if (detections * this.words > this.matched.length) {
      this.matched = new Int32Array(2 * detections * this.words);
      this.onIgnored = new Int32Array(2 * detections * this.words);
    }
    if (detections > this.active.length) {
      this.active = new Int32Array(2 * detections);
      this.#start = new Int32Array(2 * detections + 1);
    }
    if (groundTruths > this.#taken.length) this.#taken = new Int32Array(2 * groundTruths);
    if (this.#passes.length < this.#candidate.length * this.words) this.#passes = new Int32Array(this.#candidate.length * this.words);
  }

  #growCandidates(): void {
    const [candidate, overlap] = [this.#candidate, this.#overlap];
    this.#candidate = new Int32Array(2 * candidate.length);
    this.#overlap = new Float64Array(2 * candidate.length);
    this.#passes = new Int32Array(2 * candidate.length * this.words);
    this.#candidate.set(candidate);
    this.#overlap.set(overlap);
  }
}

/** Matched ground truth of each detection at each threshold. */
export interface Assigned {
  readonly detections: number;
  /** `thresholds x detections`. */
  readonly groundTruth: Int32Array;
}

function assign({ detections, groundTruth }: Assigned, d: number, g: number, w: number, claim: number): void {
  for (let bit = 0; bit < WORD_BITS; bit++) {
    if ((claim & (1 << bit)) !== 0) groundTruth[(w * WORD_BITS + bit) * detections + d] = g;
  }
}
