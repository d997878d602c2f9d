export type { Fault, Outcome } from './line.ts';
export { mergeRuns } from './merge-runs.ts';
export { readOutcomes } from './results.ts';
export { runItems } from './run-items.ts';
export type { RunEvent, RunItemsOptions, RunSummary } from './run-items.ts';
export { parseShard } from './shard.ts';
export type { Shard } from './shard.ts';
