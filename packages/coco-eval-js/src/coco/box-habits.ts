import type { ImageInfo } from './types.ts';
import type { WarningLog } from './warnings.ts';

/** Fewer boxes show no habit. */
const FEW = 3;
/** Part of the boxes that must leave their image before corners are suspected. */
const MANY_OUTSIDE = 0.1;

/** Notices boxes written in another way than `[x, y, width, height]` in pixels, which the reference compares all the same. */
export class BoxHabits {
  readonly #list: 'annotations' | 'results';
  #count = 0;
  /** All four numbers from 0 to 1. */
  #fractions = 0;
  /** The last two numbers larger than the first two, as those of a far corner. */
  #growing = 0;
  /** Ending beyond the image. */
  #outside = 0;

  constructor(list: 'annotations' | 'results') {
    this.#list = list;
  }

  /** Looks at the box at `boxes[at]`, which lies in an image of that size. */
  add(boxes: Float64Array, at: number, image: Pick<ImageInfo, 'width' | 'height'>): void {
    const x = boxes[at]!;
    const y = boxes[at + 1]!;
    const w = boxes[at + 2]!;
    const h = boxes[at + 3]!;
    this.#count++;
    if (w <= 1 && h <= 1 && x <= 1 && y <= 1 && x >= 0 && y >= 0 && w > 0 && h > 0) this.#fractions++;
    if (!(w > x && h > y)) return;
    this.#growing++;
    if (x + w > (image.width ?? Infinity) + 1 || y + h > (image.height ?? Infinity) + 1) this.#outside++;
  }

  /** Counts what was noticed. */
  warn(warnings: WarningLog): void {
    const count = this.#count;
    if (count === 0) return;
    if (this.#fractions === count) {
      const message = `${this.#list} with boxes within 0..1, all of them: coordinates are pixels, multiply fractions by the size of the image`;
      warnings.count(`boxes-as-fractions-${this.#list}`, message, count, 0);
    } else if (count >= FEW && this.#growing === count && this.#outside > MANY_OUTSIDE * count) {
      const message = `${this.#list} with boxes that look like [x1, y1, x2, y2], all of them: a box is [x, y, width, height]`;
      warnings.count(`boxes-as-corners-${this.#list}`, message, count, 0);
    }
  }
}
