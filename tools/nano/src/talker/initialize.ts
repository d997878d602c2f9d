import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { Random } from '@vitamin-vlm/picture-world';
import { llama } from './plan.ts';

const DEVIATION = 0.02;
/** Score of a fact before anything is known: most are not true. */
const RARE = -4;

/** Fresh weights: norms 1, biases 0, matrices normal, those that end a branch smaller by the depth (Radford et al., GPT-2). */
export function initializeTalker(shapes: ReadonlyMap<string, readonly number[]>, seed: number): Map<string, Tensor<'float32'>> {
  const random = new Random(seed, 'train', 'single');
  return new Map(
    [...shapes].map(([path, extents]) => {
      const data = new Float32Array(sizeOf(extents));
      if (extents.length === 1) data.fill(path.startsWith('naming.') ? RARE : path.endsWith('.bias') ? 0 : 1);
      else {
        const scale = /\.(?:o|down)_proj\./u.test(path) ? DEVIATION / Math.sqrt(2 * llama.layers) : DEVIATION;
        for (let i = 0; i < data.length; i++) data[i] = scale * normal(random);
      }
      return [path, tensor('float32', extents, data)];
    }),
  );
}

/** A standard normal number (Box and Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
