import type { Box, LabelMap } from '@vitamin-vlm/core';
import type { MaskReader, Tile } from './mask-reader.ts';
import { sigmoid } from './sigmoid.ts';

/** 1 and a little, for rounding. */
const CLOSE = 1 + 1e-9;

/** Which masks become segments. */
export interface PanopticOptions {
  /** Only masks whose best class scores above this count. */
  readonly score: number;
  /** A mask of which a smaller share is left by the others is dropped. */
  readonly overlap: number;
}

/** A mask that may become a segment. */
export interface Candidate {
  readonly query: number;
  readonly class: number;
  readonly score: number;
}

/** A candidate with what is left of it. In pixels of the picture. */
export interface MeasuredCandidate extends Candidate {
  /** Pixels where it is the strongest. */
  readonly won: number;
  /** Pixels where its mask is at least one half. */
  readonly whole: number;
}

/** A segment, its class as an index. */
export interface FoundSegment {
  /** Value of its pixels in the map. */
  readonly id: number;
  readonly class: number;
  /** Of the best mask in it. */
  readonly score: number;
  readonly area: number;
  readonly box: Box;
}

/** A picture cut into segments. */
export interface FoundPanoptic {
  readonly map: LabelMap<Uint16Array>;
  readonly segments: readonly FoundSegment[];
  /** Every mask that was considered, in the order of the queries. */
  readonly candidates: readonly MeasuredCandidate[];
}

/**
 * The masks that may become segments: those whose best class is not "nothing" and scores above the limit, in the order of the queries.
 *
 * @param probabilities - [Q, columns], "nothing" last.
 */
export function panopticCandidates(probabilities: Float32Array, columns: number, score: number): Candidate[] {
  const candidates: Candidate[] = [];
  for (let query = 0; query < probabilities.length / columns; query++) {
    const row = probabilities.subarray(query * columns, (query + 1) * columns);
    let best = 0;
    for (let k = 1; k < columns; k++) if (row[k]! > row[best]!) best = k;
    if (best < columns - 1 && row[best]! > score) candidates.push({ query, class: best, score: row[best]! });
  }
  return candidates;
}

/**
 * Mask2Former's panoptic inference: each pixel goes to the candidate with the largest score · mask; what a mask has won counts where the mask itself is at least one
 * half; a mask that has lost too much to others is dropped; all masks of one kind of stuff are one segment.
 *
 * @param wholes - For each query the pixels where its mask is at least one half (`maskAreas`).
 * @param isThing - By class.
 * @param turn - Called between tiles.
 */
export async function panopticMap(
  reader: MaskReader,
  candidates: readonly Candidate[],
  wholes: Float64Array,
  {
    isThing,
    overlap,
    turn,
  }: { readonly isThing: (index: number) => boolean; readonly overlap: number; readonly turn: () => Promise<void> | undefined },
): Promise<FoundPanoptic> {
  const { width, height } = reader;
  // Until the segments are known: twice the winner's place, plus 1 where its mask is at least one half.
  const data = new Uint16Array(width * height);
  const won = new Float64Array(candidates.length);
  const inside = new Float64Array(candidates.length);
  const contest = new Contest(reader, candidates);
  for (const tile of candidates.length > 0 ? reader.columns.flat() : []) {
    contest.decide(tile, data, won, inside);
    await turn();
  }
  const measured = candidates.map((candidate, i) => ({ ...candidate, won: won[i]!, whole: wholes[candidate.query]! }));
  const { ids, segments } = numberSegments(measured, inside, isThing, overlap);
  const sizes = await paint(data, width, ids, turn);
  return {
    map: { width, height, data },
    segments: segments.map((segment) => ({ ...segment, ...sizes.get(segment.id)! })),
    candidates: measured,
  };
}

/** Who wins a pixel. */
class Contest {
  readonly #reader: MaskReader;
  readonly #candidates: readonly Candidate[];
  readonly #logits: Float64Array;
  readonly #best: Float64Array;
  readonly #most: Float64Array;

  constructor(reader: MaskReader, candidates: readonly Candidate[]) {
    this.#reader = reader;
    this.#candidates = candidates;
    this.#logits = new Float64Array(reader.tilePixels);
    this.#best = new Float64Array(reader.tilePixels);
    this.#most = new Float64Array(candidates.length);
  }

