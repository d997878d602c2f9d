import type { LabelMap } from '@vitamin-vlm/core';

/** Different values of a 16-bit label. */
const LABELS = 2 ** 16;

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
}

/**
 * The labels of a map, largest area first, each with its deepest point: the two-pass city-block distance transform (Rosenfeld and Pfaltz, 1966)
 * over all labels at once.
 */
export function regions({ width, height, data }: LabelMap): Region[] {
  const depth = new Int32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const left = x > 0 && data[i - 1] === data[i] ? depth[i - 1]! : 0;
      const up = y > 0 && data[i - width] === data[i] ? depth[i - width]! : 0;
      depth[i] = 1 + Math.min(left, up);
    }
  }
  const area = new Int32Array(LABELS);
  const deepest = new Int32Array(LABELS);
  const at = new Int32Array(LABELS);
  const ties = new Int32Array(LABELS); // pixels as deep as the deepest, and the sums of their places
  const sumX = new Float64Array(LABELS);
  const sumY = new Float64Array(LABELS);
  for (let y = height - 1, i = width * height - 1; y >= 0; y--) {
    for (let x = width - 1; x >= 0; x--, i--) {
      const label = data[i]!;
      const right = x < width - 1 && data[i + 1] === label ? depth[i + 1]! : 0;
      const down = y < height - 1 && data[i + width] === label ? depth[i + width]! : 0;
      const own = (depth[i] = Math.min(depth[i]!, 1 + Math.min(right, down)));
      area[label] = area[label]! + 1;
      if (own > deepest[label]!) {
        deepest[label] = own;
        at[label] = i;
        ties[label] = 0;
        sumX[label] = 0;
        sumY[label] = 0;
      }
      if (own === deepest[label]) {
        ties[label] = ties[label]! + 1;
        sumX[label] = sumX[label]! + x;
        sumY[label] = sumY[label]! + y;
      }
    }
  }
  return Array.from({ length: LABELS }, (_, label) => label)
    .filter((label) => area[label]! > 0)
    .toSorted((a, b) => area[b]! - area[a]!)
    .map((label) => {
      const middle = Math.floor(sumY[label]! / ties[label]!) * width + Math.floor(sumX[label]! / ties[label]!);
      const isDeepest = data[middle] === label && depth[middle] === deepest[label];
      const place = isDeepest ? middle : at[label]!;
      return { label, area: area[label]!, x: place % width, y: Math.floor(place / width), depth: deepest[label]! };
    });
}
