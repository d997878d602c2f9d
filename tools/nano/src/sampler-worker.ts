import { parentPort } from 'node:worker_threads';
import { sampleBatch } from './sampler.ts';

/** One request of `SamplerPool`: the batch of a step. */
export interface BatchRequest {
  readonly step: number;
  readonly size: number;
}

parentPort!.on('message', ({ step, size }: BatchRequest) => {
  const samples = sampleBatch(step, size);
  parentPort!.postMessage({ step, samples }, [samples.pixels.buffer as ArrayBuffer, samples.regions.buffer as ArrayBuffer]);
});
