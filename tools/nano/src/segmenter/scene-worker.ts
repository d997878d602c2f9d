import { parentPort } from 'node:worker_threads';
import { trainingScene } from './scenes.ts';

parentPort!.on('message', (place: number) => {
  const picture = trainingScene(place);
  parentPort!.postMessage(
    { index: place, item: picture },
    [picture.pixels, ...picture.masks.map((data) => ({ data }))].map(({ data }) => data.buffer as ArrayBuffer),
  );
});
