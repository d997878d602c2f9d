import { VitaminError, writeAtomically, type Tensor } from '@vitamin-vlm/core';

import { writeAll } from '../write-all.ts';
import { type LazyTensor, partsOf } from '../tensor-input.ts';
import { npyDescriptions } from './read.ts';

/** numpy aligns the data to 64 bytes. */
const ALIGNMENT = 64;

/**
 * Writes one array as `.npy` version 1, row-major, through a temporary file and a rename.
 *
 * @throws VitaminError `UNSUPPORTED` for bfloat16, which numpy lacks.
 * @example
 * ```ts
 * import { writeNpy } from '@vitamin-vlm/checkpoint';
 * import { tensor } from '@vitamin-vlm/core';
 * await writeNpy('features.npy', tensor('float32', [2, 2], new Float32Array([1, 2, 3, 4])));
 * ```
 */
export async function writeNpy(path: string, tensor: Tensor | LazyTensor): Promise<void> {
  const head = npyHead(tensor);
  await writeAtomically(path, async (handle) => {
    await writeAll(handle, head, 0);
    let end = head.length;
    for await (const part of partsOf('array', tensor)) {
      await writeAll(handle, part, end);
      end += part.length;
    }
  });
}

/**
 * The bytes of a `.npy` file, in memory: for a request to a server.
 *
 * @throws VitaminError `UNSUPPORTED` for bfloat16, which numpy lacks.
 * @example
 * ```ts
 * import { encodeNpy } from '@vitamin-vlm/checkpoint';
 * import { tensor } from '@vitamin-vlm/core';
 * console.log(encodeNpy(tensor('float32', [2, 2])).toString('base64').slice(0, 8)); // k05VTVBZ
 * ```
 */
export function encodeNpy(tensor: Tensor): Buffer {
  const { buffer, byteOffset, byteLength } = tensor.data;
  return Buffer.concat([npyHead(tensor), new Uint8Array(buffer, byteOffset, byteLength)]);
}

function npyHead(tensor: Pick<Tensor, 'dtype' | 'shape'>): Buffer {
  const description = npyDescriptions.get(tensor.dtype);
  if (description === undefined) {
    throw new VitaminError('UNSUPPORTED', `Expected an element type that numpy has but received ${tensor.dtype}`, {
      hint: 'Convert with toFloat32 first, or write safetensors.',
    });
  }
  const dims = tensor.shape.length === 1 ? `${tensor.shape[0]},` : tensor.shape.join(', ');
  const text = `{'descr': '${description}', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const head = Buffer.alloc(length, ' ');
  head.set([0x93, ...Buffer.from('NUMPY'), 1, 0]);
  head.writeUInt16LE(length - 10, 8);
  head.write(text, 10, 'latin1');
  head[length - 1] = 0x0a;
  return head;
}
