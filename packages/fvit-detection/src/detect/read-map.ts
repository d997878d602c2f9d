import { type Tensor, tensor } from '@vitamin-vlm/core';
import { roiWeights } from '@vitamin-vlm/graph';

/**
 * CLIP's vectors of a few regions: RoIAlign with one bin on the dense CLIP map, made one long. The detector reads its thousand regions by a graph instead.
 *
 * @param dense - [1, E, h, w]
 * @param rois - N boxes [x1, y1, x2, y2] in pixels of the network's input.
 * @param stride - Pixels per cell.
 * @returns [N, E], unit vectors; zeros for a box without length.
 */
export function clipVectorsOf({ shape, data }: Tensor<'float32'>, rois: Float32Array, stride: number): Tensor<'float32'> {
  const [, channels = 0, height = 0, width = 0] = shape;
  const images = new Uint8Array(rois.length / 4);
  const { rows, columns } = roiWeights({ boxes: rois, images, maps: [1, height, width], size: [1, 1], scale: 1 / stride });
  const out = tensor('float32', [images.length, channels]);
  for (let roi = 0; roi < images.length; roi++) {
    const vector = out.data.subarray(roi * channels, (roi + 1) * channels);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const weight = rows.data[roi * height + y]! * columns.data[roi * width + x]!;
        if (weight === 0) continue;
        for (let c = 0; c < channels; c++) vector[c]! += weight * data[(c * height + y) * width + x]!;
      }
    }
    const length = Math.hypot(...vector);
    if (length > 0) for (let c = 0; c < channels; c++) vector[c]! /= length;
  }
  return out;
}

/** Mean of a map [1, C, h, w] over the cells of its top left corner that hold a part of the picture. Returns [C]. */
export function meanOfCorner(
  { shape, data }: Tensor<'float32'>,
  corner: { readonly width: number; readonly height: number },
  stride: number,
): Float32Array {
  const [, channels = 0, height = 0, width = 0] = shape;
  const [rows, columns] = [Math.min(Math.ceil(corner.height / stride), height), Math.min(Math.ceil(corner.width / stride), width)];
  return Float32Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) sum += data[(c * height + y) * width + x]!;
    return sum / (rows * columns);
  });
}
