import { Worker } from 'node:worker_threads';
import type { Samples } from './batch.ts';

interface Arrival {
  readonly resolve: (samples: Samples) => void;
  readonly reject: (error: unknown) => void;
}

/** Draws batches ahead of the training in a thread of its own. */
export class SamplerPool implements AsyncDisposable {
  readonly #size: number;
  readonly #ahead: number;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Promise<Samples>>();
  readonly #arrivals = new Map<number, Arrival>();

  /** @param size samples of a batch  @param ahead batches drawn before they are asked for */
  constructor(size: number, ahead = 3) {
    this.#size = size;
    this.#ahead = ahead;
    this.#worker = new Worker(new URL('./sampler-worker.js', import.meta.url));
    this.#worker.on('message', ({ step, samples }: { step: number; samples: Samples }) => this.#arrivals.get(step)?.resolve(samples));
    this.#worker.on('error', (error) => {
      for (const { reject } of this.#arrivals.values()) reject(error);
    });
  }

  /** The batch of a step. Steps are asked for in order. */
  async batchOf(step: number): Promise<Samples> {
    for (let next = step; next <= step + this.#ahead; next++) this.#request(next);
    const samples = await this.#waiting.get(step)!;
    this.#waiting.delete(step);
    this.#arrivals.delete(step);
    return samples;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #request(step: number): void {
    if (this.#waiting.has(step)) return;
    const batch = new Promise<Samples>((resolve, reject) => this.#arrivals.set(step, { resolve, reject }));
    batch.catch(() => undefined); // a failure is reported to whoever asks for the batch
    this.#waiting.set(step, batch);
    this.#worker.postMessage({ step, size: this.#size });
  }
}
