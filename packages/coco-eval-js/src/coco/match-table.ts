import { throwIfAborted } from '../errors.ts';
import type { Detections, GroundTruth } from './columns.ts';
import { categoryCount, groupDetections, groupGroundTruth, type Grouping } from './grouping.ts';
import { NONE, PairMatcher } from './match-pair.ts';
import { createOverlap, type Overlap } from './overlap.ts';
import type { EvalParams } from './params.ts';
import type { WarningLog } from './warnings.ts';

/** Bits of one word of the match flags. */
export const WORD_BITS = 32;

/**
 * The outcome of matching, all that accumulation needs: one row for each detection and each ground truth, ordered by (category, image, own order).
 * For row r, area range a and threshold t, the flag is bit `t % 32` of word `(r * areas + a) * words + floor(t / 32)`.
 */
export interface MatchTable {
  readonly areas: number;
  readonly thresholds: number;
  /** Words of flags for one row and area: `ceil(thresholds / 32)`. */
  readonly words: number;
  /** Detection rows of category k: `dtCategory[k]` to `dtCategory[k + 1]`. */
  readonly dtCategory: Int32Array;
  /** Position of the image in `imgIds`. */
  readonly dtImage: Int32Array;
  /** Place of the detection among those of its image and category, best score first. */
  readonly dtRank: Int32Array;
  readonly dtScore: Float64Array;
  readonly matched: Uint32Array;
  readonly ignored: Uint32Array;
  readonly gtCategory: Int32Array;
  readonly gtImage: Int32Array;
  /** `gtIgnored[row * areas + a]`: 1 when the ground truth does not count in that range. */
  readonly gtIgnored: Uint8Array;
}

/** What LVIS does differently. */
export interface MatchRules {
  /** No limit on detections of one image and category. */
  readonly unlimited?: boolean | undefined;
  /** 1 for detections that are dropped before matching. */
  readonly dropped?: Uint8Array | undefined;
  /** 1 for ground truths that are dropped before matching. */
  readonly droppedGroundTruth?: Uint8Array | undefined;
  /** Detections without area never count. */
  readonly positiveArea?: boolean | undefined;
  /** 1 for detections that are ignored when nothing matches them. */
  readonly forgiven?: Uint8Array | undefined;
}

/** Stops or reports long work. `done` and `total` count categories. */
export interface MatchProgress {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: { readonly done: number; readonly total: number }) => void) | undefined;
}

/** Matches every (category, image) pair that has an entry (cocoeval.py, evaluate). */
export function matchAll(
  gt: GroundTruth,
  dt: Detections,
  params: EvalParams,
  warnings: WarningLog,
  rules: MatchRules = {},
  progress: MatchProgress = {},
): MatchTable {
  const run = new MatchRun(gt, dt, params, createOverlap(gt, dt, params, warnings), detectionLimit(params, rules), rules);
  const categories = categoryCount(params);
  for (let k = 0; k < categories; k++) {
    throwIfAborted(progress.signal);
    run.category(k);
    progress.onProgress?.({ done: k + 1, total: categories });
  }
  return run.table();
}

/** Detections of one image and category that are matched. */
export function detectionLimit(params: EvalParams, rules: MatchRules): number {
  return rules.unlimited === true ? Infinity : params.maxDets[params.maxDets.length - 1]!;
}

/** One pass over the pairs, with its scratch buffers. */
class MatchRun {
  readonly #gt: GroundTruth;
  readonly #dt: Detections;
  readonly #params: EvalParams;
  readonly #rules: MatchRules;
  readonly #overlap: Overlap;
  readonly #matcher: PairMatcher;
  readonly #gts: Grouping;
  readonly #dts: ReturnType<typeof groupDetections>;
  readonly #words: number;
  readonly #allBits: Uint32Array;
  readonly #matched: Uint32Array;
  readonly #ignored: Uint32Array;
  readonly #gtIgnored: Uint8Array;
  /** Keypoints without categories: the reference looks the pair up under a category that does not exist and compares nothing. */
  readonly #blind: boolean;
  #ignoreHere = new Uint8Array(64);
  /** Flags that the last match was made with. */
  #ignoreMatched = new Uint8Array(64);
  #crowdHere = new Uint8Array(64);

