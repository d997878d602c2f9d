/** Where a picture lies in the input of a network. */
export interface ImageGeometry {
  /** Size of the picture after its EXIF orientation, in its own pixels. */
  readonly width: number;
  readonly height: number;
  /** Size of the network's input, in input pixels. */
  readonly inputWidth: number;
  readonly inputHeight: number;
  /**
   * The rectangle of the whole picture in input pixels. Smaller than the input where it was padded; beyond it (negative `left` or `top`)
   * where the picture was cropped.
   */
  readonly region: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
}

/** For each pixel along one side of the picture: the two cells it lies between and how far it is towards the second. */
export interface CellPairs {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly fraction: Float32Array;
}

/**
 * Bilinear pairs with half-pixel centers (torch `align_corners=False`) from the cells of a map to the pixels of the picture.
 * Cells that hold padding only are never read: positions beyond the picture's cells take the nearest of them.
 *
 * @param pixels - Pixels of the picture along the side.
 * @param cells - Cells of the map along the side.
 * @param input - Input pixels along the side, all cells together.
 */
export function cellPairs(pixels: number, cells: number, input: number, start: number, length: number): CellPairs {
  const cell = input / cells;
  const low = Math.min(Math.max(Math.floor(start / cell), 0), cells - 1);
  const high = Math.min(Math.max(Math.ceil((start + length) / cell) - 1, low), cells - 1);
  const pairs: CellPairs = { first: new Int32Array(pixels), second: new Int32Array(pixels), fraction: new Float32Array(pixels) };
  for (let i = 0; i < pixels; i++) {
    const at = (start + ((i + 0.5) * length) / pixels) / cell - 0.5;
    const position = Math.min(Math.max(at, low), high);
    const first = Math.floor(position);
    pairs.first[i] = first;
    pairs.second[i] = Math.min(first + 1, high);
    pairs.fraction[i] = position - first;
  }
  return pairs;
}
