import { open } from 'node:fs/promises';
import { type Tensor, type TensorRecord, tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';

/** A weight in float32, wherever it lies. @throws VitaminError `WEIGHTS_CORRUPT` when its file has become shorter. */
export async function readWeight(weight: Tensor | TensorRecord): Promise<Tensor<'float32'>> {
  if ('data' in weight) return toFloat32(weight);
  const { file: path, offset, byteLength, dtype, shape } = weight;
  const made = tensor(dtype, shape);
  const bytes = new Uint8Array(made.data.buffer);
  await using file = await open(path);
  for (let done = 0; done < byteLength;) {
    const { bytesRead } = await file.read(bytes, done, byteLength - done, offset + done);
    if (bytesRead === 0)
      throw new VitaminError('WEIGHTS_CORRUPT', `Expected ${byteLength} bytes of ${weight.name} in ${path} but found ${done}`);
    done += bytesRead;
  }
  return toFloat32(made);
}
