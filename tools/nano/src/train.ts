import type { ClipTokenizer } from '@vitamin-vlm/backbone';
import type { Tensor } from '@vitamin-vlm/core';
import { constantRate, cosineRate, type Rate, warmUp, type Weights } from '@vitamin-vlm/graph';
import { train, type TrainOptions, type TrainResult } from '@vitamin-vlm/training';
import { contrastiveFeeds, type Samples } from './batch.ts';
import { buildTrainingStep } from './contrastive.ts';
import type { Schedule } from './nano-config.ts';

/** What a contrastive training needs beside the folder and the hooks of the loop. */
export interface ContrastiveOptions extends Pick<TrainOptions, 'folder' | 'saveEvery' | 'onLog' | 'signal' | 'onProgress'> {
  readonly schedule: Schedule;
  /** Values before the first step, by path. */
  readonly initial: ReadonlyMap<string, Tensor>;
  /** Weights that are used but not trained. */
  readonly frozen?: Weights;
  /** Where the initial and the frozen weights come from, to tell one training from another. */
  readonly origin: Readonly<Record<string, unknown>>;
  /** Batch of a step, made ahead of time by the caller's workers. Steps count from 1. */
  readonly batchOf: (step: number) => Promise<Samples>;
  readonly tokenizer: ClipTokenizer;
  readonly threads?: number;
}

/** Runs or resumes a contrastive training of both towers. */
export function trainContrastive(options: ContrastiveOptions): Promise<TrainResult> {
  const { schedule, frozen, origin, batchOf, tokenizer, threads, ...rest } = options;
  return train({
    ...rest,
    graphs: { step: buildTrainingStep(schedule, frozen) },
    settings: { ...schedule, ...origin },
    steps: schedule.steps,
    rate: rateOf(schedule),
    batch: async (step) => ({ feeds: contrastiveFeeds(await batchOf(step), tokenizer) }),
    samplesPerStep: schedule.batch,
    session: threads === undefined ? {} : { threads },
  });
}

/** Rises by equal parts to the peak at step `warmupSteps`, then falls along half a cosine to 0 at the last step. */
function rateOf({ peakRate, warmupSteps, steps }: Schedule): Rate {
  const falling = steps > warmupSteps ? cosineRate(peakRate, { from: warmupSteps - 1, to: steps - 1 }) : constantRate(peakRate);
  return warmUp(falling, { steps: warmupSteps - 1, start: 1 / warmupSteps });
}
