// The thread of the models: what it computes between two runs of a network, masks for example, does not hold up the server.
import { parentPort, workerData } from 'node:worker_threads';
import { VitaminError } from '@vitamin-vlm/core';
import type { FromThread, InferenceSettings, ToThread } from './job.ts';
import { Models } from './models.ts';
import { PictureCache } from './picture-cache.ts';
import { runJob } from './run-job.ts';
import { Words } from './words.ts';

const port = parentPort!;
const settings = workerData as InferenceSettings;
const models = new Models(settings);
const desk = { models, pictures: new PictureCache(settings.cacheBytes), words: new Words(), maxPixels: settings.maxPixels };
const running = new Map<number, AbortController>();

port.on('message', (message: ToThread) => {
  if ('close' in message) void close();
  else if ('cancel' in message) running.get(message.id)?.abort();
  else void run(message.id, message.job);
});

function post(message: FromThread): void {
  port.postMessage(message);
}

async function run(id: number, job: Extract<ToThread, { job: unknown }>['job']): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const result = await runJob(desk, settings.models, job, { signal: controller.signal }, (piece) => post({ id, piece }));
    post({ id, result });
  } catch (error) {
    const { message } = error as Error;
    const [code, hint] = error instanceof VitaminError ? [error.code, error.hint] : (['INTERNAL', undefined] as const);
    post({ id, error: { code, message, hint } });
  } finally {
    running.delete(id);
  }
}

async function close(): Promise<void> {
  for (const controller of running.values()) controller.abort();
  await models[Symbol.asyncDispose]();
  port.close();
}
