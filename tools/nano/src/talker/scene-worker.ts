import { parentPort } from 'node:worker_threads';
import { trainingScene } from './scenes.ts';

parentPort!.on('message', async (index: number) => {
  const item = await trainingScene(index);
  parentPort!.postMessage({ index, item }, [item.pixels.data.buffer as ArrayBuffer]);
});
