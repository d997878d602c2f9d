import { type ErrorCode, VitaminError } from '@vitamin-vlm/core';
import { CocoEvalError, type CocoEvalErrorCode } from 'coco-eval-js';

const codes: Readonly<Record<CocoEvalErrorCode, ErrorCode>> = {
  USAGE: 'USAGE',
  SHARDS: 'USAGE',
  BAD_JSON: 'INPUT_UNREADABLE',
  BAD_INPUT: 'INPUT_UNREADABLE',
  BAD_MASK: 'INPUT_UNREADABLE',
  LIMIT: 'INPUT_UNREADABLE',
  INPUT_UNREADABLE: 'INPUT_UNREADABLE',
  INPUT_NOT_FOUND: 'INPUT_NOT_FOUND',
  OUTPUT_UNWRITABLE: 'RUNTIME',
  ABORTED: 'ABORTED',
};

/**
 * Does what coco-eval-js does, with the errors of this project.
 *
 * @throws VitaminError for a `CocoEvalError`: `INPUT_UNREADABLE` for data that are not what their format asks for; any other error as it is.
 * @example
 * ```ts
 * import { withCocoErrors } from '@vitamin-vlm/fvit-detection';
 * import { readAnnotations } from 'coco-eval-js/node';
 * const { images } = await withCocoErrors(() => readAnnotations('instances_val2017.json', { iouType: 'bbox' }));
 * console.log(images.length);
 * ```
 */
export async function withCocoErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof CocoEvalError)) throw cause;
    const { code, message, hint } = cause;
    throw new VitaminError(codes[code], message, { cause, ...(hint === undefined ? {} : { hint }) });
  }
}
