/**
 * A process that exits while another of its threads is inside ONNX Runtime aborts: Node stops the thread, and the native code
 * then cannot make its results. So the exit is held up until the running calls have ended.
 */

/** Bounds the wait for a thread that died without a word, e.g. of a full heap. */
const LONGEST_WAIT_MS = 60_000;

/** One shared number per thread: 1 while a call is under way there. */
const flags = new Set<Int32Array>();

function waitForCalls(): void {
  for (const flag of flags) Atomics.wait(flag, 0, 1, LONGEST_WAIT_MS);
}

/** Watches a new thread. The flag is set by whoever posts a call, and cleared by the thread when it is done. */
export function watchThread(): Int32Array {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  if (flags.size === 0) process.on('exit', waitForCalls);
  flags.add(flag);
  return flag;
}

export function unwatchThread(flag: Int32Array): void {
  flags.delete(flag);
  if (flags.size === 0) process.off('exit', waitForCalls);
}

export function markBusy(flag: Int32Array): void {
  Atomics.store(flag, 0, 1);
}

export function markIdle(flag: Int32Array): void {
  Atomics.store(flag, 0, 0);
  Atomics.notify(flag, 0);
}
