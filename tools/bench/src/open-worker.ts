// A process of its own that opens one checkpoint, or none, and says how long that took and what memory the process has used.
import { openCheckpoint } from '@vitamin-vlm/checkpoint';
import { processMemory } from './process-memory.ts';

export interface OpenReport {
  readonly milliseconds: number;
  readonly tensors: number;
  /** Largest resident memory of the whole process, in bytes. */
  readonly peak: number;
}

const path = process.argv[2];
const start = performance.now();
const checkpoint = path === undefined ? undefined : await openCheckpoint(path);
const milliseconds = performance.now() - start;
const report: OpenReport = { milliseconds, tensors: checkpoint?.tensors.size ?? 0, peak: processMemory().peak };
process.stdout.write(JSON.stringify(report));
