import type { ErrorCode } from '@vitamin-vlm/core';

/** Status of a run in which some inputs failed and all others were done. */
export const SOME_FAILED = 3;

/** Status of a run that an error ended. 1 = internal, 2 = usage, 3 = inputs, 4 = model or weights, 5 = network. */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  USAGE: 2,
  INPUT_NOT_FOUND: 3,
  INPUT_UNREADABLE: 3,
  MODEL_UNKNOWN: 4,
  WEIGHTS_MISSING: 4,
  WEIGHTS_CORRUPT: 4,
  WEIGHTS_MISMATCH: 4,
  UNSAFE_PICKLE: 4,
  UNSUPPORTED: 4,
  OFFLINE: 5,
  NETWORK: 5,
  AUTH: 5,
  ABORTED: 130,
  RUNTIME: 1,
};
