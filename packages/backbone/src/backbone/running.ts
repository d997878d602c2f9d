import { VitaminError } from '@vitamin-vlm/core';

/**
 * The calls of an object that run, so that closing it can wait for them.
 *
 * @example
 * ```ts
 * import { Running } from '@vitamin-vlm/backbone';
 * const running = new Running('counter');
 * const counted = running.call(async () => 1);
 * await running.end(); // waits for it
 * console.log(await counted);
 * ```
 */
export class Running {
  readonly #what: string;
  readonly #calls = new Set<Promise<void>>();
  #closed = false;

  /** @param what - Name of the object, for errors. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Runs a call, which must not make another one of the same object. @throws VitaminError `USAGE` once `end` was called. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    using _ = this.begin();
    return await work();
  }

  /** Begins a call that is no promise, such as a generator's; disposing of the result ends it. @throws VitaminError as `call`. */
  begin(): Disposable {
    if (this.#closed) throw new VitaminError('USAGE', `Expected an open ${this.#what} but received one that was closed`);
    let end!: () => void;
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.#calls.add(ended);
    return {
      [Symbol.dispose]: () => {
        this.#calls.delete(ended);
        end();
      },
    };
  }

  /** Refuses new calls and waits for those that run. */
  async end(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#calls);
  }
}
