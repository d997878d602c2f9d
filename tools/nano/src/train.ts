import { appendFile } from 'node:fs/promises';
import { throwIfAborted, tensor, type Tensor, type WorkOptions } from '@vitamin-vlm/core';
import type { ClipTokenizer } from '@vitamin-vlm/backbone';
import type { Weights } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { contrastiveFeeds, type Samples } from './batch.ts';
import { buildTrainingStep } from './contrastive.ts';
import type { Schedule } from './nano-config.ts';
import { advance, initialState, resumeState, saveState, type TrainingState } from './training-state.ts';

/** One line of the training log. */
export interface LogEntry {
  readonly step: number;
  readonly samples: number;
  readonly loss: number;
  readonly rate: number;
  readonly gradientNorm: number;
  /** Since this process started. */
  readonly seconds: number;
}

export interface TrainOptions extends WorkOptions {
  readonly schedule: Schedule;
  /** Values before the first step, by path. */
  readonly initial: ReadonlyMap<string, Tensor>;
  /** Weights that are used but not trained. */
  readonly frozen?: Weights;
  /** Batch of a step, made ahead of time by the caller's workers. Steps count from 1. */
  readonly batchOf: (step: number) => Promise<Samples>;
  readonly tokenizer: ClipTokenizer;
  /** Checkpoint file: written every `saveEvery` steps and at the end, resumed from when it exists. */
  readonly checkpoint: string;
  readonly saveEvery: number;
  /** JSON lines of `LogEntry`, appended. */
  readonly log: string;
  readonly onStep?: (entry: LogEntry) => void;
  readonly threads?: number;
}

/** Runs or resumes a training; returns the final state. Stopping by `signal` saves a checkpoint first. */
export async function train(options: TrainOptions): Promise<TrainingState> {
  const { schedule, batchOf, tokenizer, signal } = options;
  const { model, trained } = buildTrainingStep(schedule, options.frozen);
  const state = (await resumeState(options.checkpoint)) ?? initialState(options.initial, trained);
  await using session = await Session.create(model, { execution: 'inline', ...(options.threads && { threads: options.threads }) });
  const start = performance.now();
  while (state.step < schedule.steps) {
    if (signal?.aborted) await saveState(options.checkpoint, state);
    throwIfAborted(signal);
    const step = state.step + 1;
    const feeds = contrastiveFeeds(await batchOf(step), tokenizer);
    const outputs = await session.run(
      { ...Object.fromEntries(state.tensors), ...feeds, step: tensor('float32', [], new Float32Array([step])) },
      { transfer: true },
    );
    advance(state, outputs);
    const entry = logEntry(outputs, step, schedule.batch, (performance.now() - start) / 1000);
    await appendFile(options.log, `${JSON.stringify(entry)}\n`);
    options.onStep?.(entry);
    options.onProgress?.({ phase: 'run', done: step, total: schedule.steps });
    if (step % options.saveEvery === 0 || step === schedule.steps) await saveState(options.checkpoint, state);
  }
  return state;
}

function logEntry(outputs: Readonly<Record<string, Tensor>>, step: number, batch: number, seconds: number): LogEntry {
  const scalar = (name: string): number => Number(outputs[name]!.data[0]);
  return { step, samples: step * batch, loss: scalar('loss'), rate: scalar('rate'), gradientNorm: scalar('gradientNorm'), seconds };
}
