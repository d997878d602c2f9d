import { VitaminError } from '@vitamin-vlm/core';

/** The calls of an object that run, so that closing it can wait for them. */
export class Running {
  readonly #calls = new Set<Promise<unknown>>();
  #closed = false;

  /** Runs a call. @throws VitaminError `USAGE` once `end` was called. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new VitaminError('USAGE', 'Expected an open backbone but received one that was closed');
    const call = work();
    const settled = call.then(
      () => undefined,
      () => undefined,
    );
    this.#calls.add(settled);
    try {
      return await call;
    } finally {
      this.#calls.delete(settled);
    }
  }

  /** Refuses new calls and waits for those that run. */
  async end(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#calls);
  }
}
