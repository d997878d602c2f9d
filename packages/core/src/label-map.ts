/** One label number per pixel, row-major. What the numbers mean stands beside the map: indices into a list of labels, or ids of segments. */
export interface LabelMap<Data extends Uint8Array | Uint16Array = Uint8Array | Uint16Array> {
  readonly width: number;
  readonly height: number;
  /** `width * height` numbers. The largest number of the type (255, 65535) marks a pixel without a label. */
  readonly data: Data;
}

/** The value of a pixel without a label in a map of 16 bits. */
export const UNLABELED = 65_535;

/**
 * The value of a pixel without a label: 255 in a map of 8 bits, 65535 in one of 16.
 *
 * @example
 * ```ts
 * import { unlabeledIn } from '@vitamin-vlm/core';
 * const map = { width: 2, height: 1, data: new Uint8Array([0, 255]) };
 * console.log(map.data.filter((label) => label !== unlabeledIn(map)).length); // 1
 * ```
 */
export function unlabeledIn({ data }: LabelMap): number {
  return data instanceof Uint8Array ? 255 : UNLABELED;
}
