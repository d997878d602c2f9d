import { arrayTypes, bytesPerElement, sizeOf, type Tensor, VitaminError } from '@vitamin-vlm/core';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ModelWeight } from './read-model.ts';

/** The files beside a model that hold its weights, each opened once. */
export class WeightFiles implements AsyncDisposable {
  readonly #folder: string | undefined;
  readonly #files = new Map<string, Promise<FileHandle>>();

  /** @param folder - Of the model; undefined when it is in memory and can have no files. */
  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /**
   * The numbers of a weight. Lengths are compared with its shape, and with the file, before memory is taken.
   *
   * @throws VitaminError `WEIGHTS_MISSING`, `WEIGHTS_CORRUPT`.
   */
  async read(name: string, { dtype, shape, bytes }: ModelWeight): Promise<Tensor> {
    const expected = sizeOf(shape) * bytesPerElement(dtype);
    const found = bytes instanceof Uint8Array ? bytes.byteLength : bytes.length;
    if (found !== expected) {
      throw new VitaminError(
        'WEIGHTS_CORRUPT',
        `Expected ${expected} bytes for weight "${name}", ${dtype} [${shape.join(', ')}], but found ${found}`,
      );
    }
    const raw = bytes instanceof Uint8Array ? bytes : await this.#range(name, bytes);
    const data = new arrayTypes[dtype](sizeOf(shape));
    new Uint8Array(data.buffer).set(raw);
    return { dtype, shape, data };
  }

  async #range(name: string, { location, offset, length }: Exclude<ModelWeight['bytes'], Uint8Array>): Promise<Uint8Array> {
    const file = await this.#open(name, location);
    const { size } = await file.stat();
    if (!(offset >= 0 && offset + length <= size)) {
      throw new VitaminError(
        'WEIGHTS_CORRUPT',
        `Expected bytes ${offset} to ${offset + length} of ${location} for weight "${name}" but found ${size}`,
      );
    }
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw new VitaminError('WEIGHTS_CORRUPT', `Expected ${length} bytes for weight "${name}" but ${location} ended`);
      done += bytesRead;
    }
    return bytes;
  }

  #open(name: string, location: string): Promise<FileHandle> {
    // As ONNX Runtime has it: weights lie beside the model, and nowhere else.
    if (this.#folder === undefined || basename(location) !== location) {
      throw new VitaminError('WEIGHTS_MISSING', `Expected weight "${name}" in a file beside the model but received "${location}"`);
    }
    const path = join(this.#folder, location);
    const known = this.#files.get(location);
    const file =
      known ??
      open(path, 'r').catch((cause: unknown) => {
        throw new VitaminError('WEIGHTS_MISSING', `Expected the weights of "${name}" in ${path} but found no such file`, { cause });
      });
    this.#files.set(location, file);
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files.values()) await file.then((handle) => handle.close()).catch(() => undefined);
  }
}
