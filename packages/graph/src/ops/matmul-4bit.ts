import { sizeOf, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { expectTypes, singles } from '../expect.ts';
import type { Value } from '../graph.ts';
import { formatShape, sameShape } from '../shape.ts';

/** A weight [out, in] in 4 bits: in blocks along a row, each number times 1/16 of its block's range. */
export interface PackedWeight<T> {
  /** uint8 [out, ⌈in/block⌉, block/2], two numbers a byte, the first one in the lower half; 8 stands for 0. */
  readonly packed: T;
  /** [out, ⌈in/block⌉]: what one step of a block is worth. */
  readonly scales: T;
}

function expectBlock(block: number): void {
  if ([16, 32, 64, 128, 256].includes(block)) return;
  throw new VitaminError('USAGE', `Expected blocks of 16, 32, 64, 128 or 256 numbers but received ${block}`);
}

/**
 * Rounds a weight [out, in] to 4 bits, row by row. A block's step is its number of largest magnitude / -8, so that this one is kept exactly; every
 * number becomes round(number / step) + 8, held inside [0, 15].
 *
 * @throws VitaminError `USAGE` for a weight that is no matrix of float32 and for other blocks than 16, 32, 64, 128 and 256.
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { pack4Bit } from '@vitamin-vlm/graph';
 * const { packed, scales } = pack4Bit(tensor('float32', [2, 32], new Float32Array(64).fill(0.5)), 32);
 * console.log(packed.shape, scales.shape); // [2, 1, 16] [2, 1]
 * ```
 */
export function pack4Bit(weight: Tensor, block: number): PackedWeight<Tensor> {
  expectBlock(block);
  const [out, width] = weight.shape as [number, number];
  if (weight.dtype !== 'float32' || weight.shape.length !== 2) {
    throw new VitaminError('USAGE', `Expected a float32 weight [out, in] but received ${weight.dtype} ${formatShape(weight.shape)}`);
  }
  const numbers = weight.data as Float32Array;
  const blocks = Math.ceil(width / block);
  const packed = tensor('uint8', [out, blocks, block / 2]);
  const scales = tensor('float32', [out, blocks]);
  for (let b = 0; b < out * blocks; b++) {
    const row = Math.floor(b / blocks) * width;
    const start = row + (b % blocks) * block;
    const end = Math.min(start + block, row + width);
    let most = 0;
    for (let i = start; i < end; i++) if (Math.abs(numbers[i]!) > Math.abs(most)) most = numbers[i]!;
    const step = most === 0 ? 0 : Math.fround(most / -8);
    scales.data[b] = step;
    for (let i = 0; i < block; i++) {
      const number = start + i < end && step !== 0 ? numbers[start + i]! / step : 0;
      const level = Math.min(Math.max(Math.round(number) + 8, 0), 15);
      packed.data[(b * block + i) >> 1]! |= level << (4 * (i & 1));
    }
  }
  return { packed, scales };
}

/**
 * The numbers that a packed weight stands for, [out, width].
 *
 * @throws VitaminError `USAGE` for tensors that do not fit the width.
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { pack4Bit, unpack4Bit } from '@vitamin-vlm/graph';
 * const weight = tensor('float32', [1, 16], Float32Array.from({ length: 16 }, (_, i) => i - 8));
 * console.log(unpack4Bit(pack4Bit(weight, 16), 16).data); // the same: 16 steps of 1
 * ```
 */
export function unpack4Bit({ packed, scales }: PackedWeight<Tensor>, width: number): Tensor<'float32'> {
  const [out, blocks] = scales.shape as [number, number];
  const block = 2 * packed.shape[2]!;
  if (blocks !== Math.ceil(width / block) || packed.data.length !== sizeOf([out, blocks, block / 2])) {
    throw new VitaminError(
      'USAGE',
      `Expected a packed weight of rows of ${width} numbers but received ${formatShape(packed.shape)} and ${formatShape(scales.shape)}`,
    );
  }
  const weight = tensor('float32', [out, width]);
  for (let i = 0; i < weight.data.length; i++) {
    const column = i % width;
    const at = Math.floor(i / width) * blocks * block + column;
    const level = (Number(packed.data[at >> 1]) >> (4 * (at & 1))) & 15;
    weight.data[i] = (level - 8) * Number(scales.data[Math.floor(at / block)]);
  }
  return weight;
}

/** What `matmul4Bit` takes. */
export interface Matmul4BitOptions {
  /** Numbers of a block, as given to `pack4Bit`. */
  readonly block: number;
  /** `'exact'` (default) computes in the type of x; `'int8'` also rounds x to 8 bits, which processors multiply faster. */
  readonly accuracy?: 'exact' | 'int8';
}

/**
 * x · weightᵀ for a weight in 4 bits (ONNX Runtime's com.microsoft MatMulNBits): x [..., in] -> [..., out]. Forward only: the steps of a rounded
 * weight have no slope, and what is trained through a frozen decoder takes the weight in full.
 *
 * @throws VitaminError `USAGE` for shapes that do not fit.
 * @example
 * ```ts
 * import { Graph, matmul4Bit } from '@vitamin-vlm/graph';
 * const graph = new Graph('g');
 * const x = graph.input('x', 'float32', ['N', 'L', 4096]);
 * const weight = { packed: graph.input('packed', 'uint8', [11008, 128, 16]), scales: graph.input('scales', 'float32', [11008, 128]) };
 * graph.output('y', matmul4Bit(x, weight, { block: 32 })); // [N, L, 11008]
 * ```
 */
export function matmul4Bit(x: Value, { packed, scales }: PackedWeight<Value>, { block, accuracy = 'exact' }: Matmul4BitOptions): Value {
  expectBlock(block);
  expectTypes('MatMulNBits', singles, x, scales);
  expectTypes('a packed weight', ['uint8'], packed);
  const width = x.shape.at(-1);
  const [out, blocks] = scales.shape;
  if (
    typeof width !== 'number' ||
    typeof out !== 'number' ||
    blocks !== Math.ceil(width / block) ||
    !sameShape(packed.shape, [out, blocks, block / 2])
  ) {
    throw new VitaminError(
      'USAGE',
      `Expected x [..., in], a packed weight [out, in/${block}, ${block / 2}] and scales [out, in/${block}] but received ${[x, packed, scales].map((value) => formatShape(value.shape)).join(', ')}`,
    );
  }
  return x.graph.node({
    op: 'MatMulNBits',
    domain: 'com.microsoft',
    inputs: [x, packed, scales],
    attributes: { K: width, N: out, bits: 4, block_size: block, accuracy_level: accuracy === 'int8' ? 4 : 0 },
    dtype: x.dtype,
    shape: x.shape.with(-1, out),
  });
}