  constructor(gt: GroundTruth, dt: Detections, params: EvalParams, overlap: Overlap, maxDet: number, rules: MatchRules) {
    this.#gt = gt;
    this.#dt = dt;
    this.#params = params;
    this.#rules = rules;
    this.#overlap = overlap;
    this.#matcher = new PairMatcher(params.iouThrs);
    this.#gts = groupGroundTruth(gt, params, rules.droppedGroundTruth);
    this.#dts = groupDetections(dt, params, maxDet, rules.dropped);
    const thresholds = params.iouThrs.length;
    this.#words = Math.ceil(thresholds / WORD_BITS);
    this.#allBits = Uint32Array.from({ length: this.#words }, (_, w) => {
      const bits = Math.min(WORD_BITS, thresholds - w * WORD_BITS);
      return bits === WORD_BITS ? 0xffffffff : 2 ** bits - 1;
    });
    const areas = params.areaRng.length;
    this.#matched = new Uint32Array(this.#dts.row.length * areas * this.#words);
    this.#ignored = new Uint32Array(this.#dts.row.length * areas * this.#words);
    this.#gtIgnored = new Uint8Array(this.#gts.row.length * areas);
    this.#blind = params.iouType === 'keypoints' && !params.useCats && params.mode === 'reference';
  }

  category(k: number): void {
    const { image: gtImage, category: gtCategory } = this.#gts;
    const { image: dtImage, category: dtCategory } = this.#dts;
    const [gtEnd, dtEnd] = [gtCategory[k + 1]!, dtCategory[k + 1]!];
    let [g, d] = [gtCategory[k]!, dtCategory[k]!];
    while (g < gtEnd || d < dtEnd) {
      const image = Math.min(g < gtEnd ? gtImage[g]! : Infinity, d < dtEnd ? dtImage[d]! : Infinity);
      const gFrom = g;
      const dFrom = d;
      while (g < gtEnd && gtImage[g] === image) g++;
      while (d < dtEnd && dtImage[d] === image) d++;
      this.#pair(gFrom, g, dFrom, d);
    }
  }

  #pair(gFrom: number, gTo: number, dFrom: number, dTo: number): void {
    const groundTruths = gTo - gFrom;
    const areas = this.#params.areaRng.length;
    const compared = groundTruths > 0 && dTo > dFrom && !this.#blind;
    if (dTo > dFrom) this.#overlap.compute(this.#dts.row, dFrom, dTo, this.#gts.row, gFrom, gTo);
    if (groundTruths > this.#ignoreHere.length) {
      this.#ignoreHere = new Uint8Array(2 * groundTruths);
      this.#ignoreMatched = new Uint8Array(2 * groundTruths);
      this.#crowdHere = new Uint8Array(2 * groundTruths);
    }
    if (compared) for (let g = 0; g < groundTruths; g++) this.#crowdHere[g] = this.#gt.crowd[this.#gts.row[gFrom + g]!]!;
    for (let a = 0; a < areas; a++) {
      if (groundTruths > 0) this.#flagIgnored(gFrom, gTo, a);
      if (compared) {
        // Which ground truths are ignored matters only by their order: the same split, or all alike, gives the same matches.
        if (a === 0 || this.#splitChanged(groundTruths)) this.#match(dTo - dFrom, groundTruths);
        this.#storeMatches(gFrom, dFrom, dTo, a);
      }
      this.#forgive(dFrom, dTo, a);
    }
  }

  /** Marks the ground truths ignored in range a. */
  #flagIgnored(gFrom: number, gTo: number, a: number): void {
    const low = this.#params.areaRng[a]![0];
    const high = this.#params.areaRng[a]![1];
    const areas = this.#params.areaRng.length;
    const { ignore, area } = this.#gt;
    for (let g = gFrom; g < gTo; g++) {
      const row = this.#gts.row[g]!;
      const flag = ignore[row] === 1 || area[row]! < low || area[row]! > high ? 1 : 0;
      this.#ignoreHere[g - gFrom] = flag;
      this.#gtIgnored[g * areas + a] = flag;
    }
  }

  /** Whether the ignored ground truths part the others differently than at the last match. */
  #splitChanged(groundTruths: number): boolean {
    let same = true;
    let uniformHere = true;
    let uniformMatched = true;
    for (let g = 0; g < groundTruths; g++) {
      if (this.#ignoreHere[g] !== this.#ignoreMatched[g]) same = false;
      if (this.#ignoreHere[g] !== this.#ignoreHere[0]) uniformHere = false;
      if (this.#ignoreMatched[g] !== this.#ignoreMatched[0]) uniformMatched = false;
    }
    return !same && !(uniformHere && uniformMatched);
  }

  #match(detections: number, groundTruths: number): void {
    this.#matcher.match(this.#overlap.matrix, this.#overlap.best, detections, groundTruths, this.#ignoreHere, this.#crowdHere);
    for (let g = 0; g < groundTruths; g++) this.#ignoreMatched[g] = this.#ignoreHere[g]!;
  }

  #storeMatches(gFrom: number, dFrom: number, dTo: number, a: number): void {
    const { dtMatch, active, activeCount } = this.#matcher;
    const detections = dTo - dFrom;
    const thresholds = this.#params.iouThrs.length;
    const strict = this.#params.mode === 'reference';
    for (let i = 0; i < activeCount; i++) {
      const d = active[i]!;
      const slot = this.#slot(dFrom + d, a);
      for (let t = 0; t < thresholds; t++) {
        const g = dtMatch[t * detections + d]!;
        if (g === NONE) continue;
        const word = slot + (t >> 5);
        const bit = 1 << (t & 31);
        // The reference tests the matched id for 0, so annotation id 0 never counts (cocoapi #332).
        if (!strict || this.#gt.id[this.#gts.row[gFrom + g]!] !== 0) this.#matched[word]! |= bit;
        if (this.#ignoreHere[g] === 1) this.#ignored[word]! |= bit;
      }
    }
  }

  #slot(d: number, a: number): number {
    return (d * this.#params.areaRng.length + a) * this.#words;
  }

  /** An unmatched detection outside the area range (or, in LVIS, of a category not fully annotated) does not count as false. */
  #forgive(dFrom: number, dTo: number, a: number): void {
    const low = this.#params.areaRng[a]![0];
    const high = this.#params.areaRng[a]![1];
    const rows = this.#dts.row;
    for (let d = dFrom; d < dTo; d++) {
      const row = rows[d]!;
      if (!isForgiven(this.#dt.area[row]!, low, high, row, this.#rules)) continue;
      const slot = this.#slot(d, a);
      for (let w = 0; w < this.#words; w++) this.#ignored[slot + w]! |= this.#allBits[w]! & ~this.#matched[slot + w]!;
    }
  }

  table(): MatchTable {
    return {
      areas: this.#params.areaRng.length,
      thresholds: this.#params.iouThrs.length,
      words: this.#words,
      dtCategory: this.#dts.category,
      dtImage: this.#dts.image,
      dtRank: this.#dts.rank,
      dtScore: pick(this.#dt.score, this.#dts.row),
      matched: this.#matched,
      ignored: this.#ignored,
      gtCategory: this.#gts.category,
      gtImage: this.#gts.image,
      gtIgnored: this.#gtIgnored,
    };
  }
}

function pick(values: Float64Array, rows: Int32Array): Float64Array {
  const out = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
  return out;
}

/** Whether an unmatched detection does not count as false: outside the area range, or by a rule of LVIS. */
export function isForgiven(area: number, low: number, high: number, row: number, rules: MatchRules): boolean {
  return area < low || area > high || rules.forgiven?.[row] === 1 || (rules.positiveArea === true && !(area > 0));
}
