import { parentPort, workerData } from 'node:worker_threads';
import type { Round } from './plan.ts';
import { trainingScene } from './scenes.ts';

const round = workerData as Round;
parentPort!.on('message', (place: number) => {
  const picture = trainingScene(place, round);
  parentPort!.postMessage({ index: place, item: picture }, [picture.pixels.data.buffer as ArrayBuffer]);
});
