export { readLog } from './log.ts';
export type { EvaluationEntry, LogEntry, StepEntry } from './log.ts';
export { plotLogs } from './plot.ts';
export type { PlotOptions } from './plot.ts';
export type { BatchSource } from './prefetch.ts';
export type { Best } from './state.ts';
export type { Batch, StepGraphs } from './stepper.ts';
export { train } from './train.ts';
export type { Evaluation, TrainOptions, TrainResult } from './train.ts';
