import { once } from 'node:events';
import { throwIfAborted, VitaminError } from '@vitamin-vlm/core';
import type { OnnxModel } from '@vitamin-vlm/graph';
import { Session, type SessionOptions } from '@vitamin-vlm/runtime';

/** What the sessions of a backbone have in common. */
export type PoolOptions = Pick<SessionOptions, 'threads' | 'provider' | 'cacheDir' | 'execution'>;

/** Sessions by key, made when first asked for and closed together. Two callers that ask at once share one. */
export class SessionPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #sessions = new Map<string, Promise<Session>>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Keys of the sessions made so far. */
  get keys(): Iterable<string> {
    return this.#sessions.keys();
  }

  async get(key: string, build: () => OnnxModel, options: Pick<SessionOptions, 'signal' | 'onProgress'> = {}): Promise<Session> {
    if (this.#closed) throw new VitaminError('USAGE', 'Expected an open backbone but received one that was closed');
    throwIfAborted(options.signal);
    let made = this.#sessions.get(key);
    if (!made) {
      options.onProgress?.({ phase: 'build' });
      // The signal stays outside: others may wait for the same session.
      made = Session.create(build(), { ...this.#options, onProgress: options.onProgress });
      this.#sessions.set(key, made);
      made.catch(() => this.#sessions.delete(key));
    }
    return await unlessAborted(made, options.signal);
  }

  /** Closes every session. May be called again. */
  async close(): Promise<void> {
    this.#closed = true;
    const made = await Promise.allSettled(this.#sessions.values());
    this.#sessions.clear();
    await Promise.all(made.map(async (result) => result.status === 'fulfilled' && (await result.value.close())));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Stops waiting when the signal fires. The session is made nevertheless: others may wait for it, and the next call will want it. */
async function unlessAborted(made: Promise<Session>, signal: AbortSignal | undefined): Promise<Session> {
  if (!signal) return await made;
  const stopped = new AbortController();
  const aborted = once(signal, 'abort', { signal: stopped.signal }).then(() => throwIfAborted(signal)) as Promise<never>;
  try {
    return await Promise.race([made, aborted]);
  } finally {
    aborted.catch(() => undefined);
    stopped.abort();
  }
}
