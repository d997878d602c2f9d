import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { appendFile, readFile } from 'node:fs/promises';

/** A step in the log. */
export interface StepEntry {
  readonly step: number;
  /** Samples seen so far, where the loop was told how many a step has. */
  readonly samples?: number;
  readonly loss: number;
  readonly rate: number;
  /** Joint L2 norm of the gradients before clipping. */
  readonly gradientNorm: number;
  /** Since this process started. */
  readonly seconds: number;
  /** Further scalars that the graphs output, by name: parts of the loss, say. */
  readonly values?: Readonly<Record<string, number>>;
}

/** An evaluation in the log: the figures after `step` steps. */
export interface EvaluationEntry {
  readonly step: number;
  readonly samples?: number;
  readonly evaluation: Readonly<Record<string, number>>;
}

/** One line of `log.jsonl`. */
export type LogEntry = StepEntry | EvaluationEntry;

/** Adds a line. */
export async function appendLog(file: string, entry: LogEntry): Promise<void> {
  await appendFile(file, `${JSON.stringify(entry)}\n`);
}

/**
 * The lines of a training log. Half a line at the end, as a death leaves it, is passed over.
 *
 * @throws VitaminError `INPUT_NOT_FOUND`, `INPUT_UNREADABLE` that names the line.
 * @example
 * ```ts
 * import { readLog } from '@vitamin-vlm/training';
 * for (const entry of await readLog('run/log.jsonl')) {
 *   if ('evaluation' in entry) console.log(entry.step, entry.evaluation);
 * }
 * ```
 */
export async function readLog(file: string): Promise<LogEntry[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a training log at ${file} but could not read it`, { cause });
  });
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line, i) => {
    try {
      return JSON.parse(line) as LogEntry;
    } catch (cause) {
      throw new VitaminError('INPUT_UNREADABLE', `Expected JSON in line ${i + 1} of ${file} but found something else`, { cause });
    }
  });
}

/** Takes out what was logged after the state that the training goes on from. */
export async function rewindLog(file: string, { step, evaluated }: { readonly step: number; readonly evaluated: number }): Promise<void> {
  const entries = await readLog(file).catch((error: unknown) => {
    if (error instanceof VitaminError && error.code === 'INPUT_NOT_FOUND') return undefined;
    throw error;
  });
  if (!entries) return;
  const kept = entries.filter((entry) => entry.step <= ('evaluation' in entry ? evaluated : step));
  await writeFileAtomic(file, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}
