/**
 * What went wrong, as a word that programs can test.
 *
 * `USAGE`: a parameter makes no sense. `BAD_JSON`: the text is not JSON. `BAD_INPUT`: the JSON is not what the format asks for.
 * `BAD_MASK`: a segmentation cannot be decoded. `LIMIT`: the input asks for more memory than the stated bound.
 * `SHARDS`: partial results do not fit together. `INPUT_NOT_FOUND`, `INPUT_UNREADABLE`, `OUTPUT_UNWRITABLE`: files. `ABORTED`: stopped on request.
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
  | 'OUTPUT_UNWRITABLE'
  | 'ABORTED';

/** What to do where the place of the fault has nothing better to say. A wrong parameter is explained by its message. */
const HINTS: Readonly<Partial<Record<CocoEvalErrorCode, string>>> = {
  BAD_JSON: 'The file must be one complete JSON document in UTF-8.',
  BAD_INPUT: 'Correct that entry, or leave it out.',
  BAD_MASK: 'Encode the mask again, or leave its entry out.',
  LIMIT: 'The bound protects the memory of this machine: split the input, or ask for less at once.',
  SHARDS: 'Match every shard of one evaluation exactly once, with the same parameters.',
  INPUT_NOT_FOUND: 'Is the path right?',
  INPUT_UNREADABLE: 'It must be a complete file that you may read.',
  OUTPUT_UNWRITABLE: 'It must be a place with room that you may write to.',
};

/** Where the fault is and what to do about it. */
export interface CocoEvalErrorOptions {
  /** Replaces the general advice for the code. */
  readonly hint?: string | undefined;
  /** The list of the faulty entry: `annotations`, `results`, `images`, `categories`. */
  readonly list?: string | undefined;
  /** Zero-based position of the faulty entry in its list. */
  readonly index?: number | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of the package: what was expected and what was found in `message`, what to do in `hint`, and the entry's place in `list` and
 * `index`.
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
  readonly list: string | undefined;
  readonly index: number | undefined;

  constructor(code: CocoEvalErrorCode, message: string, options: CocoEvalErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CocoEvalError';
    this.code = code;
    this.hint = options.hint ?? HINTS[code];
    this.list = options.list;
    this.index = options.index;
  }
}

/** Throws `ABORTED` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CocoEvalError('ABORTED', 'Aborted on request', { cause: signal.reason });
}

/** Whether the annotation file holds the fault: its entries, or those of its images and categories. */
export function isInAnnotations({ list }: CocoEvalError): boolean {
  return list !== undefined && list !== 'results';
}

/** The same error with the name of the file in which it was found. */
export function inFile(error: CocoEvalError, path: string): CocoEvalError {
  const { code, message, list, index, hint } = error;
  return new CocoEvalError(code, `${message} (${path})`, { list, index, hint, cause: error });
}

/** An error that names no entry, such as one of syntax, with the entry in which it was met; any other as it is. */
export function inEntry(error: unknown, list: 'annotations' | 'results', index: number): unknown {
  if (!(error instanceof CocoEvalError) || error.index !== undefined) return error;
  const { code, message, hint } = error;
  return new CocoEvalError(code, `${message}, in ${list}[${index}]`, { list, index, hint, cause: error });
}

/** A short, safe picture of any value for an error message: never longer than about 60 characters. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (value === undefined) return 'nothing';
  return value === null || ['number', 'boolean', 'bigint'].includes(typeof value) ? `${value as number}` : `a ${typeof value}`;
}
