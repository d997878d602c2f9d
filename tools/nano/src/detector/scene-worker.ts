import { parentPort } from 'node:worker_threads';
import { trainingScene } from './scenes.ts';

parentPort!.on('message', (place: number) => {
  const picture = trainingScene(place);
  parentPort!.postMessage({ index: place, item: picture }, [picture.pixels.data.buffer as ArrayBuffer]);
});
