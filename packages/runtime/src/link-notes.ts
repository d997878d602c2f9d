import { link, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic, makeFolder } from '@vitamin-vlm/core';

/** Two times at which a file changed, in nanoseconds since 1970, and what else tells its states apart. Numbers as decimal strings. */
export interface FileChange {
  /** "device:inode". */
  readonly inode: string;
  readonly size: string;
  readonly modified: string;
  readonly from: string;
  readonly to: string;
}

/** Its times of change that led to the last, with nothing but links made between them. */
interface LinkNote extends Omit<FileChange, 'from'> {
  readonly from: readonly string[];
}

/** Older times are forgotten: then a file is read once more. */
const KEPT_TIMES = 256;

const inFolder = (cacheDir: string, inode: string): string => join(cacheDir, 'links', `${inode.replace(':', '-')}.json`);

/**
 * Makes a hard link and notes in the cache that the file's time of change moved for this alone: the time moves with every link, and who remembers what
 * the bytes said must not read gigabytes again for it.
 */
export async function linkNoted(from: string, to: string, cacheDir: string): Promise<void> {
  const before = await stateOf(from);
  await link(from, to);
  const after = await stateOf(from);
  const linkedOnly = before.inode === after.inode && before.size === after.size && before.modified === after.modified;
  // Others link and unlink too: what is not plainly ours is not noted, and costs a reading.
  if (!linkedOnly || after.links !== before.links + 1n) return;
  const { inode, size, modified, changed } = after;
  const known = await readNote(cacheDir, inode);
  const earlier = known?.to === before.changed ? known.from : [];
  const note: LinkNote = { inode, size, modified, from: [...earlier, before.changed].slice(-KEPT_TIMES), to: changed };
  const path = inFolder(cacheDir, inode);
  // Without the note the file is read again, no more.
  await makeFolder(join(path, '..'), 0o700)
    .then(() => writeFileAtomic(path, JSON.stringify(note)))
    .catch(() => undefined);
}

/**
 * Whether nothing but hard links of this cache moved a file's time of change.
 *
 * @example
 * ```ts
 * import { defaultCacheDir, onlyLinked } from '@vitamin-vlm/runtime';
 * const change = { inode: '2049:131', size: '1024', modified: '1700000000000000000', from: '1700000000000000000', to: '1700000009000000000' };
 * console.log(await onlyLinked(defaultCacheDir(), change)); // false
 * ```
 */
export async function onlyLinked(cacheDir: string, { inode, size, modified, from, to }: FileChange): Promise<boolean> {
  const note = await readNote(cacheDir, inode);
  return note?.inode === inode && note.size === size && note.modified === modified && note.to === to && note.from.includes(from);
}

async function stateOf(path: string): Promise<Omit<FileChange, 'from' | 'to'> & { readonly changed: string; readonly links: bigint }> {
  const { size, mtimeNs, ctimeNs, dev, ino, nlink } = await stat(path, { bigint: true });
  return { inode: `${dev}:${ino}`, size: `${size}`, modified: `${mtimeNs}`, changed: `${ctimeNs}`, links: nlink };
}

/** A note that is absent or damaged is none. */
async function readNote(cacheDir: string, inode: string): Promise<LinkNote | undefined> {
  try {
    const note = JSON.parse(await readFile(inFolder(cacheDir, inode), 'utf8')) as LinkNote;
    return Array.isArray(note.from) ? note : undefined;
  } catch {
    return undefined;
  }
}
