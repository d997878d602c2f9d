import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '@vitamin-vlm/core';

/** The event loop gets a turn after this many milliseconds. */
const SLICE_MS = 25;

/** A function for the ends of short steps: now and then it lets the event loop run and looks at the signal. */
export function timeSlices(signal: AbortSignal | undefined): () => Promise<void> | undefined {
  let start = performance.now();
  return () => {
    if (performance.now() - start < SLICE_MS) return undefined;
    return pause();
  };
  async function pause(): Promise<void> {
    await setImmediate();
    throwIfAborted(signal);
    start = performance.now();
  }
}
