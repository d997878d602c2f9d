import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { VitaminError, type WorkOptions } from '@vitamin-vlm/core';
import type { Context } from './context.ts';
import { exitCodes, SOME_FAILED } from './exit-code.ts';

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

/** Endings that stand for pictures in a folder. Files that are named are opened whatever their ending. */
const ENDINGS: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.avif']);

/**
 * Files, with the pictures of a folder in its place, by name. What does not exist is kept: opening it says so.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` for a folder without pictures, `INPUT_UNREADABLE` for one that is closed.
 */
export async function expandFolders(inputs: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const input of inputs) {
    const info = await stat(input).catch(() => undefined);
    if (!info?.isDirectory()) {
      files.push(input);
      continue;
    }
    const entries = await readdir(input).catch((cause: unknown) => {
      throw new VitaminError('INPUT_UNREADABLE', `Expected a folder that can be read but ${input} cannot`, { cause });
    });
    const names = entries.filter((name) => ENDINGS.has(extname(name).toLowerCase())).toSorted();
    if (names.length === 0) {
      throw new VitaminError('INPUT_NOT_FOUND', `Expected pictures in ${input} but found none`, {
        hint: `Endings: ${[...ENDINGS].join(' ')}.`,
      });
    }
    files.push(...names.map((name) => join(input, name)));
  }
  return files;
}

/**
 * Works through the inputs one by one. One that cannot be used is told on stderr and does not stop the others; an abort stops, and what is
 * complete stands.
 *
 * @throws VitaminError for everything that is not the input's fault, such as missing weights.
 */
export async function eachInput(
  context: Context,
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
      output.error(error.code, error.message.includes(file) ? error.message : `${file}: ${error.message}`, error.hint);
      failed.push({ file, code: error.code, message: error.message });
      codes.add(exitCodes[error.code]);
    }
  }
  if (failed.length > 0) output.warn(`${failed.length} of ${inputs.length} inputs failed: ${failed.map(({ file }) => file).join(', ')}`);
  // When every input fails for the same reason, a wrong window for example, that reason is the status.
  const status = failed.length === inputs.length && codes.size === 1 ? [...codes][0]! : SOME_FAILED;
  return { failed, status: failed.length === 0 ? 0 : status };
}

/** Sizes that do not fit one picture are `USAGE`. */
function isInputs({ code }: VitaminError): boolean {
  return code === 'INPUT_NOT_FOUND' || code === 'INPUT_UNREADABLE' || code === 'USAGE';
}

/** For a result document: nothing when nothing failed. */
export function failures({ failed }: Batch): { failed?: readonly Failure[] } {
  return failed.length > 0 ? { failed } : {};
}
