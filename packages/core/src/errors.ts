/** What went wrong, as a word that programs can test. The table in the package's README says what each one means. */
export type ErrorCode =
  | 'USAGE'
  | 'INPUT_NOT_FOUND'
  | 'INPUT_UNREADABLE'
  | 'MODEL_UNKNOWN'
  | 'WEIGHTS_MISSING'
  | 'WEIGHTS_CORRUPT'
  | 'WEIGHTS_MISMATCH'
  | 'UNSAFE_PICKLE'
  | 'OFFLINE'
  | 'NETWORK'
  | 'AUTH'
  | 'ABORTED'
  | 'UNSUPPORTED'
  | 'RUNTIME';

/**
 * The one error class of the project: what was expected and what was found in `message`, what to do in `hint`.
 *
 * @example
 * ```ts
 * import { VitaminError } from '@vitamin-vlm/core';
 * const error = new VitaminError('USAGE', 'Expected a positive window size but received -1', { hint: 'Pass --window 336.' });
 * console.log(error.code, error.message, error.hint);
 * ```
 */
export class VitaminError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VitaminError';
    this.code = code;
    this.hint = options.hint;
  }
}

/**
 * Throws `ABORTED` when the signal has fired. Long work calls it between steps.
 *
 * @example
 * ```ts
 * import { throwIfAborted } from '@vitamin-vlm/core';
 * const controller = new AbortController();
 * throwIfAborted(controller.signal); // does nothing until controller.abort()
 * ```
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new VitaminError('ABORTED', 'Aborted on request', { cause: signal.reason });
}
