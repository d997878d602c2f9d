import { type ChildProcess, fork } from 'node:child_process';
import type { OnToken } from './callback-pieces.ts';

/** What the process is asked. One thing at a time, but that `stop` may come in between. */
export type LlamaRequest =
  | { readonly load: LlamaLoad }
  | { readonly complete: Readonly<Record<string, unknown>> }
  | { readonly stop: true };

/** What llama.cpp is to load. */
export interface LlamaLoad {
  /** Path of the package. */
  readonly engine: string;
  readonly model: Readonly<Record<string, unknown>>;
  readonly projector: { readonly path: string; readonly use_gpu: boolean };
}

/** What the process says: pieces of an answer, then its end. */
export type LlamaReply = { readonly token: string } | { readonly done: Completion } | { readonly error: string };

/** An answer of llama.cpp. */
export interface Completion {
  readonly text: string;
  /** Ended by `n_predict`. */
  readonly stopped_limited: boolean;
  readonly context_full: boolean;
}

interface Pending {
  readonly resolve: (completion: Completion) => void;
  readonly reject: (error: Error) => void;
  readonly onToken: OnToken | undefined;
}

/**
 * A process of its own for llama.cpp, which writes to standard output whatever it is told, and ends its process where it finds a file damaged. The parent may
 * end while it is idle: it ends with it.
 */
export class LlamaProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  #pending: Pending | undefined;

  private constructor() {
    this.#child = fork(new URL('./llama-child.js', import.meta.url), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    this.#exit = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.on('message', (reply: LlamaReply) => this.#receive(reply));
    this.#child.on('error', (error) => this.#settle()?.reject(error));
    this.#child.on('exit', (code, signal) => this.#settle()?.reject(new Error(`its process ended (${signal ?? code})`)));
  }

  /** @throws Error in llama.cpp's words, when it does not load the model or the projector. */
  static async start(load: LlamaLoad): Promise<LlamaProcess> {
    const started = new LlamaProcess();
    try {
      await started.#ask({ load });
      return started;
    } catch (error) {
      await started.close();
      throw error;
    }
  }

  /** @throws Error in llama.cpp's words, or that the process has ended. */
  async complete(request: Readonly<Record<string, unknown>>, onToken: OnToken): Promise<Completion> {
    return await this.#ask({ complete: request }, onToken);
  }

  /** Ends the answer that runs: what is said of it until then is its end. */
  stop(): void {
    this.#send({ stop: true });
  }

  async close(): Promise<void> {
    this.#child.kill();
    await this.#exit;
  }

  #ask(request: LlamaRequest, onToken?: OnToken): Promise<Completion> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject, onToken };
      this.#child.ref();
      this.#child.channel?.ref();
      this.#send(request);
    });
  }

  #send(request: LlamaRequest): void {
    if (this.#child.connected) this.#child.send(request);
    else this.#settle()?.reject(new Error('its process has ended'));
  }

  #receive(reply: LlamaReply): void {
    if ('token' in reply) this.#pending?.onToken?.(reply);
    else if ('done' in reply) this.#settle()?.resolve(reply.done);
    else this.#settle()?.reject(new Error(reply.error));
  }

  #settle(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#child.unref();
    this.#child.channel?.unref();
    return pending;
  }
}
