import { Worker } from 'node:worker_threads';

interface Arrival<Item> {
  readonly resolve: (item: Item) => void;
  readonly reject: (error: unknown) => void;
}

/** Items by number, made ahead of time by a thread of its own, which answers each number with `{ index, item }`. */
export class DrawnAhead<Item> implements AsyncDisposable {
  readonly #ahead: number;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Promise<Item>>();
  readonly #arrivals = new Map<number, Arrival<Item>>();

  /** @param worker file of the thread  @param ahead items made before they are asked for  @param data `workerData` of the thread */
  constructor(worker: URL, ahead: number, data?: unknown) {
    this.#ahead = ahead;
    this.#worker = new Worker(worker, { workerData: data });
    this.#worker.on('message', ({ index, item }: { index: number; item: Item }) => this.#arrivals.get(index)?.resolve(item));
    this.#worker.on('error', (error) => {
      for (const { reject } of this.#arrivals.values()) reject(error);
    });
  }

  /** The item of a number. Numbers are asked for in order. */
  async at(index: number): Promise<Item> {
    for (let next = index; next <= index + this.#ahead; next++) this.#request(next);
    const item = await this.#waiting.get(index)!;
    this.#waiting.delete(index);
    this.#arrivals.delete(index);
    return item;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #request(index: number): void {
    if (this.#waiting.has(index)) return;
    const item = new Promise<Item>((resolve, reject) => this.#arrivals.set(index, { resolve, reject }));
    item.catch(() => undefined); // a failure is reported to whoever asks for the item
    this.#waiting.set(index, item);
    this.#worker.postMessage(index);
  }
}
