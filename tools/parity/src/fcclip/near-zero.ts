import { pixelHash } from './full-pictures.ts';

/** More pixels than this are not tried in all combinations. */
const MOST = 12;

/**
 * The pixels of a mask as the original program has them in float64, told by their hash: those of ours, but for some whose logits are so near to 0 that float32 cannot tell
 * their sign.
 *
 * @param loss - What float32 can move a logit.
 * @returns undefined when no combination has the hash.
 */
export function maskWithHash(logits: Float64Array, loss: number, hash: number): Uint8Array | undefined {
  const pixels = Uint8Array.from(logits, (logit) => Number(logit > 0));
  if (pixelHash(pixels) === hash) return pixels;
  const unsure = nearZero(logits, loss);
  if (unsure.length > MOST) return undefined;
  for (let choice = 1; choice < 2 ** unsure.length; choice++) {
    const other = pixels.slice();
    for (const [i, at] of unsure.entries()) if ((choice >> i) & 1) other[at] = 1 - other[at]!;
    if (pixelHash(other) === hash) return other;
  }
  return undefined;
}

/** The area of a mask: the one expected, where pixels that float32 cannot tell make the difference; else the one found. */
export function plausibleArea(logits: Float64Array, loss: number, found: number, expected: number): number {
  return Math.abs(found - expected) <= nearZero(logits, loss).length ? expected : found;
}

function nearZero(logits: Float64Array, loss: number): number[] {
  const places: number[] = [];
  for (let i = 0; i < logits.length; i++) if (Math.abs(logits[i]!) < loss) places.push(i);
  return places;
}
