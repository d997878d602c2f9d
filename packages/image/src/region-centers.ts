import type { Box, LabelMap } from '@vitamin-vlm/core';

/** What is known about one label of a map. */
export interface Region {
  readonly label: number;
  /** Pixels with this label. */
  readonly area: number;
  /** The pixel of this label that lies deepest inside one of its parts; of several, the one in their middle if it is one of them. */
  readonly x: number;
  readonly y: number;
  /** Pixels from there to the nearest other label or edge of the picture, along rows and columns. */
  readonly depth: number;
  /** The smallest box around all of its pixels. */
  readonly box: Box;
}

/** The labels of a map, largest area first, each with its deepest point. */
export function regions(map: LabelMap): Region[] {
  const { width, height, data } = map;
  const depths = depthsOf(map);
  const tallies = new Map<number, Tally>();
  let label = -1;
  let tally = new Tally(0, 0);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (data[i] !== label) {
        label = data[i]!;
        tally = tallies.get(label) ?? new Tally(x, y);
        tallies.set(label, tally);
      }
      tally.add(x, y, depths[i]!);
    }
  }
  return Array.from(tallies, ([number, { area, depth, firstX, firstY, sumX, sumY, ties, left, right, top, bottom }]): Region => {
    const [x, y] = [Math.floor(sumX / ties), Math.floor(sumY / ties)];
    const isDeepest = data[y * width + x] === number && depths[y * width + x] === depth;
    const box = [left, top, right - left + 1, bottom - top + 1] as const;
    return { label: number, area, depth, x: isDeepest ? x : firstX, y: isDeepest ? y : firstY, box };
  }).toSorted((a, b) => b.area - a.area || a.label - b.label);
}

/** What is gathered about one label while the pixels pass by in reading order. */
class Tally {
  area = 0;
  depth = 0;
  /** The first pixel of the greatest depth, the number of pixels of that depth, and the sums of their places. */
  firstX = 0;
  firstY = 0;
  ties = 0;
  sumX = 0;
  sumY = 0;
  left: number;
  right: number;
  readonly top: number;
  bottom: number;

  constructor(x: number, y: number) {
    this.left = this.right = x;
    this.top = this.bottom = y;
  }

  add(x: number, y: number, depth: number): void {
    this.area++;
    if (x < this.left) this.left = x;
    if (x > this.right) this.right = x;
    this.bottom = y;
    if (depth > this.depth) {
      this.depth = depth;
      this.firstX = x;
      this.firstY = y;
      this.ties = this.sumX = this.sumY = 0;
    }
    if (depth === this.depth) {
      this.ties++;
      this.sumX += x;
      this.sumY += y;
    }
  }
}

/** Per pixel, the steps to the nearest other label or edge: the two-pass city-block distance transform (Rosenfeld and Pfaltz, 1966) over all labels at once. */
function depthsOf({ width, height, data }: LabelMap): Int32Array {
  const depth = new Int32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const left = x > 0 && data[i - 1] === data[i] ? depth[i - 1]! : 0;
      const up = y > 0 && data[i - width] === data[i] ? depth[i - width]! : 0;
      depth[i] = 1 + Math.min(left, up);
    }
  }
  for (let y = height - 1, i = width * height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--, i--) {
      const right = x < width - 1 && data[i + 1] === data[i] ? depth[i + 1]! : 0;
      const down = y < height - 1 && data[i + width] === data[i] ? depth[i + width]! : 0;
      depth[i] = Math.min(depth[i]!, 1 + Math.min(right, down));
    }
  }
  return depth;
}
