import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CocoEvalError } from '../errors.ts';

/** The name of a file without folder, `.gz` and `.json`. */
export function stem(path: string): string {
  return basename(path)
    .replace(/\.gz$/i, '')
    .replace(/\.json$/i, '');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Writes `folder/name.extension`, or `name-2` and so on when that exists, first under another name and then renamed, so that no half file is ever seen.
 *
 * @returns the path that was written
 * @throws CocoEvalError `OUTPUT_UNWRITABLE` when the folder cannot be written
 */
export async function writeNew(folder: string, name: string, extension: string, text: string, force: boolean): Promise<string> {
  const temporary = join(folder, `.${name}.${process.pid}.tmp`);
  try {
    await makeFolder(folder);
    const path = force ? join(folder, `${name}.${extension}`) : await freePath(folder, name, extension);
    await writeFile(temporary, text);
    await rename(temporary, path);
    return path;
  } catch (cause) {
    // What went wrong is told below; that there is nothing to remove is not.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new CocoEvalError('OUTPUT_UNWRITABLE', `Expected a folder to write to at ${folder} but received ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Node's own recursive mkdir never ends below a folder that exists and takes no entries, such as /proc. */
async function makeFolder(folder: string): Promise<void> {
  if (await exists(folder)) return;
  if (!(await exists(dirname(folder)))) await makeFolder(dirname(folder));
  await mkdir(folder);
}

async function freePath(folder: string, name: string, extension: string): Promise<string> {
  let path = join(folder, `${name}.${extension}`);
  for (let i = 2; await exists(path); i++) path = join(folder, `${name}-${i}.${extension}`);
  return path;
}
