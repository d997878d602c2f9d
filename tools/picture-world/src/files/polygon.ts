import type { Box } from '../rle.ts';

/** A closed ring of pixel corners: x0, y0, x1, y1, ... */
type Ring = number[];

/**
 * The mask as COCO polygons along the pixel edges, so that COCO's rasterizer gives back exactly the mask. One polygon for each
 * 4-connected part; a hole joins its part's ring by a bridge that is walked there and back and so encloses nothing.
 *
 * @param mask row-major, non-zero inside
 * @param box a rectangle that holds the whole mask, to search no more than that
 * @example
 * ```ts
 * import { maskToPolygons } from '@vitamin-vlm/picture-world';
 * console.log(maskToPolygons(new Uint8Array([0, 1, 0, 1]), 2, 2)); // [[1, 0, 2, 0, 2, 2, 1, 2]]
 * ```
 */
export function maskToPolygons(mask: Uint8Array, width: number, height: number, box: Box = [0, 0, width, height]): number[][] {
  const rings = traceRings(mask, width, height, box);
  const outer = rings.filter((ring) => signedArea(ring) > 0);
  for (const hole of rings.filter((ring) => signedArea(ring) < 0)) {
    const around = outer.length === 1 ? outer[0]! : outerRingOf(hole, outer);
    bridge(around, hole);
  }
  return outer;
}

/** Follows all pixel edges with the mask on the right hand (y downward): outer rings turn clockwise, holes the other way. */
function traceRings(mask: Uint8Array, width: number, height: number, [left, top, across, down]: Box): Ring[] {
  const inside = (x: number, y: number): boolean => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] !== 0;
  const seen = new Uint8Array(width * height);
  const rings: Ring[] = [];
  for (let y = top; y < top + down; y++) {
    for (let x = left; x < left + across; x++) {
      // Every ring has an upper edge somewhere: it starts at the first one not walked yet.
      if (inside(x, y) && !inside(x, y - 1) && seen[y * width + x] === 0) rings.push(walk(x, y, inside, seen, width));
    }
  }
  return rings;
}

/** Unit steps right, down, left, up; for each the pixels ahead on the right hand and on the left hand of a corner. */
const steps = [
  { dx: 1, dy: 0, right: [0, 0], left: [0, -1] },
  { dx: 0, dy: 1, right: [-1, 0], left: [0, 0] },
  { dx: -1, dy: 0, right: [-1, -1], left: [-1, 0] },
  { dx: 0, dy: -1, right: [0, -1], left: [-1, -1] },
] as const;

function walk(startX: number, startY: number, inside: (x: number, y: number) => boolean, seen: Uint8Array, width: number): Ring {
  const ring: Ring = [startX, startY];
  let [x, y, direction] = [startX, startY, 0];
  do {
    const { dx, dy } = steps[direction]!;
    if (direction === 0) seen[y * width + x] = 1;
    x += dx;
    y += dy;
    const turn = nextDirection(x, y, direction, inside);
    if (turn !== direction) ring.push(x, y);
    direction = turn;
  } while (x !== startX || y !== startY || direction !== 0);
  // A ring never runs straight through its start, so that the start was put down again at the end.
  return ring.slice(0, -2);
}

/** At a corner: straight on while the mask is on the right only; right turns first, so that parts touching at a corner stay apart. */
function nextDirection(x: number, y: number, direction: number, inside: (x: number, y: number) => boolean): number {
  const { right, left } = steps[direction]!;
  if (!inside(x + right[0], y + right[1])) return (direction + 1) % 4;
  return inside(x + left[0], y + left[1]) ? (direction + 3) % 4 : direction;
}

/** Twice the enclosed area, positive for outer rings. */
function signedArea(ring: Ring): number {
  let sum = 0;
  for (let i = 0; i < ring.length; i += 2) {
    const next = (i + 2) % ring.length;
    sum += ring[i]! * ring[next + 1]! - ring[next]! * ring[i + 1]!;
  }
  return sum;
}

/** The smallest ring around a hole. */
function outerRingOf(hole: Ring, outer: readonly Ring[]): Ring {
  const [x, y] = [hole[0]! + 0.5, hole[1]! - 0.5];
  const around = outer.filter((ring) => contains(ring, x, y));
  return around.reduce((best, ring) => (signedArea(ring) < signedArea(best) ? ring : best));
}

function contains(ring: Ring, x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    const [xi, yi, xj, yj] = [ring[i]!, ring[i + 1]!, ring[j]!, ring[j + 1]!];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

/** Inserts the hole into the ring after the ring's corner nearest to the hole's first one. */
function bridge(ring: Ring, hole: Ring): void {
  const [hx, hy] = [hole[0]!, hole[1]!];
  let best = 0;
  for (let i = 2; i < ring.length; i += 2) {
    if ((ring[i]! - hx) ** 2 + (ring[i + 1]! - hy) ** 2 < (ring[best]! - hx) ** 2 + (ring[best + 1]! - hy) ** 2) best = i;
  }
  ring.splice(best + 2, 0, ...hole, hx, hy, ring[best]!, ring[best + 1]!);
}
