/** For each pixel along one side of the picture: the cells that it is read from, and how much of each. */
export interface AxisTaps {
  /** First cell of each pixel. */
  readonly starts: Int32Array;
  /** `span` weights for each pixel, of its cells in turn; they sum to 1. */
  readonly weights: Float64Array;
  /** Cells at most. */
  readonly span: number;
}

/** What a side of a picture was on the way through the network. */
export interface AxisSizes {
  /** Cells of the mask. */
  readonly cells: number;
  /** Pixels of the canvas. */
  readonly canvas: number;
  /** Pixels of the canvas that are kept: the part with the picture. */
  readonly kept: number;
  /** Pixels of the picture. */
  readonly pixels: number;
}

/**
 * Two bilinear resizes with half-pixel centers and a crop between them as one linear map: from the cells of a mask to the canvas, its first `kept` pixels, to the
 * pixels of the picture. Both are separable, so one of these for rows and one for columns say everything.
 */
export function axisTaps({ cells, canvas, kept, pixels }: AxisSizes): AxisTaps {
  const rows = Array.from({ length: pixels }, (_, pixel) => {
    const weights = new Map<number, number>();
    for (const [at, share] of pair(pixel, kept, pixels)) {
      for (const [cell, part] of pair(at, cells, canvas)) weights.set(cell, (weights.get(cell) ?? 0) + share * part);
    }
    return weights;
  });
  const starts = Int32Array.from(rows, (row) => Math.min(...row.keys()));
  const span = rows.reduce((most, row, i) => Math.max(most, Math.max(...row.keys()) - starts[i]! + 1), 1);
  const weights = new Float64Array(pixels * span);
  for (const [i, row] of rows.entries()) {
    // All `span` cells must exist, also at the end.
    starts[i] = Math.max(Math.min(starts[i]!, cells - span), 0);
    for (const [cell, weight] of row) weights[i * span + cell - starts[i]] = weight;
  }
  return { starts, weights, span };
}

/** The two places of an axis of extent `from` that place `d` of extent `to` lies between. */
function pair(d: number, from: number, to: number): [place: number, share: number][] {
  const at = Math.max((d + 0.5) * (from / to) - 0.5, 0);
  const low = Math.min(Math.floor(at), from - 1);
  return [
    [low, 1 - (at - low)],
    [Math.min(low + 1, from - 1), at - low],
  ];
}

/** Python's `round`: halves go to the even neighbor. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
