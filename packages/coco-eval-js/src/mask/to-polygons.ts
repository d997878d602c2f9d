import { CocoEvalError } from '../errors.ts';
import { Components } from './components.ts';
import { decodeMask } from './rle.ts';
import type { Rle } from './types.ts';

const FOREGROUND = 1;
/** The pixel's upper border was walked. */
const WALKED = 2;
/** Right, down, left, up. */
const STEP_X = [1, 0, -1, 0] as const;
const STEP_Y = [0, 1, 0, -1] as const;

/** What hangs together in a mask, by its borders as `[x1, y1, x2, y2, ...]`, corners only. */
export interface MaskPiece {
  /** Clockwise as seen in the picture, from the highest pixel of the piece. */
  readonly outline: readonly number[];
  /** The other way round. */
  readonly holes: readonly (readonly number[])[];
}

/**
 * A mask as its 4-connected pieces with their holes, along pixel borders: filled again they are exactly the same pixels.
 *
 * @throws CocoEvalError `LIMIT` beyond 2^28 pixels, `BAD_MASK` when the runs exceed the size
 * @example
 * ```ts
 * import { encodeMask, rleToPieces } from 'coco-eval-js';
 * console.log(rleToPieces(encodeMask(new Uint8Array([0, 1, 0, 1]), 2, 2))); // [{ outline: [1, 0, 2, 0, 2, 2, 1, 2], holes: [] }]
 * ```
 */
export function rleToPieces(rle: Rle): MaskPiece[] {
  const [height, width] = rle.size;
  const mask = decodeMask(rle, 'row');
  const components = new Components(rle);
  const pieces = new Map<number, { outline: number[]; holes: number[][] }>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const pixel = mask[y * width + x]!;
      if (pixel !== FOREGROUND || (y > 0 && (mask[(y - 1) * width + x]! & FOREGROUND) !== 0)) continue;
      const ring = walk(mask, height, width, x, y);
      const label = components.label(x, y);
      const piece = pieces.get(label);
      // Row by row, the highest border of a piece is its outline; its holes follow.
      if (piece === undefined) pieces.set(label, { outline: ring, holes: [] });
      else piece.holes.push(ring);
    }
  }
  return [...pieces.values()];
}

/**
 * A mask as polygons along its pixel borders, one for each 4-connected piece. Rasterized again they give exactly the same mask: a hole is joined to
 * its outline by a line there and back, which the even-odd rule cancels.
 *
 * @throws CocoEvalError `LIMIT` beyond 2^28 pixels, `BAD_MASK` when the runs exceed the size
 * @example
 * ```ts
 * import { encodeMask, rleToPolygons } from 'coco-eval-js';
 * console.log(rleToPolygons(encodeMask(new Uint8Array([0, 1, 0, 1]), 2, 2))); // [[1, 0, 2, 0, 2, 2, 1, 2]]
 * ```
 */
export function rleToPolygons(rle: Rle): number[][] {
  return rleToPieces(rle).map(({ outline, holes }) => {
    const [x, y] = outline as readonly [number, number, ...number[]];
    return [outline, ...holes.map((hole) => [x, y, ...hole, hole[0]!, hole[1]!])].flat();
  });
}

/** Walks one border with the foreground on the right hand, from the upper left corner of pixel (x, y) to the right; corners only. */
function walk(mask: Uint8Array, height: number, width: number, startX: number, startY: number): number[] {
  const inside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && (mask[y * width + x]! & FOREGROUND) !== 0;
  const ring: number[] = [];
  let [x, y, direction] = [startX, startY, 0];
  // Every border point is passed at most twice, so a longer walk is a fault of this function.
  for (let steps = 0; steps <= 4 * (height + 1) * (width + 1); steps++) {
    if (direction === 0) mask[y * width + x]! |= WALKED;
    x += STEP_X[direction]!;
    y += STEP_Y[direction]!;
    const next = turn(inside, x, y, direction);
    if (next !== direction) ring.push(x, y);
    direction = next;
    if (x === startX && y === startY && direction === 0) return rotated(ring);
  }
  throw new CocoEvalError('BAD_MASK', 'Expected the border of a mask to close');
}

/** At a corner: right when the pixel ahead on the right is background (pixels that only touch at corners stay apart), else straight on, else left. */
function turn(inside: (x: number, y: number) => boolean, x: number, y: number, direction: number): number {
  // The pixels ahead of the corner (x, y), by direction: right, down, left, up.
  const ahead = [
    [x, y, x, y - 1],
    [x - 1, y, x, y],
    [x - 1, y - 1, x - 1, y],
    [x, y - 1, x - 1, y - 1],
  ][direction]!;
  if (!inside(ahead[0]!, ahead[1]!)) return (direction + 1) % 4;
  return inside(ahead[2]!, ahead[3]!) ? (direction + 3) % 4 : direction;
}

/** The starting corner, found last, comes first. */
function rotated(ring: readonly number[]): number[] {
  return [...ring.slice(-2), ...ring.slice(0, -2)];
}
