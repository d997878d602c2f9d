import { VitaminError } from '@vitamin-vlm/core';

/**
 * Who waits for a signal. It gets one listener however many calls share it: Node warns of a leak from the eleventh on, and a server may well
 * run a hundred calls under one signal.
 */
const waiting = new WeakMap<AbortSignal, { readonly calls: Set<() => void>; readonly listener: () => void }>();

/** Calls back once when the signal fires. Returns what takes the call back. */
function onAbort(signal: AbortSignal, call: () => void): () => void {
  let entry = waiting.get(signal);
  if (!entry) {
    const calls = new Set<() => void>();
    entry = { calls, listener: () => [...calls].forEach((each) => each()) };
    waiting.set(signal, entry);
    signal.addEventListener('abort', entry.listener, { once: true });
  }
  const { calls, listener } = entry;
  calls.add(call);
  return () => {
    calls.delete(call);
    if (calls.size > 0 || waiting.get(signal) !== entry) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

/**
 * Settles as `work` does, or rejects with `ABORTED` as soon as the signal fires. The work itself goes on. A signal may be shared by any number of
 * calls: it gets one listener.
 *
 * @throws VitaminError `ABORTED`.
 * @example
 * ```ts
 * import { abortable } from '@vitamin-vlm/runtime';
 * const answer = await abortable(Promise.resolve(42), AbortSignal.timeout(1000));
 * console.log(answer); // 42
 * ```
 */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined, message: string = 'Aborted on request'): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(new VitaminError('ABORTED', message, { cause: signal.reason }));
    // Not AbortSignal.any: on Node 20 it keeps memory for as long as its longest-lived source.
    const forget = signal.aborted ? abort() : onAbort(signal, abort);
    work.then(resolve, reject).finally(() => forget?.());
  });
}
