import { VitaminError } from '@vitamin-vlm/core';

/** Settles as `work` does, or rejects with `ABORTED` as soon as the signal fires. The work itself goes on. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined, message: string = 'Aborted on request'): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(new VitaminError('ABORTED', message, { cause: signal.reason }));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    // Not AbortSignal.any: on Node 20 it keeps memory for as long as its longest-lived source.
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
