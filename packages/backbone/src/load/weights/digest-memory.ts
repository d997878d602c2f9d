import { createHash } from 'node:crypto';
import { type FileHandle, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type TensorRecord, VitaminError, writeFileAtomic, makeFolder } from '@vitamin-vlm/core';
import { onlyLinked } from '@vitamin-vlm/runtime';

/** What all bytes of one tensor say. */
export interface TensorDigest {
  /** SHA-256 of its elements in row-major order, 64 hexadecimal digits. */
  readonly sha256: string;
  /** False when an element is NaN or infinite. */
  readonly finite: boolean;
}

/** What tells one state of a file from another without reading it. Times in nanoseconds: more digits than a double holds. */
export interface FileState {
  readonly path: string;
  readonly size: string;
  readonly modified: string;
  /** Moves with every write and cannot be set, unlike the time of modification. */
  readonly changed: string;
  readonly inode: string;
}

/** A memory is a few hundred bytes a tensor; more is not ours. */
const MAX_MEMORY_BYTES = 64 * 2 ** 20;
const SCHEMA = 1;

export async function stateOf(file: FileHandle, path: string): Promise<FileState> {
  const { size, mtimeNs, ctimeNs, dev, ino } = await file.stat({ bigint: true });
  return { path, size: `${size}`, modified: `${mtimeNs}`, changed: `${ctimeNs}`, inode: `${dev}:${ino}` };
}

export function sameState(a: FileState, b: FileState): boolean {
  return (['path', 'size', 'modified', 'changed', 'inode'] as const).every((field) => a[field] === b[field]);
}

/** The digests of one file in one state, as they lie in the cache. One that is absent, damaged or of another state is empty. */
export class DigestMemory {
  readonly #path: string | undefined;
  readonly #state: FileState;
  readonly #digests: Map<string, TensorDigest>;

  private constructor(path: string | undefined, state: FileState, digests: Map<string, TensorDigest>) {
    this.#path = path;
    this.#state = state;
    this.#digests = digests;
  }

  static async read(cacheDir: string | false, state: FileState): Promise<DigestMemory> {
    if (cacheDir === false) return new DigestMemory(undefined, state, new Map());
    const name = createHash('sha256').update(state.path).digest('hex').slice(0, 32);
    const path = join(cacheDir, 'digests', `${name}.json`);
    return new DigestMemory(path, state, await readDigests(path, state, cacheDir));
  }

  get(record: TensorRecord): TensorDigest | undefined {
    return this.#digests.get(place(record));
  }

  set(record: TensorRecord, digest: TensorDigest): void {
    this.#digests.set(place(record), digest);
  }

  /** Keeps what is known. A cache that cannot be written only costs the time of reading the weights again. */
  async write(): Promise<void> {
    if (this.#path === undefined) return;
    const digests = Object.fromEntries(this.#digests);
    try {
      await makeFolder(join(this.#path, '..'), 0o700);
      await writeFileAtomic(this.#path, JSON.stringify({ schema: SCHEMA, state: this.#state, digests }));
    } catch (error) {
      if (!(error instanceof VitaminError) && !(error instanceof Error && 'syscall' in error)) throw error;
    }
  }
}

/** A digest belongs to bytes, not to a name; the type says which of them are no numbers. */
function place({ dtype, offset, byteLength }: TensorRecord): string {
  return `${dtype} ${offset} ${byteLength}`;
}

/** The time of change moves with every hard link that a graph makes to the file; the bytes are the same then. */
async function stillSame(kept: FileState, now: FileState, cacheDir: string): Promise<boolean> {
  if (sameState(kept, now)) return true;
  if (!sameState({ ...kept, changed: now.changed }, now)) return false;
  return await onlyLinked(cacheDir, { ...now, from: kept.changed, to: now.changed });
}

async function readDigests(path: string, state: FileState, cacheDir: string): Promise<Map<string, TensorDigest>> {
  const none = new Map<string, TensorDigest>();
  try {
    const info = await stat(path);
    if (!info.isFile() || info.size > MAX_MEMORY_BYTES) return none;
    const kept = JSON.parse(await readFile(path, 'utf8')) as Partial<{
      readonly schema: number;
      readonly state: FileState;
      readonly digests: Readonly<Record<string, Partial<TensorDigest>>>;
    }>;
    if (kept.schema !== SCHEMA || !kept.state || !(await stillSame(kept.state, state, cacheDir))) return none;
    const entries = Object.entries(kept.digests ?? {});
    const whole = entries.every(([, digest]) => /^[0-9a-f]{64}$/u.test(digest.sha256 ?? '') && typeof digest.finite === 'boolean');
    if (!whole) return none;
    const now = new Date();
    // Digests unused for long are removed; in a cache that cannot be written nothing is.
    await utimes(path, now, now).catch(() => undefined);
    return new Map(entries as [string, TensorDigest][]);
  } catch {
    return none;
  }
}
