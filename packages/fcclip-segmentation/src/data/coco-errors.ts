import { type ErrorCode, VitaminError } from '@vitamin-vlm/core';
import { CocoEvalError } from 'coco-eval-js';

/** Does what coco-eval-js does, with the errors of this project: what is not as its format asks for is `INPUT_UNREADABLE`. */
export async function told<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    const same: readonly string[] = ['INPUT_NOT_FOUND', 'USAGE', 'ABORTED'];
    const code = same.includes(error.code) ? (error.code as ErrorCode) : 'INPUT_UNREADABLE';
    throw new VitaminError(code, error.message, { cause: error, ...(error.hint !== undefined && { hint: error.hint }) });
  }
}
