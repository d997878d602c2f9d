import type { LazyTensor } from '../tensor-input.ts';
import type { Tensor } from '@vitamin-vlm/core';

/** Batch norms count their batches since the second version of their layout. */
const COUNTER = '.num_batches_tracked';

/**
 * Tensors to be written as PyTorch's `module.state_dict()`: an OrderedDict with the attribute `_metadata`, which names the version of the layout of every module.
 * Which modules there are follows from the names.
 *
 * @example
 * ```ts
 * import { StateDict, writeTorchArchive } from '@vitamin-vlm/checkpoint';
 * import { tensor } from '@vitamin-vlm/core';
 * const weight = tensor('float32', [1, 2], new Float32Array([0.5, -0.5]));
 * await writeTorchArchive('head.pth', { meta: { epoch: 3 }, state_dict: new StateDict([['head.fc.weight', weight]]) });
 * ```
 */
export class StateDict {
  readonly tensors: readonly (readonly [string, Tensor | LazyTensor])[];

  constructor(tensors: Iterable<readonly [string, Tensor | LazyTensor]>) {
    this.tensors = [...tensors];
  }

  /** Version of each module's layout, the outermost, of no name, first. */
  get versions(): ReadonlyMap<string, number> {
    const versions = new Map([['', 1]]);
    for (const [name] of this.tensors) {
      for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
        const module = name.slice(0, dot);
        if (name.slice(dot) === COUNTER) versions.set(module, 2);
        else if (!versions.has(module)) versions.set(module, 1);
      }
    }
    return versions;
  }
}
