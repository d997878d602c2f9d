import { throwIfAborted, VitaminError, writeAtomically, type Tensor, type WorkOptions } from '@vitamin-vlm/core';

import { quote } from '../corrupt.ts';
import { MAX_NESTING } from '../limits.ts';
import { bytesOf, type LazyTensor, type TensorInput } from '../tensor-input.ts';
import { PickleWriter } from './pickle-writer.ts';
import { StateDict } from './state-dict.ts';
import { ZipWriter } from './zip-writer.ts';

/** A structure to write as torch.save does: tensors and plain values in dicts (objects) and lists (arrays). Whole numbers become Python ints. */
export type TorchValue =
  | Tensor
  | LazyTensor
  | StateDict
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly TorchValue[]
  | { readonly [key: string]: TorchValue };

/** PyTorch names the folder in its archives after the file; any name will do. */
const ROOT = 'archive';

/**
 * Writes a torch archive that `torch.load(weights_only=True)` reads, through a temporary file and a rename. Takes named tensors (one at a
 * time from a generator, so that a large file never lies in memory) or a nested structure such as `{ epoch: 3, state_dict: { ... } }`.
 * Storages are uncompressed and aligned to 64 bytes; zip64 beyond 4 GB.
 *
 * @throws VitaminError `USAGE` for a repeated name, a value that has no Python form, or elements that do not fit the shape; `ABORTED` on the signal.
 * @example
 * ```ts
 * import { writeTorchArchive } from '@vitamin-vlm/checkpoint';
 * import { tensor } from '@vitamin-vlm/core';
 * const weight = tensor('float32', [1, 2], new Float32Array([0.5, -0.5]));
 * await writeTorchArchive('head.pth', { epoch: 3, state_dict: { 'head.weight': weight } });
 * ```
 */
export async function writeTorchArchive(
  path: string,
  tensors: TensorInput | { readonly [key: string]: TorchValue },
  options: Pick<WorkOptions, 'signal'> = {},
): Promise<void> {
  await writeAtomically(path, async (handle) => {
    const archive = new ArchiveWriter(new ZipWriter(handle), options.signal);
    if (Symbol.iterator in tensors || Symbol.asyncIterator in tensors) await archive.pairs(tensors);
    else await archive.value('', tensors, 0);
    await archive.finish();
  });
}

/** Storages go into the archive as they come; the pickle that refers to them follows at the end. Readers find entries by name. */
class ArchiveWriter {
  readonly #zip: ZipWriter;
  readonly #signal: AbortSignal | undefined;
  readonly #pickle = new PickleWriter();
  #storages = 0;

  constructor(zip: ZipWriter, signal: AbortSignal | undefined) {
    this.#zip = zip;
    this.#signal = signal;
  }

  async pairs(pairs: Exclude<TensorInput, Record<string, unknown>>): Promise<void> {
    const names = new Set<string>();
    this.#pickle.beginDict();
    for await (const [name, tensor] of pairs) {
      if (names.has(name)) throw new VitaminError('USAGE', `Expected unique tensor names but received ${quote(name)} twice`);
      names.add(name);
      this.#pickle.string(name);
      await this.#tensor(name, tensor);
    }
    this.#pickle.endDict();
  }

  async value(name: string, value: TorchValue, depth: number): Promise<void> {
    if (depth > MAX_NESTING)
      throw new VitaminError('USAGE', `Expected at most ${MAX_NESTING} nested levels but received more at ${quote(name)}`);
    if (typeof value === 'string') this.#pickle.string(value);
    else if (value === null || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
      this.#pickle.scalar(value);
    else if (value instanceof StateDict) await this.#stateDict(value, depth);
    else if (isTensor(value)) await this.#tensor(name, value);
    else if (Array.isArray(value)) {
      this.#pickle.beginList();
      for (const item of value as readonly TorchValue[]) await this.value(name, item, depth + 1);
      this.#pickle.endList();
    } else if (isPlainObject(value)) {
      this.#pickle.beginDict();
      for (const [key, item] of Object.entries(value)) {
        this.#pickle.string(key);
        await this.value(key, item, depth + 1);
      }
      this.#pickle.endDict();
    } else {
      throw new VitaminError('USAGE', `Expected tensors and plain values but received ${typeof value} at ${quote(name)}`);
    }
  }

  async #stateDict({ tensors, versions }: StateDict, depth: number): Promise<void> {
    await this.pairs(tensors);
    this.#pickle.attribute('_metadata');
    await this.value('_metadata', Object.fromEntries([...versions].map(([module, version]) => [module, { version }])), depth + 1);
    this.#pickle.endAttribute();
  }

  async finish(): Promise<void> {
    await this.#zip.add(`${ROOT}/data.pkl`, this.#pickle.end());
    await this.#zip.add(`${ROOT}/byteorder`, Buffer.from('little'));
    await this.#zip.add(`${ROOT}/version`, Buffer.from('3\n'));
    await this.#zip.finish();
  }

  async #tensor(name: string, tensor: Tensor | LazyTensor): Promise<void> {
    throwIfAborted(this.#signal);
    const key = String(this.#storages++);
    await this.#zip.add(`${ROOT}/data/${key}`, await bytesOf(name, tensor));
    this.#pickle.tensor(tensor.dtype, tensor.shape, key);
  }
}

function isTensor(value: object): value is Tensor | LazyTensor {
  return 'dtype' in value && 'shape' in value && 'data' in value && typeof value.dtype === 'string' && Array.isArray(value.shape);
}

function isPlainObject(value: unknown): value is { readonly [key: string]: TorchValue } {
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null);
}
