import { execFile } from 'node:child_process';
import { open, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { beforeAll, expect, it } from 'vitest';

import { writeAll } from '../src/write-all.ts';
import { PickleWriter } from '../src/torch/pickle-writer.ts';
import { ZipWriter } from '../src/torch/zip-writer.ts';
import { temporaryFolder } from './support/folder.ts';
import { torchBytes } from './support/zip-bytes.ts';

const file = temporaryFolder();
const run = promisify(execFile);
const GIB = 2 ** 30;
const TENSORS = 900;

/** Opens a file in a fresh process (the built package) and reads one tensor; the largest resident memory is the process's whole. */
const child = `
import { openCheckpoint } from '@vitamin-vlm/checkpoint';
const [path, name] = process.argv.slice(1);
const start = performance.now();
let result;
try {
  const checkpoint = await openCheckpoint(path);
  const milliseconds = Math.round(performance.now() - start);
  const record = checkpoint.tensors.get(name);
  const data = record ? [...(await checkpoint.read(name)).data] : [];
  result = { tensors: checkpoint.tensors.size, offset: record?.offset, data, milliseconds };
} catch (error) {
  result = { code: error.code };
}
process.stdout.write(JSON.stringify({ ...result, mebibytes: process.resourceUsage().maxRSS / 1024 }));
`;

interface Outcome {
  readonly tensors?: number;
  readonly offset?: number;
  readonly data?: number[];
  readonly code?: string;
  readonly mebibytes: number;
}

async function openInChild(path: string, name = ''): Promise<Outcome> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', child, path, name], { cwd: import.meta.dirname });
  if (process.env['VITAMIN_SHOW']) process.stderr.write(`${path}: ${stdout}\n`);
  return JSON.parse(stdout) as Outcome;
}

beforeAll(async () => {
  await writeSparseSafetensors(file('4gb.safetensors'));
  await writeSparseTorch(file('4gb.pth'));
});

/** 900 tensors of 5 MB: holes on disk, but for the last four bytes. */
async function writeSparseSafetensors(path: string): Promise<void> {
  const size = 5_000_000;
  const entries = Array.from({ length: TENSORS }, (_, i) => [
    `t${i}`,
    { dtype: 'F32', shape: [size / 4], data_offsets: [i * size, (i + 1) * size] },
  ]);
  const end = TENSORS * size;
  const header = Buffer.from(
    JSON.stringify({ ...Object.fromEntries(entries), last: { dtype: 'F32', shape: [1], data_offsets: [end, end + 4] } }),
  );
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  const handle = await open(path, 'w');
  await writeAll(handle, Buffer.concat([prefix, header]), 0);
  await writeAll(handle, new Uint8Array(new Float32Array([7]).buffer), 8 + header.length + end);
  await handle.close();
}

/** A zip64 archive whose last storages lie beyond 4 GiB, over a hole. */
async function writeSparseTorch(path: string): Promise<void> {
  const handle = await open(path, 'w');
  const zip = new ZipWriter(handle);
  const pickle = new PickleWriter();
  pickle.beginDict();
  for (let i = 0; i < TENSORS; i++) {
    if (i === TENSORS / 2) zip.offset += 4 * GIB;
    await zip.add(`archive/data/${i}`, new Uint8Array(new Float32Array([i]).buffer));
    pickle.string(`t${i}`);
    pickle.tensor('float32', [1], String(i));
  }
  pickle.endDict();
  await zip.add('archive/data.pkl', pickle.end());
  await zip.finish();
  await handle.close();
}

it('opens 4 GB of safetensors in 100 MB of memory', async () => {
  const outcome = await openInChild(file('4gb.safetensors'), 'last');
  expect(outcome).toMatchObject({ tensors: TENSORS + 1, data: [7] });
  expect(outcome.offset).toBeGreaterThan(4 * GIB);
  expect(outcome.mebibytes).toBeLessThan(100);
});

it('opens 4 GB of a torch archive (zip64) in 100 MB of memory', async () => {
  const outcome = await openInChild(file('4gb.pth'), `t${TENSORS - 1}`);
  expect(outcome).toMatchObject({ tensors: TENSORS, data: [TENSORS - 1] });
  expect(outcome.offset).toBeGreaterThan(4 * GIB);
  expect(outcome.offset! % 64).toBe(0);
  expect(outcome.mebibytes).toBeLessThan(100);
});

/** The dearest files that each limit lets through, or stops last. 512 MiB is the bound that the README states. */
const dearest: [string, () => Uint8Array][] = [
  ['dicts', () => torchBytes(`\x80\x02]${`(${'}'.repeat(1000)}e`.repeat(800)}.`)],
  ['lists', () => torchBytes(`\x80\x02]${`(${']'.repeat(1000)}e`.repeat(4000)}.`)],
  ['short bytes', () => torchBytes(`\x80\x03]${`(${'C\0'.repeat(1000)}e`.repeat(800)}.`)],
  ['short strings', () => torchBytes(`\x80\x03]${`(${'U\x03abcU\x03xyz'.repeat(500)}e`.repeat(4000)}.`)],
  ['memo', () => torchBytes(`\x80\x04${')\x940'.repeat(1_300_000)}N.`)],
  [
    'long names',
    () =>
      torchBytes(`\x80\x02}q\0(${Array.from({ length: 30_000 }, (_, i) => `X\xf0\x03\0\0${String(i).padStart(1008, 'k')}N`).join('')}u.`),
  ],
  ['header of names', () => safetensorsOf(`{${Array.from({ length: 990_000 }, (_, i) => `"${i.toString(36)}":{}`).join(',')}}`)],
  ['header of numbers', () => safetensorsOf(`{"a":[${'0.5,'.repeat(1_990_000)}0]}`)],
];

function safetensorsOf(header: string): Buffer {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([prefix, text]);
}

it.each(dearest)('hostile file stays under 512 MiB: %s', async (name, bytes) => {
  await writeFile(file(name), bytes());
  const outcome = await openInChild(file(name));
  expect(outcome.mebibytes).toBeLessThan(512);
});
