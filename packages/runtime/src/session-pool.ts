import { totalmem } from 'node:os';
import { throwIfAborted, VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import { type Graph, toOnnx } from '@vitamin-vlm/graph';
import { abortable } from './abortable.ts';
import { cgroupLimits } from './cgroup.ts';
import { estimateBytes } from './estimate-bytes.ts';
import { Session, type SessionOptions } from './session.ts';

/** What the sessions of a pool have in common. */
export interface PoolOptions extends Pick<SessionOptions, 'threads' | 'provider' | 'cacheDir' | 'execution'> {
  /**
   * Bytes that the sessions may take together, by `estimateBytes`. Beyond it those unused for longest are closed; what is in use stays. Default:
   * half of the memory that the machine, or its control group, grants.
   */
  readonly maxBytes?: number | undefined;
}

/** What tells one session from another: plain fields, compared by value. */
export type SessionKey = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** A session on loan. Give it back with `release()` or `using`: until then it stays open. */
export interface Lease extends Disposable {
  readonly session: Session;
  release(): void;
}

/** Options of `SessionPool.lease`. */
export interface LeaseOptions extends WorkOptions {
  /** Instead of the pool's, for what needs the arithmetic of this one. */
  readonly provider?: PoolOptions['provider'];
}

interface Entry {
  readonly key: SessionKey;
  readonly bytes: number;
  readonly made: Promise<Session>;
  leases: number;
}

/**
 * Sessions by key, made when first asked for, shared by all who ask, and bounded in memory. One pool may serve several models: let the keys say
 * which. A session that failed does not stay.
 *
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { add, Graph } from '@vitamin-vlm/graph';
 * import { SessionPool } from '@vitamin-vlm/runtime';
 * await using pool = new SessionPool({ maxBytes: 2 ** 30 });
 * using lease = await pool.lease({ kind: 'double', length: 3 }, () => {
 *   const graph = new Graph('double');
 *   const x = graph.input('x', 'float32', [3]);
 *   graph.output('y', add(x, x));
 *   return graph;
 * });
 * console.log((await lease.session.run({ x: tensor('float32', [3]) })).y?.data);
 * ```
 */
export class SessionPool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #maxBytes: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #ending = new Set<Promise<void>>();
  #onReturn: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  /** @throws VitaminError `USAGE` for a bound that is no positive number. */
  constructor(options: PoolOptions = {}) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? Math.min(totalmem(), cgroupLimits().memoryLimit ?? Number.POSITIVE_INFINITY) / 2;
    if (!(this.#maxBytes > 0)) throw new VitaminError('USAGE', `Expected a positive maxBytes but received ${options.maxBytes}`);
  }

  /** Keys of the sessions that are open or being made, least recently used first. */
  get keys(): readonly SessionKey[] {
    return Array.from(this.#entries.values(), ({ key }) => key);
  }

  /** What they take, by estimate. */
  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Lends the session of a key; callers that ask at once share one. When the signal fires the wait ends, and the session is made nevertheless:
   * others may wait for it.
   *
   * @param build - Makes the graph, when there is no session for the key.
   * @throws VitaminError `USAGE` after `close`, `ABORTED`, and what `build` and `Session.create` throw.
   */
  async lease(key: SessionKey, build: () => Graph, options: LeaseOptions = {}): Promise<Lease> {
    if (this.#closed) throw new VitaminError('USAGE', 'Expected an open pool of sessions but received one that was closed');
    throwIfAborted(options.signal);
    const id = idOf(key);
    const entry = this.#entries.get(id) ?? this.#make(key, build, options);
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    entry.leases++;
    try {
      const session = await abortable(entry.made, options.signal);
      return lend(session, () => this.#release(id, entry, session));
    } catch (error) {
      this.#release(id, entry);
      throw error;
    }
  }

  /** Waits until everything lent is given back, then closes every session. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #make(key: SessionKey, build: () => Graph, { onProgress, provider = this.#options.provider }: LeaseOptions): Entry {
    onProgress?.({ phase: 'build' });
    const graph = build();
    const bytes = estimateBytes(graph);
    this.#evict(bytes);
    const { threads, cacheDir, execution } = this.#options;
    // Those that make room are gone before the new one takes it.
    const made = Promise.all(this.#ending).then(() =>
      Session.create(toOnnx(graph), { threads, provider, cacheDir, execution, onProgress }),
    );
    const entry: Entry = { key, bytes, made, leases: 0 };
    made.catch(() => this.#forget(idOf(key), entry));
    return entry;
  }

  #release(id: string, entry: Entry, session?: Session): void {
    entry.leases--;
    if (session?.failed) this.#end(id, entry);
    this.#evict();
    this.#onReturn?.();
  }

  /** Closes sessions that nobody uses, those unused for longest first, until the rest fit and leave so many bytes. */
  #evict(room = 0): void {
    for (const [id, entry] of this.#entries) {
      if (this.bytes + room <= this.#maxBytes) return;
      if (entry.leases === 0) this.#end(id, entry);
    }
  }

  #end(id: string, entry: Entry): void {
    if (!this.#forget(id, entry)) return;
    const ending = entry.made
      .then((session) => session.close())
      .catch(() => undefined)
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** False when the entry was gone already, or another has taken its place. */
  #forget(id: string, entry: Entry): boolean {
    return this.#entries.get(id) === entry && this.#entries.delete(id);
  }

  async #shutDown(): Promise<void> {
    while ([...this.#entries.values()].some(({ leases }) => leases > 0)) {
      await new Promise<void>((resolve) => {
        this.#onReturn = resolve;
      });
    }
    for (const [id, entry] of this.#entries) this.#end(id, entry);
    await Promise.all(this.#ending);
  }
}

function lend(session: Session, giveBack: () => void): Lease {
  let lent = true;
  const release = (): void => {
    if (lent) giveBack();
    lent = false;
  };
  return { session, release, [Symbol.dispose]: release };
}

/** Equal for equal keys, whatever the order of their fields. */
function idOf(key: SessionKey): string {
  return JSON.stringify(Object.entries(key).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
