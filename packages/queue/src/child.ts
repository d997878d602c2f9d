import { VitaminError } from '@vitamin-vlm/core';
import { type ChildProcess, fork } from 'node:child_process';
import process from 'node:process';

/** How far a shard is, in items. A program sends it to its parent as `process.send({ progress })`. */
export interface ShardProgress {
  readonly done: number;
  readonly total: number;
  readonly broken: number;
}

/** What is started. */
export interface ChildOptions {
  /** A file that Node runs. */
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv | undefined;
  /** Milliseconds without any sign after which it is killed. */
  readonly silenceMs: number;
  /** Ends it: asked first, killed after 8 seconds. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ShardProgress) => void;
}

/** What it left. */
export interface ChildEnd {
  readonly status: number | null;
  readonly killedBy: NodeJS.Signals | null;
  readonly stdout: string;
  /** The end of it. */
  readonly stderr: string;
}

/** A result document names at most the broken items: this is half a million of them. */
const MAX_STDOUT = 64 * 2 ** 20;
const STDERR_TAIL = 2000;
const GRACE_MS = 8000;

/**
 * Runs a program in a process of its own, with a channel over which it tells its progress and learns of this process's death. Work that
 * blocks its event loop, as inference does, cannot block the renewal of a lock here, and what crashes there does not crash here.
 *
 * @throws VitaminError `RUNTIME` when it cannot be started or was silent for too long, `ABORTED` on the signal.
 */
export async function runChild(options: ChildOptions): Promise<ChildEnd> {
  const { program, args, cwd, env = process.env, silenceMs, signal, onProgress } = options;
  const child = fork(program, args, { cwd, env, execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let [stdout, stderr, silent] = ['', '', false];
  const silence = setTimeout(() => {
    silent = true;
    child.kill('SIGKILL');
  }, silenceMs);
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    silence.refresh();
    stdout += text;
    if (stdout.length > MAX_STDOUT) child.kill('SIGKILL');
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    silence.refresh();
    stderr = (stderr + text).slice(-STDERR_TAIL);
  });
  child.on('message', (message) => {
    silence.refresh();
    const progress = progressIn(message);
    if (progress) onProgress(progress);
  });
  const stop = (): void => ask(child);
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    const [status, killedBy] = await ended(child);
    if (signal.aborted) throw new VitaminError('ABORTED', 'Aborted on request', { cause: signal.reason });
    if (silent) {
      const seconds = Math.round(silenceMs / 1000);
      throw new VitaminError('RUNTIME', `Expected a sign of progress every ${seconds} s but there was none: the process was killed`);
    }
    return { status, killedBy, stdout, stderr: stderr.trim() };
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', stop);
  }
}

function ended(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('close', (status, killedBy) => resolve([status, killedBy]));
    child.once('error', (cause) =>
      reject(new VitaminError('RUNTIME', `Expected to start ${process.execPath} but: ${cause.message}`, { cause })),
    );
  });
}

function ask(child: ChildProcess): void {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.once('close', () => clearTimeout(force));
}

function progressIn(message: unknown): ShardProgress | undefined {
  const { progress } = (message ?? {}) as { progress?: Partial<ShardProgress> };
  const { done, total, broken } = progress ?? {};
  return [done, total, broken].every(Number.isSafeInteger) ? (progress as ShardProgress) : undefined;
}
