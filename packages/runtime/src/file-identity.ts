import { realpath, stat } from 'node:fs/promises';

import { VitaminError } from '@vitamin-vlm/core';

/** What tells one state of a file from another without reading it. Plain data. */
export interface FileIdentity {
  /** Symbolic links are followed: the file that holds the bytes. */
  readonly path: string;
  readonly size: number;
  /** Nanoseconds since 1970, as a decimal string: more digits than a double holds. */
  readonly modified: string;
  /** "device:inode": a file that was replaced by another of equal size and time differs here. */
  readonly inode: string;
}

/** @throws VitaminError `WEIGHTS_MISSING` when there is no such file. */
export async function identify(file: string): Promise<FileIdentity> {
  try {
    const path = await realpath(file);
    const { size, mtimeNs, dev, ino } = await stat(path, { bigint: true });
    return { path, size: Number(size), modified: String(mtimeNs), inode: `${dev}:${ino}` };
  } catch (cause) {
    throw new VitaminError('WEIGHTS_MISSING', `Expected the weight file ${file} but could not open it`, {
      hint: 'Download or restore the file, then load the model again.',
      cause,
    });
  }
}

/** The file is a hard link of the identified one, or a copy of it in the same state (copies keep size and time). */
export async function matches(file: string, identity: FileIdentity): Promise<boolean> {
  const found = await identify(file).catch(() => undefined);
  if (!found || found.size !== identity.size) return false;
  // Setting a file's time goes through a double of seconds: exact to the microsecond only.
  return found.inode === identity.inode || Math.abs(Number(BigInt(found.modified) - BigInt(identity.modified))) < 1e6;
}
