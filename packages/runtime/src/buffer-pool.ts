/**
 * Keeps used buffers for later outputs of the same size. In a training loop the parameters that come in are as large as the
 * parameters that go out, so two sets of buffers alternate and nothing is allocated.
 */
export class BufferPool {
  /** How many buffers of each byte length one run can use; more are never kept. */
  readonly #demand = new Map<number, number>();
  readonly #free = new Map<number, ArrayBuffer[]>();

  constructor(outputBytes: readonly number[]) {
    for (const bytes of outputBytes) this.#demand.set(bytes, (this.#demand.get(bytes) ?? 0) + 1);
  }

  /** A buffer of exactly this size. Its contents are arbitrary. */
  take(bytes: number): ArrayBuffer {
    return this.#free.get(bytes)?.pop() ?? new ArrayBuffer(bytes);
  }

  /** Offers a buffer that nobody else uses any more. */
  give(buffer: ArrayBuffer): void {
    const free = this.#free.get(buffer.byteLength) ?? [];
    if (free.length >= (this.#demand.get(buffer.byteLength) ?? 0)) return;
    free.push(buffer);
    this.#free.set(buffer.byteLength, free);
  }
}
