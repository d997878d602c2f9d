/**
 * What went wrong, as a word that programs can test.
 *
 * `USAGE`: a parameter makes no sense. `BAD_JSON`: the text is not JSON. `BAD_INPUT`: the JSON is not what the format asks for.
 * `BAD_MASK`: a segmentation cannot be decoded. `LIMIT`: the input asks for more memory than the stated bound.
 * `SHARDS`: partial results do not fit together. `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`: files. `ABORTED`: stopped on request.
 */
export type CocoEvalErrorCode =
  | 'USAGE'
  | 'BAD_JSON'
  | 'BAD_INPUT'
  | 'BAD_MASK'
  | 'LIMIT'
  | 'SHARDS'
  | 'INPUT_NOT_FOUND'
  | 'INPUT_UNREADABLE'
  | 'ABORTED';

/** Where the fault is and what to do about it. */
export interface CocoEvalErrorOptions {
  readonly hint?: string | undefined;
  /** Zero-based position of the faulty entry in its list. */
  readonly index?: number | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of the package: what was expected and what was found in `message`, what to do in `hint`, and the entry's position in `index`.
 *
 * @example
 * ```ts
 * import { CocoEvalError, parseRleString } from 'coco-eval-js';
 * try {
 *   parseRleString('~', 10, 10);
 * } catch (error) {
 *   if (error instanceof CocoEvalError) console.log(error.code, error.message, error.hint);
 * }
 * ```
 */
export class CocoEvalError extends Error {
  readonly code: CocoEvalErrorCode;
  readonly hint: string | undefined;
  readonly index: number | undefined;

  constructor(code: CocoEvalErrorCode, message: string, options: CocoEvalErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CocoEvalError';
    this.code = code;
    this.hint = options.hint;
    this.index = options.index;
  }
}

/** Throws `ABORTED` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CocoEvalError('ABORTED', 'Aborted on request', { cause: signal.reason });
}

/** A short, safe picture of any value for an error message: never longer than about 60 characters. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
