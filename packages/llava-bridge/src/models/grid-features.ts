import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { add, reshape, transpose, type Value } from '@vitamin-vlm/graph';

/** What becomes of the tower's grid before the projector. LLaVA-1.5 does neither. */
export interface GridRule {
  /** Whether each cell is told where it lies. */
  readonly positions: boolean;
  /** Neighbors along each side that are laid side by side as one token: `merge`² fewer tokens, as many times wider. */
  readonly merge: number;
}

/** LLaVA-1.5's. */
export const PLAIN_GRID: GridRule = { positions: false, merge: 1 };

/**
 * Features of a grid, row by row, as a projector takes them: [N, height · width, C] -> [N, height · width / merge², C · merge²]. The four cells of a merged
 * token stand row by row.
 *
 * @param height - Cells of a column, a multiple of `merge`; so are those of a row, `width`.
 * @throws VitaminError `USAGE` for a grid that does not divide, and for positions in a number of channels that is no multiple of 4.
 * @example
 * ```ts
 * import { Graph } from '@vitamin-vlm/graph';
 * import { gridFeatures } from '@vitamin-vlm/llava-bridge';
 * const graph = new Graph('g');
 * const features = graph.input('features', 'float32', ['N', 256, 192]);
 * graph.output('merged', gridFeatures(features, { positions: true, merge: 2 }, 16, 16)); // [N, 64, 768]
 * ```
 */
export function gridFeatures(x: Value, { positions, merge }: GridRule, height: number, width: number): Value {
  const [n, , channels] = x.shape as [Value['shape'][0] & {}, unknown, number];
  if (height % merge !== 0 || width % merge !== 0 || (positions && channels % 4 !== 0)) {
    throw new VitaminError(
      'USAGE',
      `Expected a grid that divides by ${merge} but received ${height} x ${width} cells of ${channels} channels`,
    );
  }
  const placed = positions ? add(x, x.graph.constant(gridPositions(height, width, channels))) : x;
  if (merge === 1) return placed;
  const [rows, columns] = [height / merge, width / merge];
  const cells = reshape(placed, [n, rows, merge, columns, merge, channels]);
  return reshape(transpose(cells, [0, 1, 3, 2, 4, 5]), [n, rows * columns, merge * merge * channels]);
}

/**
 * Fixed sines and cosines of row and column, a quarter of the channels each: sin y, cos y, sin x, cos x (Chen et al., arXiv:2104.02057, their code's
 * `build_2d_sincos_position_embedding`). [height · width, channels]
 */
function gridPositions(height: number, width: number, channels: number): Tensor<'float32'> {
  const quarter = channels / 4;
  const all = tensor('float32', [height * width, channels]);
  for (let cell = 0; cell < height * width; cell++) {
    for (const [i, place] of [Math.floor(cell / width), cell % width].entries()) {
      for (let k = 0; k < quarter; k++) {
        const angle = place * 10_000 ** (-k / quarter);
        const at = cell * channels + 2 * i * quarter + k;
        all.data[at] = Math.sin(angle);
        all.data[at + quarter] = Math.cos(angle);
      }
    }
  }
  return all;
}
