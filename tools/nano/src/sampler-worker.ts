import { parentPort, workerData } from 'node:worker_threads';
import { sampleBatch } from './sampler.ts';

const size = workerData as number;

parentPort!.on('message', (step: number) => {
  const samples = sampleBatch(step, size);
  parentPort!.postMessage({ index: step, item: samples }, [samples.pixels.buffer as ArrayBuffer, samples.regions.buffer as ArrayBuffer]);
});
