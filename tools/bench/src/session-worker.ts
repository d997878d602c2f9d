// A process of its own that opens one session, says when it is ready, runs some windows, and says how much memory that took.
import { toOnnx } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { type ProcessMemory, processMemory } from './process-memory.ts';
import { windowGraph, windowPixels } from './window-model.ts';

/** Either a checkpoint, as a user opens it, or a graph that lies in a cache already: what ONNX Runtime needs by itself. */
export type SessionJob = { readonly threads: number; readonly windows: number } & (
  | { readonly weights: string; readonly cacheDir: string }
  | { readonly graph: string }
);

export type SessionReport = { readonly kind: 'ready' } | ({ readonly kind: 'memory' } & ProcessMemory);

const job = JSON.parse(process.argv[2]!) as SessionJob;
const say = (report: SessionReport): boolean => process.send!(report);

const session =
  'graph' in job
    ? await Session.create({ path: job.graph }, { threads: job.threads, execution: 'inline' })
    : await Session.create(toOnnx(await windowGraph(job.weights, 1)), { threads: job.threads, cacheDir: job.cacheDir });
say({ kind: 'ready' });
const image = windowPixels(1, session.inputs[0]!.shape[2] as number);
for (let run = 0; run < job.windows; run++) await session.run({ image });
say({ kind: 'memory', ...processMemory() });
await session.close();
process.disconnect();
