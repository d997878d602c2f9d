import { bytesPerElement, sizeOf, type DType, type WeightSource } from '@vitamin-vlm/core';

/** Totals of a checkpoint, whole and by element type. `bytes` = elements times element size, as if every tensor stood alone. */
export interface CheckpointSummary {
  readonly tensors: number;
  readonly elements: number;
  readonly bytes: number;
  readonly dtypes: ReadonlyMap<DType, { readonly tensors: number; readonly elements: number; readonly bytes: number }>;
}

/**
 * Counts tensors, elements and bytes from the records alone.
 *
 * @example
 * ```ts
 * import { openCheckpoint, summarize } from '@vitamin-vlm/checkpoint';
 * await using checkpoint = await openCheckpoint('model.safetensors');
 * const { tensors, elements, bytes } = summarize(checkpoint);
 * console.log(`${tensors} tensors, ${elements} parameters, ${bytes} bytes`);
 * ```
 */
export function summarize(source: Pick<WeightSource, 'tensors'>): CheckpointSummary {
  const total = { tensors: 0, elements: 0, bytes: 0 };
  const dtypes = new Map<DType, { tensors: number; elements: number; bytes: number }>();
  for (const { dtype, shape } of source.tensors.values()) {
    const row = dtypes.get(dtype) ?? { tensors: 0, elements: 0, bytes: 0 };
    dtypes.set(dtype, row);
    for (const sum of [total, row]) {
      sum.tensors += 1;
      sum.elements += sizeOf(shape);
      sum.bytes += sizeOf(shape) * bytesPerElement(dtype);
    }
  }
  return { ...total, dtypes };
}
