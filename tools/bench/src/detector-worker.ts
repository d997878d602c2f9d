// A process of its own that detects in pictures, and says how much memory that took.
import { Detector } from '@vitamin-vlm/fvit-detection';
import { type ProcessMemory, processMemory } from './process-memory.ts';

export interface DetectorJob {
  readonly threads: number;
  readonly detector: string;
  readonly cacheDir: string;
  readonly pictures: readonly string[];
  /** Times that all pictures are gone through. */
  readonly rounds: number;
}

export interface DetectorReport extends ProcessMemory {
  /** Resident memory in bytes after each picture. */
  readonly resident: readonly number[];
}

const { threads, detector: address, cacheDir, pictures, rounds } = JSON.parse(process.argv[2]!) as DetectorJob;
const detector = await Detector.load(address, { threads, cacheDir });
const resident: number[] = [];
for (let round = 0; round < rounds; round++) {
  for (const picture of pictures) {
    await detector.detect(picture);
    resident.push(process.memoryUsage.rss());
  }
}
process.send!({ ...processMemory(), resident } satisfies DetectorReport);
await detector.close();
process.disconnect();
