/** A COCO mask as run lengths: column after column, background first. `size` is [height, width]. */
export interface Rle {
  readonly size: readonly [height: number, width: number];
  readonly counts: readonly number[];
}

/** Left, top, width, height in whole pixels. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/** Run lengths of the pixels of `map` that equal `value`; `box` must hold them all. `map` is row-major. */
export function encodeRle(map: ArrayLike<number>, width: number, height: number, value: number, [bx, by, bw, bh]: Box): Rle {
  const counts: number[] = [];
  let run = bx * height;
  let inside = false;
  for (let x = bx; x < bx + bw; x++) {
    run += by;
    if (inside && by > 0) {
      counts.push(run - by);
      run = by;
      inside = false;
    }
    for (let y = by, at = by * width + x; y < by + bh; y++, at += width) {
      if ((map[at] === value) !== inside) {
        counts.push(run);
        run = 0;
        inside = !inside;
      }
      run++;
    }
    const rest = height - by - bh;
    if (inside && rest > 0) {
      counts.push(run);
      run = 0;
      inside = false;
    }
    run += rest;
  }
  run += (width - bx - bw) * height;
  if (inside && bx + bw < width) {
    counts.push(run - (width - bx - bw) * height);
    run = (width - bx - bw) * height;
  }
  counts.push(run);
  return { size: [height, width], counts };
}

/**
 * The mask of a run-length code: row-major, one byte a pixel, 1 inside.
 *
 * @example
 * ```ts
 * import { decodeRle, renderScene } from '@vitamin-vlm/picture-world';
 * const [thing] = renderScene(3).things;
 * if (thing) console.log(decodeRle(thing.mask).length);
 * ```
 */
export function decodeRle({ size: [height, width], counts }: Rle): Uint8Array {
  const mask = new Uint8Array(width * height);
  let at = 0;
  counts.forEach((count, i) => {
    if (i % 2 === 1) for (let k = at; k < at + count; k++) mask[(k % height) * width + Math.floor(k / height)] = 1;
    at += count;
  });
  return mask;
}

/** COCO's compressed form of the counts: differences to the count before last, five bits a character. */
export function rleString(counts: readonly number[]): string {
  let text = '';
  counts.forEach((count, i) => {
    let x = i > 2 ? count - counts[i - 2]! : count;
    for (let more = true; more;) {
      const bits = x & 31;
      x >>= 5;
      more = bits & 16 ? x !== -1 : x !== 0;
      text += String.fromCharCode((more ? bits | 32 : bits) + 48);
    }
  });
  return text;
}
