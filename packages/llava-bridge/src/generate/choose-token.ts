/** How the next token is chosen of its scores. */
export interface SamplingOptions {
  /** 0 (default) takes the best one. Scores are divided by it before the rest. */
  readonly temperature?: number | undefined;
  /** Only so many of the best. Default: all. */
  readonly topK?: number | undefined;
  /** Only the best ones that together have this probability. Default 1: all. */
  readonly topP?: number | undefined;
  /** Above 1: scores of tokens that stand in the text already are divided by it, negative ones multiplied. Default 1. */
  readonly repetitionPenalty?: number | undefined;
  /** Equal seeds give equal answers. Default 0. */
  readonly seed?: number | undefined;
}

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The index of the largest number; the first of equal ones. */
export function bestOf(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}

/**
 * Chooses a token in the order of transformers: penalty, temperature, top-k, top-p, then one at random.
 *
 * @param scores - [V]; changed by the penalty.
 * @param before - Ids that stand in the text already.
 */
export function chooseToken(
  scores: Float32Array,
  before: Iterable<number>,
  { temperature = 0, topK = Number.POSITIVE_INFINITY, topP = 1, repetitionPenalty = 1 }: SamplingOptions,
  random: () => number,
): number {
  if (repetitionPenalty !== 1) {
    for (const id of new Set(before)) scores[id] = scores[id]! < 0 ? scores[id]! * repetitionPenalty : scores[id]! / repetitionPenalty;
  }
  if (temperature === 0) return bestOf(scores);
  const order = Uint32Array.from(scores.keys()).toSorted((a, b) => scores[b]! - scores[a]! || a - b);
  const kept = order.subarray(0, Math.max(1, Math.min(topK, order.length)));
  const top = scores[kept[0]!]!;
  const weights = Float64Array.from(kept, (id) => Math.exp((scores[id]! - top) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // The token that completes the probability is kept as well.
  let [count, mass] = [0, 0];
  while (count < weights.length && (count === 0 || mass < topP * total)) mass += weights[count++]!;
  let left = random() * mass;
  for (let i = 0; i < count; i++) {
    left -= weights[i]!;
    if (left < 0) return kept[i]!;
  }
  return kept[count - 1]!;
}
