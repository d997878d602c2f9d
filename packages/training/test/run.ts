import * as g from '@vitamin-vlm/graph';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { readLog, train, type TrainOptions, type TrainResult } from '../src/index.ts';
import { fitBatch, fitStep, initial } from './fit.ts';

let root = '';
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'training-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));
export const newFolder = (): string => join(root, `${count++}`);

export const rows = 8;
export const step = fitStep(rows);

/** A training of the layer that is fitted. */
export function run(folder: string, options: Partial<TrainOptions> = {}): Promise<TrainResult> {
  return train({
    folder,
    graphs: { step },
    initial,
    settings: { rows },
    steps: 20,
    rate: g.warmUp(g.cosineRate(0.1, { to: 20 }), { steps: 4, start: 0.1 }),
    batch: (index) => ({ feeds: fitBatch(index, rows) }),
    saveEvery: 5,
    session: { threads: 1 },
    ...options,
  });
}

/** The log without what a clock says. */
export async function logOf(folder: string): Promise<object[]> {
  const entries = await readLog(join(folder, 'log.jsonl'));
  return entries.map((entry) => ('evaluation' in entry ? entry : { ...entry, seconds: 0 }));
}
export const lossesOf = async (folder: string): Promise<number[]> =>
  (await logOf(folder)).flatMap((entry) => ('loss' in entry ? [entry.loss as number] : []));

export const bytesOf = (folder: string, name = 'state.safetensors'): Promise<Buffer> => readFile(join(folder, name));
