import { floatToBfloat16, floatToHalf, type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import { expectFinite } from '../tokens/visual-tokens.ts';

/** Types that embeddings can travel in. */
export type PayloadType = 'float16' | 'float32' | 'bfloat16';

/** The largest float16. */
const LARGEST_HALF = 65_504;

/**
 * Embeddings in the type that they travel in, rounded to nearest even. What is not finite, or would not be after the rounding, never leaves: vLLM answers such a
 * request with nonsense, and the next one of anybody too.
 *
 * @param embeddings - [T, H]
 * @throws VitaminError `USAGE` for another rank or no rows; `RUNTIME` for numbers that are not finite, or too large for float16.
 */
export function payloadTensor(embeddings: Tensor<'float32'>, type: PayloadType): Tensor {
  if (embeddings.shape.length !== 2 || embeddings.shape.some((extent) => extent === 0)) {
    throw new VitaminError('USAGE', `Expected embeddings [T, H] but received [${embeddings.shape.join(', ')}]`);
  }
  expectFinite(embeddings, 'embeddings');
  if (type === 'float32') return embeddings;
  if (type === 'bfloat16')
    return tensor(type, embeddings.shape, finite(Uint16Array.from(embeddings.data, floatToBfloat16), 0x7f80, embeddings, type));
  return tensor(type, embeddings.shape, finite(Uint16Array.from(embeddings.data, floatToHalf), 0x7c00, embeddings, type));
}

/** @param infinity - The bits of the type's infinity. */
function finite(bits: Uint16Array<ArrayBuffer>, infinity: number, { data }: Tensor<'float32'>, type: string): Uint16Array<ArrayBuffer> {
  const at = bits.findIndex((value) => (value & 0x7fff) >= infinity);
  if (at === -1) return bits;
  throw new VitaminError('RUNTIME', `Expected embeddings that ${type} can hold but found ${data[at]}`, {
    hint: type === 'float16' ? `float16 ends at ${LARGEST_HALF}: send float32.` : 'Send float32.',
  });
}
