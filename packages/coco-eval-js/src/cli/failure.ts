import { CocoEvalError } from '../errors.ts';
import { printable } from './printable.ts';

/** What the end of a run by an error looks like. */
export interface Failure {
  /** For stderr. */
  readonly text: string;
  /** 1 internal error, 2 wrong flags, 3 a file cannot be used or written, or memory does not suffice. */
  readonly status: number;
}

/** The message and exit status of anything that was thrown. */
export function failure(error: unknown): Failure {
  const known = error instanceof CocoEvalError ? error : memoryError(error);
  if (known === undefined) {
    const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { text: `coco-eval: internal error, a mistake in this program: ${details}\n`, status: 1 };
  }
  const usage = known.code === 'USAGE';
  const hint = known.hint ?? (usage ? 'Run coco-eval --help for the list of flags.' : undefined);
  const lines = [`coco-eval: error ${known.code}: ${known.message}`, ...(hint === undefined ? [] : [hint])];
  return { text: lines.map((line) => `${printable(line)}\n`).join(''), status: usage ? 2 : 3 };
}

/** Engines report memory that is not there, and lengths beyond their limits, as a RangeError; a worker has a code for it. */
function memoryError(error: unknown): CocoEvalError | undefined {
  if (!(error instanceof Error)) return undefined;
  const tooLarge = error instanceof RangeError && /allocation|length|memory|longer than/i.test(error.message);
  if (!tooLarge && (error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') return undefined;
  return new CocoEvalError('LIMIT', `Expected files that fit in memory but received: ${error.message}`, { cause: error });
}
