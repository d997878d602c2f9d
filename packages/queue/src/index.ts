export type { ShardProgress } from './child.ts';
export type { TaskResult } from './perform.ts';
export type { QueuedRun, Task } from './run.ts';
export { readStatus } from './status.ts';
export type { FailedShard, RunStatus } from './status.ts';
export { submitRun } from './submit-run.ts';
export type { SubmitOptions } from './submit-run.ts';
export { work } from './work.ts';
export type { WorkEvent, WorkOptions } from './work-options.ts';
