import { corrupt } from './corrupt.ts';
import { MAX_HEADER_BYTES, MAX_PICKLE_BYTES, MAX_PICKLE_STEPS } from './limits.ts';

/** What all files of one checkpoint ask for together: a shard more must not mean a limit more. */
export class Budget {
  #pickleBytes = 0;
  #pickleSteps = 0;
  #headerBytes = 0;

  /** Bytes of data.pkl, unpacked. */
  pickle(path: string, bytes: number): void {
    this.#pickleBytes += bytes;
    if (this.#pickleBytes <= MAX_PICKLE_BYTES) return;
    throw corrupt(
      path,
      `Expected data.pkl of at most ${MAX_PICKLE_BYTES} bytes, all shards together, but found ${this.#pickleBytes} (a zip bomb?)`,
    );
  }

  /** Steps of the pickle machine. */
  steps(path: string, count: number): void {
    this.#pickleSteps += count;
    if (this.#pickleSteps > MAX_PICKLE_STEPS)
      throw corrupt(path, `Expected at most ${MAX_PICKLE_STEPS} pickle steps but found more (data.pkl)`);
  }

  /** Bytes of safetensors headers. */
  header(path: string, bytes: number): void {
    this.#headerBytes += bytes;
    if (this.#headerBytes <= MAX_HEADER_BYTES) return;
    throw corrupt(
      path,
      `Expected safetensors headers of at most ${MAX_HEADER_BYTES} bytes, all shards together, but found ${this.#headerBytes}`,
    );
  }
}
