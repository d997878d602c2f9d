import { VitaminError, type ErrorCode } from '@vitamin-vlm/core';

/** A VitaminError as plain data: class and extra fields do not survive the way between threads. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly cause: unknown;
}

/** Messages of ONNX Runtime 1.30 whose reason is known, with what to do about it. */
const known: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/WebGPU adapter/i, 'UNSUPPORTED', "No graphics device was found: WebGPU needs the machine's Vulkan driver. Use the provider cpu."],
  [/load shared library|load library/i, 'UNSUPPORTED', 'The libraries of this provider are missing or do not load. Use the provider cpu.'],
  [/protobuf parsing failed/i, 'WEIGHTS_CORRUPT', 'The bytes are no ONNX model, or the file is truncated.'],
  [/bad_alloc|allocate memory|out of memory/i, 'RUNTIME', 'Memory ran out: use a smaller batch or window.'],
  [/provided for output/i, 'RUNTIME', 'The model declares an output shape that it does not compute: make that dimension symbolic.'],
];

/** Wraps whatever ONNX Runtime throws: one line of it, a code, and a hint where the reason is known. */
export function wrapEngineError(error: unknown, doing: string): VitaminError {
  if (error instanceof VitaminError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const [, code, hint] = known.find(([pattern]) => pattern.test(text)) ?? [undefined, 'RUNTIME' as const, undefined];
  const line = text.split('\n').find((part) => part.trim() !== '') ?? 'no reason given';
  return new VitaminError(code, `Expected ${doing} to succeed but ONNX Runtime said: ${line.trim()}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

export function toErrorData(error: VitaminError): ErrorData {
  return { code: error.code, message: error.message, hint: error.hint, cause: error.cause };
}

export function fromErrorData({ code, message, hint, cause }: ErrorData): VitaminError {
  return new VitaminError(code, message, { ...(hint === undefined ? {} : { hint }), cause });
}
