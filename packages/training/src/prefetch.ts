import type { Batch } from './stepper.ts';

/** Makes batch `index`, from 1: always the same for the same index, so that a resumed training sees what an undisturbed one does. */
export type BatchSource = (index: number, signal: AbortSignal | undefined) => Batch | Promise<Batch>;

/** Asks for batches one ahead of their use, so that they are made while the engine computes. */
export class Prefetch {
  readonly #source: BatchSource;
  readonly #last: number;
  readonly #signal: AbortSignal | undefined;
  #next: number;
  #waiting: Promise<Batch> | undefined;

  /** @param first index of the first batch @param last index of the last */
  constructor(source: BatchSource, first: number, last: number, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#next = first;
    this.#last = last;
    this.#signal = signal;
  }

  /** The next batches, in order. */
  async take(count: number): Promise<Batch[]> {
    const batches: Batch[] = [];
    for (let i = 0; i < count; i++) {
      const batch = await (this.#waiting ?? this.#ask());
      this.#waiting = this.#next <= this.#last ? this.#ask() : undefined;
      batches.push(batch);
    }
    return batches;
  }

  #ask(): Promise<Batch> {
    const index = this.#next++;
    const batch = (async () => this.#source(index, this.#signal))();
    batch.catch(() => undefined); // told when it is taken
    return batch;
  }
}
