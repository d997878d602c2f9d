/** A repeatable generator of numbers from 0 to 1 (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draws as many images as there are, with replacement: how often each was drawn. */
export function drawWeights(next: () => number, weights: Int32Array): void {
  weights.fill(0);
  for (let i = 0; i < weights.length; i++) weights[Math.floor(next() * weights.length)]!++;
}

/** How far a number varies over resamples. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Share of the resamples in which it is above 0, ties half: near 0 or 1 where a difference is more than chance. */
  readonly above: number;
}

/** The middle `confidence` of what was drawn (percentiles, linear between two); null when nothing could be drawn. NaN: not drawn. */
export function intervalOf(values: Float64Array, confidence: number): Interval | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted();
  if (sorted.length === 0) return null;
  let above = 0;
  for (const value of sorted) above += value > 0 ? 1 : value === 0 ? 0.5 : 0;
  return {
    low: quantile(sorted, (1 - confidence) / 2),
    high: quantile(sorted, (1 + confidence) / 2),
    above: above / sorted.length,
  };
}

function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const [a, b] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
  return a + (b - a) * (at - low);
}
