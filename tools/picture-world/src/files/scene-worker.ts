import { parentPort, workerData } from 'node:worker_threads';
import type { SceneOptions } from '../types.ts';
import { writeScene } from './write-scene.ts';

/** What a worker is told at its start. */
export interface WorkerTask {
  readonly root: string;
  readonly options: SceneOptions;
}

const { root, options } = workerData as WorkerTask;

/* oxlint-disable unicorn/require-post-message-target-origin -- the rule is about windows; a message port has no origin */
// Each message is a seed; the answer is its records or an error. Errors cross as they are: structured clone keeps message and stack.
parentPort?.on('message', (seed: number) => {
  writeScene(root, seed, options).then(
    (records) => parentPort?.postMessage({ records }),
    (error: unknown) => parentPort?.postMessage({ error }),
  );
});
