import { tensor, VitaminError } from '@vitamin-vlm/core';
import { expectInteger, expectTypes, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import { formatShape, staticShape } from '../shape.ts';
import { mul } from './arithmetic.ts';
import { cast } from './cast.ts';
import { windowCount } from './window.ts';

/** How the window of `averagePool` moves, the same in both directions. */
export interface PoolOptions {
  readonly kernel: number;
  readonly stride: number;
  /** On all four sides, less than `kernel`. */
  readonly padding: number;
}

/**
 * Mean over windows; pixels of the padding are not counted (PyTorch's count_include_pad=False, ONNX's default). x: [N, C, H, W].
 * Gradient: every output spreads dy / count over its window, which is a depthwise transposed convolution with ones.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit and for a window larger than the padded picture.
 * @example
 * ```ts
 * import { averagePool, Graph } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 64, 56, 56]);
 * graph.output('y', averagePool(x, { kernel: 3, stride: 2, padding: 1 })); // [N, 64, 28, 28]
 * ```
 */
export function averagePool(x: Value, { kernel, stride, padding }: PoolOptions): Value {
  expectTypes('AveragePool', singles, x);
  expectInteger('the kernel', kernel, 1);
  expectInteger('the stride', stride, 1);
  expectInteger('the padding', padding, 0);
  if (padding >= kernel) throw new VitaminError('USAGE', `Expected less padding than the kernel of ${kernel} but received ${padding}`);
  const [n, c, h, w] = x.shape;
  if (x.shape.length !== 4 || typeof h !== 'number' || typeof w !== 'number') {
    throw new VitaminError('USAGE', `Expected [N, C, H, W] with fixed H and W but received ${formatShape(x.shape)}`);
  }
  const height = windowCount(h, kernel, stride, 2 * padding) as number;
  const width = windowCount(w, kernel, stride, 2 * padding) as number;
  const pads = [padding, padding, padding, padding];
  const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads };
  return x.graph.node({
    op: 'AveragePool',
    inputs: [x],
    attributes: { ...attributes, count_include_pad: 0 },
    dtype: x.dtype,
    shape: [n!, c!, height, width],
    gradient: [
      (dy) => {
        const [, channels] = staticShape(x.shape, 'a pooling gradient') as [number, number];
        const rows = windowSizes(h, height, kernel, stride, padding);
        const columns = windowSizes(w, width, kernel, stride, padding);
        const share = Float32Array.from({ length: height * width }, (_, i) => 1 / (rows[Math.floor(i / width)]! * columns[i % width]!));
        const ones = x.graph.scalar(1, x.dtype, [channels, 1, kernel, kernel]);
        const rest = (extent: number): number => (extent + 2 * padding - kernel) % stride;
        return x.graph.node({
          op: 'ConvTranspose',
          inputs: [mul(dy, cast(x.graph.constant(tensor('float32', [height, width], share)), x.dtype)), ones],
          attributes: { ...attributes, group: channels, output_padding: [rest(h), rest(w)] },
          dtype: x.dtype,
          shape: x.shape,
        });
      },
    ],
  });
}

/** How many real pixels each window covers along one side. */
function windowSizes(extent: number, count: number, kernel: number, stride: number, padding: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.min(i * stride - padding + kernel, extent) - Math.max(i * stride - padding, 0));
}
