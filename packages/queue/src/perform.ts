import { VitaminError } from '@vitamin-vlm/core';
import { lockFolder } from '@vitamin-vlm/runs';
import { access } from 'node:fs/promises';
import { type ChildEnd, runChild, type ShardProgress } from './child.ts';
import type { Task } from './run.ts';

/** What a task came to, as Redis keeps it. */
export interface TaskResult {
  /** Items of the shard; 0 of a merge. */
  readonly items: number;
  readonly broken: number;
  readonly seconds: number;
}

/** The shard's folder is another process's: to be tried later, and no failure. */
export class FolderTaken extends Error {}

/** How a task is done. */
export interface PerformOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv | undefined;
  readonly silenceMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ShardProgress) => void;
}

/**
 * Does a task in a process of its own. It may have been begun, or even finished, by a worker that died: the program goes on from what
 * lies in the folder.
 *
 * @throws FolderTaken while another process works in the shard's folder; VitaminError with what the program said, `ABORTED` on the signal.
 */
export async function perform(task: Task, { args, ...options }: PerformOptions): Promise<TaskResult> {
  const started = performance.now();
  const { cwd } = task.run;
  if (!(await exists(cwd))) {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected the folder ${cwd} on this machine but found none`, {
      hint: 'Workers must see the same files at the same places as the machine that submits.',
    });
  }
  if (task.kind === 'shard') await checkFree(task.folder);
  const progress = { done: 0, total: 0, broken: 0 };
  const end = await runChild({
    ...options,
    cwd,
    args,
    onProgress: (event) => options.onProgress(Object.assign(progress, event)),
  });
  checkEnd(end);
  return { items: progress.total, broken: progress.broken, seconds: (performance.now() - started) / 1000 };
}

/** A worker that lost its connection, or sleeps, has lost its shard; its process may still be at work. */
async function checkFree(folder: string): Promise<void> {
  if (!(await exists(folder))) return;
  try {
    await using _free = await lockFolder(folder);
  } catch (error) {
    if (error instanceof VitaminError && error.code === 'USAGE') throw new FolderTaken(error.message);
    throw error;
  }
}

/** 0: done. 3: done, with broken items, or an input is missing altogether, which the document says. */
function checkEnd({ status, killedBy, stdout, stderr }: ChildEnd): void {
  const error = errorIn(stdout);
  if (!error && (status === 0 || status === 3)) return;
  const { code = 'RUNTIME', message = stderr === '' ? 'it said nothing' : stderr, hint } = error ?? {};
  const how = killedBy ? `was killed by ${killedBy}` : `ended with status ${status}`;
  const text = error ? message : `Expected the process of the shard to finish but it ${how}: ${message}`;
  throw new VitaminError(code, text, hint === undefined ? {} : { hint });
}

type ErrorRecord = { readonly code?: VitaminError['code']; readonly message?: string; readonly hint?: string };

/** The error of a result document. */
function errorIn(stdout: string): ErrorRecord | undefined {
  try {
    const document = JSON.parse(stdout) as { error?: ErrorRecord } | null;
    return typeof document?.error === 'object' ? document.error : undefined;
  } catch {
    return undefined; // the status tells
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
