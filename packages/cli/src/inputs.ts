import { readdir, stat } from 'node:fs/promises';
import { extname, isAbsolute, join } from 'node:path';
import { VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { Context } from './command.ts';
import { exitCodes, SOME_FAILED } from './exit-code.ts';
import { archivePictures, isArchive } from './data-sets/tar-pictures.ts';
import type { encodingFlags, inputFlags } from './flags.ts';
import type { Result } from './output.ts';
import { STDIN } from './picture-source.ts';
import { oneLine } from './text.ts';
import { readText } from './text-file.ts';

/** One input that could not be used. */
export interface Failure {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

/** How a run over many inputs went. */
export interface Batch {
  readonly failed: readonly Failure[];
  readonly status: number;
}

/** The row of commands that take pictures, or the encoding of one. */
export const pictureInputs = {
  usage: '[image...]',
  help: 'image files, folders or tar archives of them, patterns such as "photos/**/*.jpg", or - for standard input',
} as const;

/** Endings that stand for pictures in a folder. Files that are named are opened whatever their ending. */
const ENDINGS: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']);

/**
 * The pictures that a command is for; without any, the encoding that --encoding names.
 *
 * @throws VitaminError `USAGE` for neither, or for several pictures beside one encoding; as `expandInputs`.
 */
export async function picturesOf(context: Context<typeof encodingFlags & typeof inputFlags>): Promise<string[]> {
  const { encoding, filesFrom } = context.flags;
  const inputs = await namedInputs(context);
  if (context.inputs.length === 0 && filesFrom === undefined && encoding !== undefined) return [encoding];
  if (inputs.length === 0) throw new VitaminError('USAGE', 'Expected an image but received none');
  if (inputs.length > 1 && encoding !== undefined) {
    throw new VitaminError('USAGE', `Expected at most one image beside --encoding but received ${inputs.length}`);
  }
  return await expandInputs(inputs);
}

/** A list of a million names of a hundred characters. */
const MAX_LIST_BYTES = 128 * 2 ** 20;

/**
 * What the command line names, then what the file of --files-from does: a name a line, or with NUL between them (`find -print0`), for names with line breaks.
 *
 * @throws VitaminError `USAGE` for a list that cannot be read, and where standard input is meant twice.
 */
export async function namedInputs({ inputs, flags: { filesFrom } }: Context<typeof inputFlags>): Promise<string[]> {
  const listed = filesFrom === undefined ? [] : namesIn(await readText(filesFrom, MAX_LIST_BYTES, '--files-from'));
  const named = [...inputs, ...listed];
  expectOneStdin([...named, filesFrom]);
  return named;
}

/** @throws VitaminError `USAGE` where standard input is meant twice. */
export function expectOneStdin(names: readonly (string | undefined)[]): void {
  if (names.filter((name) => name === STDIN).length <= 1) return;
  throw new VitaminError('USAGE', 'Expected standard input (-) once but received it several times');
}

/** For commands that take pictures from the command line or from a list. */
export function noImage(): VitaminError {
  return new VitaminError('USAGE', "missing required argument 'image'", { hint: 'Name pictures, or a list of them with --files-from.' });
}

function namesIn(list: string): string[] {
  return list.split(list.includes('\0') ? '\0' : /\r?\n/u).filter((name) => name !== '');
}

/**
 * Files, with the pictures of a folder or of a tar archive in its place, and what a pattern finds. What does not exist is kept: opening it says so.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` for a folder, an archive or a pattern without pictures, `INPUT_UNREADABLE` for a folder that is closed
 * and an archive that is damaged.
 */
export async function expandInputs(inputs: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const input of inputs) {
    for (const file of await placesOf(input)) {
      if (isArchive(file)) for (const picture of await archivePictures(file, isPicture)) files.push(picture);
      else files.push(file);
    }
  }
  return files;
}

/** What a name stands for: itself, what is in a folder, what a pattern finds. */
async function placesOf(input: string): Promise<readonly string[]> {
  const info = await stat(input).catch(() => undefined);
  if (info?.isDirectory()) return await folderPictures(input);
  return !info && /[*?[{]/u.test(input) ? await patternPictures(input) : [input];
}

async function folderPictures(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch((cause: unknown) => {
    throw new VitaminError('INPUT_UNREADABLE', `Expected a folder that can be read but ${folder} cannot`, { cause });
  });
  return found(
    folder,
    entries.filter(isSource).map((name) => join(folder, name)),
  );
}

/** What a shell would find, for patterns that are quoted and for shells that find nothing. */
async function patternPictures(pattern: string): Promise<string[]> {
  const { glob } = await import('tinyglobby');
  const files = await glob(pattern, { expandDirectories: false, absolute: isAbsolute(pattern) });
  return found(pattern, files.filter(isSource));
}

function isSource(path: string): boolean {
  return isPicture(path) || isArchive(path);
}

function isPicture(path: string): boolean {
  return ENDINGS.has(extname(path).toLowerCase());
}

function found(place: string, files: readonly string[]): string[] {
  if (files.length > 0) return files.toSorted();
  throw new VitaminError('INPUT_NOT_FOUND', `Expected pictures in ${place} but found none`, {
    hint: `Endings: ${[...ENDINGS].join(' ')} .tar.`,
  });
}

/**
 * Works through pictures and gives out each result when it is done, so that memory does not grow with their number: a line each, or one document
 * `{schemaVersion, ...head, images: [...], failed?}`. Inputs fail as in `eachInput`.
 *
 * @param path - Where the document is written besides; by default where -o says, if -o names a file for it; null: nowhere.
 * @returns The exit status.
 */
export async function streamPictures(
  context: Context,
  files: readonly string[],
  head: object,
  work: (file: string, options: WorkOptions) => Promise<Result>,
  path?: string | null,
): Promise<number> {
  const { output, writer } = context;
  const target = path === null ? undefined : (path ?? (await writer?.path()));
  let status = 0;
  await output.records({ name: 'images', head, path: target }, async (add) => {
    const batch = await eachInput(context, files, async (file, options) => {
      const started = performance.now();
      await add(await work(file, options));
      output.detail(`${file}: ${Math.round(performance.now() - started)} ms`);
    });
    status = batch.status;
    return { ...failures(batch), ...stoppedEarly(context) };
  });
  if (target !== undefined) output.wrote(target, { remark: path === undefined });
  return status;
}

/**
 * Works through the inputs one by one. One that cannot be used is told on stderr and does not stop the others; an abort stops, and what is
 * complete stands.
 *
 * @throws VitaminError for everything that is not the input's fault, such as missing weights.
 */
export async function eachInput(
  context: Pick<Context, 'output' | 'progress' | 'signal'>,
  inputs: readonly string[],
  work: (input: string, options: WorkOptions) => Promise<void>,
): Promise<Batch> {
  const { output, progress, signal } = context;
  const failed: Failure[] = [];
  const codes = new Set<number>();
  for (const [index, file] of inputs.entries()) {
    if (signal.aborted) break;
    try {
      await work(file, { signal, onProgress: progress.reporter(file, index, inputs.length) });
    } catch (error) {
      if (!(error instanceof VitaminError)) throw error;
      if (error.code === 'ABORTED') break;
      if (!isInputs(error)) throw error;
      const message = error.message.includes(file) ? error.message.replaceAll(file, oneLine(file)) : `${oneLine(file)}: ${error.message}`;
      output.error(error.code, message, error.hint);
      failed.push({ file, code: error.code, message: error.message });
      codes.add(exitCodes[error.code]);
    }
  }
  if (failed.length > 0)
    output.warn(`${failed.length} of ${inputs.length} inputs failed: ${failed.map(({ file }) => oneLine(file)).join(', ')}`);
  // When every input fails for the same reason, a wrong window for example, that reason is the status.
  const status = failed.length === inputs.length && codes.size === 1 ? [...codes][0]! : SOME_FAILED;
  return { failed, status: failed.length === 0 ? 0 : status };
}

/** Sizes that do not fit one picture are `USAGE`. */
function isInputs({ code }: VitaminError): boolean {
  return code === 'INPUT_NOT_FOUND' || code === 'INPUT_UNREADABLE' || code === 'USAGE';
}

/** For a result document: whether a signal cut it short. */
export function stoppedEarly({ signal }: Pick<Context, 'signal'>): { stopped?: true } {
  return signal.aborted ? { stopped: true } : {};
}

/** For a result document: nothing when nothing failed. */
export function failures({ failed }: Batch): { failed?: readonly Failure[] } {
  return failed.length > 0 ? { failed } : {};
}
