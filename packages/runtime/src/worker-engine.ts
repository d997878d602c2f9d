import { Worker } from 'node:worker_threads';

import { arrayTypes, BUNDLED_HINT, VitaminError, type Tensor } from '@vitamin-vlm/core';

import type { Engine, EngineOptions } from './engine.ts';
import { fromErrorData } from './engine-error.ts';
import { markBusy, markIdle, unwatchThread, watchThread } from './exit-guard.ts';
import { disableTelemetry } from './telemetry.ts';
import type { NamedTensors, ValueInfo } from './value-info.ts';
import type { Reply, Request } from './worker.ts';

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: VitaminError) => void;
}

/**
 * An engine in a thread of its own: this side only posts and receives, so its event loop stays free.
 * The thread keeps the process alive while a call is under way, and only then.
 */
export class WorkerEngine implements Engine {
  inputs: readonly ValueInfo[] = [];
  outputs: readonly ValueInfo[] = [];
  provider: string;
  readonly #worker: Worker;
  readonly #exit: Promise<void>;
  readonly #busy: Int32Array = watchThread();
  #pending: Pending | undefined;
  #failure: VitaminError | undefined;

  private constructor(provider: string) {
    this.provider = provider;
    disableTelemetry();
    // Flags of the parent such as --eval or a loader are not for the worker, which is plain JavaScript.
    this.#worker = startWorker(this.#busy);
    this.#exit = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.on('message', (reply: Reply) => {
      const pending = this.#settle();
      if (reply.kind === 'error') pending?.reject(fromErrorData(reply.error));
      else pending?.resolve(reply);
    });
    this.#worker.on('error', (cause) => this.#fail(`its thread failed: ${cause.message}`, cause));
    this.#worker.on('exit', (code) => this.#fail(`its thread ended with code ${code}`));
    this.#worker.unref();
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  static async create(options: EngineOptions): Promise<WorkerEngine> {
    const engine = new WorkerEngine(options.provider);
    try {
      // A posted view would take its whole buffer along, so the bytes go as a copy of their own.
      const model = typeof options.model === 'string' ? options.model : new Uint8Array(options.model);
      const reply = await engine.#call({ kind: 'create', options: { ...options, model } }, typeof model === 'string' ? [] : [model.buffer]);
      if (reply.kind === 'created') Object.assign(engine, { inputs: reply.inputs, outputs: reply.outputs, provider: reply.provider });
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  async run(feeds: NamedTensors, transfer: boolean, giveBack: readonly string[] = []): Promise<Record<string, Tensor>> {
    const buffers = new Set<ArrayBuffer>();
    const moved: Record<string, Tensor> = {};
    for (const [name, feed] of Object.entries(feeds)) {
      const data = transfer && isWhole(feed.data) && !buffers.has(feed.data.buffer) ? feed.data : copyOf(feed);
      buffers.add(data.buffer as ArrayBuffer);
      moved[name] = { dtype: feed.dtype, shape: feed.shape, data };
    }
    const reply = await this.#call({ kind: 'run', feeds: moved, giveBack }, [...buffers]);
    return reply.kind === 'outputs' ? reply.outputs : {};
  }

  async close(): Promise<void> {
    if (!this.#failure) await this.#call({ kind: 'close' }).catch(() => undefined);
    // unref() let go of the thread: until it has ended, it must keep the process alive again.
    this.#worker.ref();
    await this.#exit;
    unwatchThread(this.#busy);
  }

  #call(request: Request, transfer: ArrayBuffer[] = []): Promise<Reply> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      markBusy(this.#busy);
      this.#pending = { resolve, reject };
      this.#worker.ref();
      try {
        this.#worker.postMessage(request, transfer);
      } catch (cause) {
        markIdle(this.#busy);
        this.#settle();
        reject(new VitaminError('USAGE', `Expected options and feeds of plain data but received: ${(cause as Error).message}`, { cause }));
      }
    });
  }

  #settle(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#worker.unref();
    return pending;
  }

  #fail(reason: string, cause?: unknown): void {
    this.#failure ??= new VitaminError('RUNTIME', `Expected the session to be running but ${reason}`, {
      // Found only when the thread starts: the file is not where the code was bundled to.
      hint: (cause as NodeJS.ErrnoException | undefined)?.code?.endsWith('MODULE_NOT_FOUND') ? BUNDLED_HINT : 'Create a new session.',
      cause,
    });
    markIdle(this.#busy);
    this.#settle()?.reject(this.#failure);
  }
}

function startWorker(busy: Int32Array): Worker {
  const options = { name: 'vitamin-session', execArgv: [], workerData: busy };
  try {
    // Written so that bundlers that follow workers can follow this one.
    return new Worker(new URL('./worker.js', import.meta.url), options);
  } catch (cause) {
    throw new VitaminError('RUNTIME', 'Expected to start a thread beside the code but the code does not know where it lies', {
      hint: BUNDLED_HINT,
      cause,
    });
  }
}

/** A view of its whole, unshared buffer: what can be moved without taking other data along. */
function isWhole(data: Tensor['data']): data is Tensor['data'] & { buffer: ArrayBuffer } {
  return data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
}

/** Not `data.slice()`: a Node Buffer passes as Uint8Array, and its slice shares memory. */
function copyOf({ dtype, data }: Tensor): Tensor['data'] {
  const copy = new arrayTypes[dtype](data.length);
  (copy as Uint8Array).set(data as Uint8Array);
  return copy;
}
