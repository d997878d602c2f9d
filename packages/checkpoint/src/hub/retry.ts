import { throwIfAborted, type VitaminError } from '@vitamin-vlm/core';
import { setTimeout as sleep } from 'node:timers/promises';

/** Failures in a row before giving up, and the first of the doubling pauses between them (0.25, 0.5, 1, 2 s). */
const mostFailures = 5;
const firstPause = 250;
/** A server's Retry-After is obeyed up to this: longer, and the user should decide. */
const longestPause = 60_000;

/** A failure that may pass by itself: a cut connection, a timeout, 408, 429, 5xx. `reason` is what the user sees if it does not. */
export class Transient extends Error {
  readonly reason: VitaminError;
  /** Milliseconds the server asked to wait. */
  readonly wait: number | undefined;

  constructor(reason: VitaminError, wait?: number) {
    super(reason.message, { cause: reason });
    this.reason = reason;
    this.wait = wait;
  }
}

/**
 * Repeats an attempt after each Transient failure. `position` tells how far the work has come: as long as it reaches new ground the
 * failures are counted afresh, so a download over a bad line ends, and one that always breaks at the same byte gives up.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal | undefined,
  position: () => number = () => 0,
): Promise<T> {
  let failures = 0;
  let furthest = position();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Transient)) throw error;
      failures = position() > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, position());
      if (failures >= mostFailures || (error.wait ?? 0) > longestPause) throw error.reason;
      await pause(error.wait ?? firstPause * 2 ** (failures - 1), signal);
    }
  }
}

/** Waits, or throws `ABORTED` as soon as the signal fires. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, signal ? { signal } : {}).catch(() => throwIfAborted(signal));
}
