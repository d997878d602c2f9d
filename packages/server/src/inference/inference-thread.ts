import { Worker } from 'node:worker_threads';
import { type ErrorCode, VitaminError } from '@vitamin-vlm/core';
import type { FromThread, InferenceSettings, Job, ToThread } from './job.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly say: ((piece: string) => void) | undefined;
}

/** How a job is run. */
export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Takes the pieces of an answer in words while they come. */
  readonly say?: ((piece: string) => void) | undefined;
}

/** The models in a thread of their own. A thread that dies takes its jobs with it; the next job starts another. */
export class InferenceThread implements AsyncDisposable {
  readonly #settings: InferenceSettings;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #next = 0;

  constructor(settings: InferenceSettings) {
    this.#settings = settings;
  }

  /**
   * @returns What the job gives; the caller knows its type.
   * @throws VitaminError as the models do; `ABORTED` at once when the signal fires, while the thread stops at its next step; `RUNTIME` when the thread died.
   */
  async run<T>(job: Job, { signal, say }: RunOptions = {}): Promise<T> {
    const worker = this.#start();
    const id = this.#next++;
    const buffers = picturesOf(job).map(({ buffer }) => buffer);
    const abort = (): void => {
      this.#post({ id, cancel: true });
      this.#settle(id)?.reject(new VitaminError('ABORTED', 'Aborted on request', { cause: signal?.reason }));
    };
    try {
      return (await new Promise<unknown>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject, say });
        if (signal?.aborted) return abort();
        signal?.addEventListener('abort', abort, { once: true });
        worker.postMessage({ id, job } satisfies ToThread, buffers);
      })) as T;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Stops what runs, frees the models and waits for the thread's end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.#post({ close: true });
    await ended;
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      name: 'vitamin-models',
      execArgv: [],
      workerData: this.#settings,
    });
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (cause) => this.#fail(worker, `failed: ${cause.message}`));
    worker.on('exit', (code) => this.#fail(worker, `ended with code ${code}`));
    this.#worker = worker;
    return worker;
  }

  #post(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: FromThread): void {
    if ('piece' in message) this.#waiting.get(message.id)?.say?.(message.piece);
    else if ('result' in message) this.#settle(message.id)?.resolve(message.result);
    else this.#settle(message.id)?.reject(asError(message.error));
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #fail(worker: Worker, how: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const id of this.#waiting.keys()) {
      this.#settle(id)?.reject(
        new VitaminError('RUNTIME', `Expected the thread of the models to run but it ${how}`, {
          hint: 'Try again: the next request starts another.',
        }),
      );
    }
  }
}

/** Files of pictures go to the thread without a copy. */
function picturesOf(job: Job): Uint8Array<ArrayBuffer>[] {
  const references = 'picture' in job ? [job.picture] : 'pictures' in job ? job.pictures : [];
  const bytes = references.flatMap((reference) => ('bytes' in reference ? [reference.bytes] : []));
  return bytes.filter(({ byteLength, buffer }) => byteLength === buffer.byteLength);
}

function asError({ code, message, hint }: { code: ErrorCode | 'INTERNAL'; message: string; hint: string | undefined }): Error {
  if (code === 'INTERNAL') return new Error(message);
  return new VitaminError(code, message, hint === undefined ? {} : { hint });
}