  /** Writes the winners of a tile and counts what they have won. */
  decide(tile: Tile, data: Uint16Array, won: Float64Array, inside: Float64Array): void {
    const { left, top, width, height } = tile;
    const best = this.#best.fill(-1, 0, width * height);
    const logits = this.#logits;
    const limit = this.#limits(tile);
    for (const [place, { query, score }] of this.#candidates.entries()) {
      if (this.#most[place]! < limit) continue; // cannot win anywhere in the tile
      this.#reader.read(query, tile, logits);
      for (let y = 0, i = 0; y < height; y++) {
        const line = (top + y) * this.#reader.width + left;
        for (let x = 0; x < width; x++, i++) {
          const logit = logits[i]!;
          // 1 + e^-x is more than 1 and no less than 2 - x: most pixels are decided without the exponential.
          if (score * CLOSE < best[i]! * Math.max(1, 2 - logit)) continue;
          const value = score * sigmoid(logit);
          if (value <= best[i]!) continue;
          best[i] = value;
          data[line + x] = 2 * place + Number(logit >= 0);
        }
      }
    }
    for (let y = 0; y < height; y++) {
      const line = (top + y) * this.#reader.width + left;
      for (let x = 0; x < width; x++) {
        const winner = data[line + x]!;
        won[winner >> 1]!++;
        inside[winner >> 1]! += winner & 1;
      }
    }
  }

  /** Sets the most that each candidate can reach in a tile; returns what one of them reaches at every pixel, a little less for rounding. */
  #limits(tile: Tile): number {
    let limit = 0;
    for (const [place, { query, score }] of this.#candidates.entries()) {
      this.#most[place] = score * sigmoid(this.#reader.most(query, tile));
      limit = Math.max(limit, score * sigmoid(this.#reader.least(query, tile)));
    }
    return limit * (1 - 1e-9);
  }
}

/** Ids of the candidates' segments, 0 for those that are dropped, and the segments in the order of their ids. */
function numberSegments(
  candidates: readonly MeasuredCandidate[],
  inside: Float64Array,
  isThing: (index: number) => boolean,
  overlap: number,
): { ids: Uint16Array; segments: Omit<FoundSegment, 'area' | 'box'>[] } {
  const ids = new Uint16Array(candidates.length);
  const stuff = new Map<number, number>();
  const segments: Omit<FoundSegment, 'area' | 'box'>[] = [];
  for (const [place, { class: index, score, won, whole }] of candidates.entries()) {
    if (won === 0 || whole === 0 || inside[place] === 0 || won / whole < overlap) continue;
    const known = isThing(index) ? undefined : stuff.get(index);
    const id = known ?? segments.length + 1;
    ids[place] = id;
    if (known === undefined) {
      segments.push({ id, class: index, score });
      if (!isThing(index)) stuff.set(index, id);
    } else if (score > segments[id - 1]!.score) segments[id - 1] = { id, class: index, score };
  }
  return { ids, segments };
}

/** Turns winners into ids of segments, in place, and measures them. */
async function paint(
  data: Uint16Array,
  width: number,
  ids: Uint16Array,
  turn: () => Promise<void> | undefined,
): Promise<Map<number, Pick<FoundSegment, 'area' | 'box'>>> {
  const count = ids.reduce((most, id) => Math.max(most, id), 0) + 1;
  const areas = new Float64Array(count);
  const sides = {
    left: new Int32Array(count).fill(width),
    right: new Int32Array(count),
    top: new Int32Array(count).fill(-1),
    bottom: new Int32Array(count),
  };
  for (let y = 0, i = 0; i < data.length; y++) {
    for (let x = 0; x < width; x++, i++) {
      const winner = data[i]!;
      const id = (winner & 1) === 0 ? 0 : ids[winner >> 1]!;
      data[i] = id;
      if (id === 0) continue;
      areas[id]!++;
      if (x < sides.left[id]!) sides.left[id] = x;
      if (x > sides.right[id]!) sides.right[id] = x;
      if (sides.top[id] === -1) sides.top[id] = y;
      sides.bottom[id] = y;
    }
    await turn();
  }
  const measures = Array.from({ length: count }, (_, id): [number, Pick<FoundSegment, 'area' | 'box'>] => {
    const [left, top] = [sides.left[id]!, sides.top[id]!];
    return [id, { area: areas[id]!, box: [left, top, sides.right[id]! - left + 1, sides.bottom[id]! - top + 1] }];
  });
  return new Map(measures);
}
