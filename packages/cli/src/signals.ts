import type { OutputStream } from './streams.ts';

/** A running command's way to hear of Ctrl-C. */
export interface Stop {
  readonly signal: AbortSignal;
  /** 130 after SIGINT, 143 after SIGTERM, else undefined. */
  readonly exitCode: () => number | undefined;
  /** Work ends, and quietly: the reader of the result has gone. */
  readonly abandon: () => void;
}

/** What SIGTERM, or the death of a worker that has started this process, leaves the running step: less than the ten seconds after which Docker and systemd kill. */
const GRACE_MS = 8000;

/** Ends by the signal's own default action. */
function leave(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

/**
 * The first SIGINT or SIGTERM aborts `signal`: the running window is finished and what is complete is kept. The second one leaves at once, and
 * SIGTERM after 8 seconds whatever still runs, by the signal's own default action: `process.exit()` would wait for ONNX Runtime's running call.
 */
export function stopOnSignals(stderr: OutputStream): Stop {
  const controller = new AbortController();
  let exitCode: number | undefined;
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.on(name, () => {
      if (exitCode !== undefined) {
        leave(name);
        return;
      }
      exitCode = code;
      stderr.write('\nStopping after the running step; once more leaves at once.\n');
      controller.abort();
      // A read that never returns (a dead mount) must not keep a process that a supervisor wants to end.
      if (name === 'SIGTERM') setTimeout(() => leave(name), GRACE_MS).unref();
    });
  }
  return { signal: controller.signal, exitCode: () => exitCode, abandon: () => controller.abort() };
}

/**
 * A process that `vitamin work` has started ends with it, however that one ended: the shard is another worker's then. The channel between them
 * closes with either.
 */
export function stopWithParent(stop: Stop): void {
  if (!process.channel) return;
  process.once('disconnect', () => {
    stop.abandon();
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
  });
  process.channel.unref();
}
