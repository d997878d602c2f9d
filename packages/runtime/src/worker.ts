/** The thread of one session: answers each request of `WorkerEngine` with one reply, in order. */
import { parentPort, workerData } from 'node:worker_threads';

import type { Tensor } from '@vitamin-vlm/core';

import { createEngine } from './create-engine.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { toErrorData, wrapEngineError, type ErrorData } from './engine-error.ts';
import { markIdle } from './exit-guard.ts';
import type { NamedTensors, ValueInfo } from './value-info.ts';

export type Request =
  | { readonly kind: 'create'; readonly options: EngineOptions }
  | { readonly kind: 'run'; readonly feeds: NamedTensors; readonly giveBack: readonly string[] }
  | { readonly kind: 'close' };

export type Reply =
  | { readonly kind: 'created'; readonly inputs: readonly ValueInfo[]; readonly outputs: readonly ValueInfo[]; readonly provider: string }
  | { readonly kind: 'outputs'; readonly outputs: Record<string, Tensor> }
  | { readonly kind: 'closed' }
  | { readonly kind: 'error'; readonly error: ErrorData };

const port = parentPort!;
let engine: Engine | undefined;

async function answer(request: Request): Promise<Reply> {
  if (request.kind === 'create') {
    engine = await createEngine(request.options);
    return { kind: 'created', inputs: engine.inputs, outputs: engine.outputs, provider: engine.provider };
  }
  if (request.kind === 'run') {
    const outputs = await engine!.run(request.feeds, true);
    const feeds = Object.entries(request.feeds); // they were moved here
    const isWanted = ([name]: readonly [string, Tensor]): boolean => request.giveBack.includes(name);
    engine!.recycle?.(Object.fromEntries(feeds.filter((feed) => !isWanted(feed))));
    return { kind: 'outputs', outputs: { ...outputs, ...Object.fromEntries(feeds.filter(isWanted)) } };
  }
  await engine?.close();
  return { kind: 'closed' };
}

async function serve(request: Request): Promise<void> {
  const reply = await answer(request).catch((error: unknown): Reply => ({
    kind: 'error',
    error: toErrorData(wrapEngineError(error, request.kind)),
  }));
  markIdle(workerData as Int32Array);
  const buffers = reply.kind === 'outputs' ? Object.values(reply.outputs).map(({ data }) => data.buffer as ArrayBuffer) : [];
  port.postMessage(reply, buffers);
  // The thread ends by itself once nothing listens: stopping it from outside could hit a run and abort the process.
  if (request.kind === 'close') port.close();
}

port.on('message', (request: Request) => void serve(request));
