import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CocoEvalError } from '../errors.ts';
import { STDIN } from '../node/read-file.ts';

/** Drafts of runs that were killed are removed after a day. */
const STALE_MS = 24 * 60 * 60 * 1000;
const DRAFT = /^\.coco-eval-[0-9a-f]{12}\.tmp$/;

/** The name of a file without folder, `.gz` and `.json`. */
export function stem(path: string): string {
  if (path === STDIN) return 'stdin';
  return basename(path)
    .replace(/\.gz$/i, '')
    .replace(/\.json$/i, '');
}

/** Whether anything has this name, be it a link that leads nowhere. */
async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Writes `folder/name.extension`, or `name-2` and so on when that exists, first under a name that nobody can guess and then renamed, so that no half file is ever
 * seen. With `force` a file is replaced and keeps its permissions.
 *
 * @returns the path that was written
 * @throws CocoEvalError `OUTPUT_UNWRITABLE` when the folder cannot be written
 */
export async function writeNew(folder: string, name: string, extension: string, text: string, force: boolean): Promise<string> {
  const draft = join(folder, `.coco-eval-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await makeFolder(folder);
    await sweep(folder);
    const wanted = join(folder, `${name}.${extension}`);
    await writeDraft(draft, text, force ? await modeOf(wanted) : undefined);
    if (!force) return await placeBeside(draft, folder, name, extension);
    await rename(draft, wanted);
    return wanted;
  } catch (cause) {
    // What went wrong is told below; that there is nothing to remove is not.
    await rm(draft, { force: true }).catch(() => undefined);
    throw new CocoEvalError('OUTPUT_UNWRITABLE', `Expected a folder to write to at ${folder} but received ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Writes the file that was named, by the same rules; without `force` nothing of that name may be there.
 *
 * @throws CocoEvalError `OUTPUT_UNWRITABLE`
 */
export async function writeNamed(path: string, content: string | Uint8Array, force: boolean): Promise<void> {
  const draft = join(dirname(path), `.coco-eval-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await makeFolder(dirname(path));
    await sweep(dirname(path));
    await writeDraft(draft, content, force ? await modeOf(path) : undefined);
    if (force) await rename(draft, path);
    else await placeAt(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw cause instanceof CocoEvalError
      ? cause
      : new CocoEvalError('OUTPUT_UNWRITABLE', `Expected to write ${path} but received ${(cause as Error).message}`, { cause });
  }
}

/** Gives the draft its name unless that is taken. */
async function placeAt(draft: string, path: string): Promise<void> {
  if (await place(draft, path)) return;
  throw new CocoEvalError('OUTPUT_UNWRITABLE', `Expected no file at ${path} but there is one`, {
    hint: 'Choose another name, or write over it with --force.',
  });
}

async function writeDraft(path: string, text: string | Uint8Array, mode: number | undefined): Promise<void> {
  // Never through a link, or into a file, that somebody else put there.
  const file = await open(path, 'wx', mode);
  try {
    if (mode !== undefined) await file.chmod(mode);
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => found.mode & 0o777,
    () => undefined,
  );
}

/** Gives the draft the first free name. */
async function placeBeside(draft: string, folder: string, name: string, extension: string): Promise<string> {
  for (let i = 1; ; i++) {
    const path = join(folder, i === 1 ? `${name}.${extension}` : `${name}-${i}.${extension}`);
    if (await place(draft, path)) return path;
  }
}

/** Gives the draft a name and tells whether that was free: a link fails where a name is taken, also by whoever is faster. */
async function place(draft: string, path: string): Promise<boolean> {
  if (await exists(path)) return false;
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // Some file systems have no links.
    await rename(draft, path);
    return true;
  }
  await rm(draft);
  return true;
}

async function sweep(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter((entry) => DRAFT.test(entry))) {
    const path = join(folder, name);
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { force: true });
  }
}

/** Node's own recursive mkdir never ends below a folder that exists and takes no entries, such as /proc. */
async function makeFolder(folder: string): Promise<void> {
  if (await isThere(folder)) return;
  if (!(await isThere(dirname(folder)))) await makeFolder(dirname(folder));
  await mkdir(folder);
}

/** Also behind a link. */
async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  );
}
