import { resizeKernel } from './resize-kernel.data.ts';
import type { ResampleWeights } from './resample-weights.ts';

/** Readable bytes that the kernel wants behind every buffer, because it loads 16 bytes at a time. */
const SLACK = 64;
const PAGE = 65_536;
/** Instances above this stay for the collector instead of waiting for the next picture. */
const KEPT_BYTES = 32 * 2 ** 20;

/** One instance of kernel/resize.wat with its own memory. Addresses are byte offsets into `bytes()`. */
export interface Kernel {
  /** Four rows at `src` to four rows at `dst`; see the source for the layout of `offsets` and `weights`. */
  readonly horizontal: (
    src: number,
    srcStride: number,
    dst: number,
    dstStride: number,
    width: number,
    offsets: number,
    weights: number,
    pairs: number,
  ) => void;
  readonly vertical: (src: number, stride: number, dst: number, length: number, weights: number, pairs: number) => void;
  /** One row at `src` to 16-bit samples at `dst`. */
  readonly opencvHorizontal: (src: number, dst: number, width: number, offsets: number, weights: number) => void;
  /** Two rows of 16-bit samples to `length` bytes at `dst`. */
  readonly opencvVertical: (a: number, b: number, dst: number, length: number, weightA: number, weightB: number) => void;
  /** The memory as it is now; growing it makes earlier views useless. */
  readonly bytes: () => Uint8Array;
  /** Grows the memory when it has fewer than `size` bytes. */
  readonly reserve: (size: number) => void;
}

interface KernelExports extends Omit<Kernel, 'bytes' | 'reserve'> {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
}

/** The part of the standard that is used here. Its full types would come with those of the browser, which this package must not see. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

let compiled: object | undefined;
const idle: Kernel[] = [];

/** An idle kernel or a new one. A resize keeps its kernel until `releaseKernel`, so interleaved asynchronous work never shares memory. */
export function acquireKernel(): Kernel {
  const kept = idle.pop();
  if (kept) return kept;
  compiled ??= new WebAssembly.Module(Buffer.from(resizeKernel, 'base64'));
  const { memory, ...loops } = new WebAssembly.Instance(compiled).exports as KernelExports;
  return {
    ...loops,
    bytes: () => new Uint8Array(memory.buffer),
    reserve: (size) => {
      const missing = Math.ceil(size / PAGE) - memory.buffer.byteLength / PAGE;
      if (missing > 0) memory.grow(missing);
    },
  };
}

/** Gives a kernel back. At most two wait: a process that resizes more pictures at once makes new ones for the rest. */
export function releaseKernel(kernel: Kernel): void {
  if (idle.length < 2 && kernel.bytes().length <= KEPT_BYTES) idle.push(kernel);
}

/** Where each part of one job lies in the kernel's memory. */
export class Layout {
  size = 0;

  /** Reserves `length` bytes and returns their address, a multiple of 16. */
  add(length: number): number {
    const at = this.size;
    this.size = Math.ceil((at + length + SLACK) / 16) * 16;
    return at;
  }
}

/** Weights as both loops of the kernel read them: per output, pairs of taps as (high a, high b, low a, low b). */
export function packWeights({ first, taps, weights }: ResampleWeights): { packed: Int16Array; pairs: number } {
  const pairs = Math.ceil(taps / 2);
  const packed = new Int16Array(first.length * pairs * 4);
  for (let i = 0; i < first.length; i++) {
    for (let j = 0; j < taps; j++) {
      const weight = weights[i * taps + j]!;
      const at = (i * pairs + (j >> 1)) * 4 + (j & 1);
      packed[at] = weight >> 11;
      packed[at + 2] = weight & 0x7ff;
    }
  }
  return { packed, pairs };
}
