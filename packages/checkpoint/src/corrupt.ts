import { VitaminError } from '@vitamin-vlm/core';

/** `WEIGHTS_CORRUPT` for one file. `problem` reads "Expected ... but found ...". */
export function corrupt(path: string, problem: string, options: { hint?: string; cause?: unknown } = {}): VitaminError {
  return new VitaminError('WEIGHTS_CORRUPT', `${problem} in ${path}`, {
    hint: options.hint ?? "Fetch the file again and compare its size and SHA-256 with the publisher's.",
    cause: options.cause,
  });
}

/** `UNSUPPORTED` for one file: nothing is broken, but this is not a form that is read here. */
export function unsupported(path: string, problem: string, hint: string): VitaminError {
  return new VitaminError('UNSUPPORTED', `${problem} in ${path}`, { hint });
}

/** A hostile text made fit for one line of a message. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
