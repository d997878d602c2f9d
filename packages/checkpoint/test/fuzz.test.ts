import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sizeOf, tensor, VitaminError } from '@vitamin-vlm/core';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { writeNpy, writeSafetensors, writeTorchArchive } from '../src/index.ts';
import { readZipDirectory } from '../src/torch/zip-directory.ts';
import { memorySource, readBytes } from './support/memory-source.ts';
import { mutate } from './support/mutate.ts';
import { Random } from './support/random.ts';
import { protocol4, trainingCheckpoint } from './support/torch-files.data.ts';
import { torchBytes } from './support/zip-bytes.ts';

const cases = Number(process.env['VITAMIN_FUZZ_CASES'] ?? 10_000);
const seed = Number(process.env['VITAMIN_FUZZ_SEED'] ?? 1);
const MIB = 1024 * 1024;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitamin-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Takes a whole file to a damaged one. Archives are also damaged inside their pickle, where the zip around it stays sound. */
type Damage = (random: Random) => Buffer;

async function damages(): Promise<Damage[]> {
  const weights = {
    w: tensor('float32', [2, 3], new Float32Array([1, 2, 3, 4, 5, 6])),
    h: tensor('float16', [4]),
    ids: tensor('int64', [2], new BigInt64Array([1n, 2n])),
  };
  await writeSafetensors(join(folder, 's'), weights, { format: 'pt' });
  await writeTorchArchive(join(folder, 't'), { epoch: 3, lr: 0.5, state_dict: weights });
  await writeNpy(join(folder, 'n'), weights.w);
  const torch = [await readFile(join(folder, 't')), Buffer.from(trainingCheckpoint, 'base64'), Buffer.from(protocol4, 'base64')];
  const whole = [await readFile(join(folder, 's')), await readFile(join(folder, 'n')), ...torch];
  const inner: Damage[] = [];
  for (const archive of torch) {
    const entries = [...(await readZipDirectory(memorySource(archive))).values()];
    const dataOf = (entry: { offset: number; byteLength: number }): Buffer =>
      archive.subarray(entry.offset, entry.offset + entry.byteLength);
    const pickle = dataOf(entries.find(({ name }) => name.endsWith('/data.pkl'))!);
    const count = entries.filter(({ name }) => /\/data\/\d+$/.test(name)).length;
    const storages = Array.from({ length: count }, (_, i) => dataOf(entries.find(({ name }) => name.endsWith(`/data/${i}`))!));
    inner.push((random) => torchBytes(mutate(pickle, random), storages));
  }
  return [
    ...whole.map(
      (bytes): Damage =>
        (random) =>
          mutate(bytes, random),
    ),
    ...inner,
    ...inner,
  ];
}

it(`${cases} damaged files end in a tensor or in a VitaminError`, { timeout: Math.max(60_000, cases * 20) }, async () => {
  const random = new Random(seed);
  const kinds = await damages();
  const outcomes = new Map<string, number>();
  let peak = 0;
  for (let i = 0; i < cases; i++) {
    const bytes = random.pick(kinds)(random);
    let outcome = 'opened';
    try {
      for (const { shape, data } of (await readBytes(bytes)).values()) expect(data.length).toBe(sizeOf(shape));
    } catch (error) {
      if (!(error instanceof VitaminError)) {
        throw new Error(`case ${i} of seed ${seed} (${bytes.length} bytes: ${bytes.toString('base64').slice(0, 4000)})`, { cause: error });
      }
      outcome = error.code;
      expect(error.hint).toBeTypeOf('string');
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (i % 500 === 0) peak = Math.max(peak, process.memoryUsage.rss());
  }
  // The bound that the README states, test runner included.
  expect(peak / MIB).toBeLessThan(512);
  // A fuzzer whose damage is always caught by the first check would prove nothing.
  const rare = ['opened', 'WEIGHTS_CORRUPT', 'UNSAFE_PICKLE', 'UNSUPPORTED'].filter((code) => (outcomes.get(code) ?? 0) < cases / 1000);
  expect(rare).toEqual([]);
});
