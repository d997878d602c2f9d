import type { TaskResult } from './perform.ts';
import type { Task } from './run.ts';

/** What a worker tells. */
export type WorkEvent =
  | { readonly kind: 'started'; readonly task: Task }
  | ({ readonly kind: 'done'; readonly task: Task } & TaskResult)
  /** `last`: it will not be tried again. */
  | { readonly kind: 'failed'; readonly task: Task; readonly message: string; readonly last: boolean }
  /** Another process works in the shard's folder: tried again after a while. */
  | { readonly kind: 'taken'; readonly task: Task; readonly message: string }
  /** Redis is away, or the worker has lost a shard. It goes on by itself. */
  | { readonly kind: 'trouble'; readonly message: string };

/** What a worker needs to know. */
export interface WorkOptions {
  readonly url: string;
  /** A file that Node runs for each task, in a process of its own. It tells its progress by `process.send({ progress })`. */
  readonly program: string;
  /** The whole arguments for a task. @throws VitaminError for a run that this program does not take: what is in Redis may be anybody's. */
  readonly argumentsOf: (task: Task) => readonly string[];
  /** The environment of the program. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** A worker that gave no sign for this long has lost its task to the next. Default: 300,000 ms. */
  readonly lockMs?: number | undefined;
  /** A process that gave no sign for this long is killed. Default: 900,000 ms. */
  readonly silenceMs?: number | undefined;
  /** How long a task waits whose folder another process still holds. Default: 10,000 ms. */
  readonly takenMs?: number | undefined;
  /** Ends when no run is left. Default: false, wait for more. */
  readonly untilDone?: boolean | undefined;
  /** Ends: the task in work is stopped, keeps what it has and is another worker's at once. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: WorkEvent) => void) | undefined;
}
