import { VitaminError } from '@vitamin-vlm/core';
import PQueue from 'p-queue';

/** Work of one kind waits for work of its own kind: an answer that is told word by word must not hold up boxes. */
export type Lane = 'vision' | 'language';

/** Too many requests wait already. */
export class BusyError extends Error {
  /** When to try again, in seconds: what the waiting requests will take, as far as the last ones tell. */
  readonly retryAfter: number;

  constructor(waiting: number, retryAfter: number) {
    super(`Expected a free place in the queue but ${waiting} requests are waiting`);
    this.name = 'BusyError';
    this.retryAfter = retryAfter;
  }
}

/** One job of each lane at a time, since a network takes all cores; a bounded number waits. */
export class JobQueue {
  readonly #lanes: Readonly<Record<Lane, PQueue>> = { vision: new PQueue({ concurrency: 1 }), language: new PQueue({ concurrency: 1 }) };
  readonly #places: number;
  #seconds = 1; // a job takes, averaged over the latest
  #closed = false;

  /** @param places - Requests that may wait in each lane. */
  constructor(places: number) {
    this.#places = places;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#lanes.vision.size + this.#lanes.language.size;
  }

  /** Jobs under way. */
  get running(): number {
    return this.#lanes.vision.pending + this.#lanes.language.pending;
  }

  /**
   * Does some work when its turn comes. A request whose client went leaves its place at once.
   *
   * @throws BusyError when all places are taken; VitaminError `ABORTED` when the server ends, or the signal fires.
   */
  async run<T>(lane: Lane, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new VitaminError('ABORTED', 'Expected a running server but it is ending');
    const queue = this.#lanes[lane];
    if (queue.size >= this.#places) throw new BusyError(queue.size, Math.max(1, Math.ceil(this.#seconds * (queue.size + 1))));
    try {
      return await queue.add(() => this.#timed(work), { signal });
    } catch (error) {
      if (signal.aborted) throw new VitaminError('ABORTED', 'Aborted on request', { cause: signal.reason });
      throw error;
    }
  }

  /** Takes no more work and waits for what is there. */
  async drain(): Promise<void> {
    this.#closed = true;
    await Promise.all(Object.values(this.#lanes).map((queue) => queue.onIdle()));
  }

  async #timed<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#seconds += 0.2 * ((performance.now() - start) / 1000 - this.#seconds);
    }
  }
}
