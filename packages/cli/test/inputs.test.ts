import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';
import { exitCodes } from '../src/exit-code.ts';
import { eachInput, expandInputs, picturesOf, streamPictures } from '../src/inputs.ts';
import { Output } from '../src/output.ts';
import { Progress } from '../src/progress.ts';

function contextOf(signal: AbortSignal = new AbortController().signal): { context: Parameters<typeof eachInput>[0]; said: string[] } {
  const said: string[] = [];
  const stream = { write: (text: string) => said.push(text) };
  const progress = new Progress(stream, false);
  const output = new Output({ stdout: stream, stderr: stream }, progress, {
    format: 'text',
    quiet: false,
    pathsOnly: false,
    verbose: false,
    color: false,
  });
  return { context: { output, progress, signal }, said };
}

const broken = new VitaminError('INPUT_UNREADABLE', 'Expected a picture but found none', { hint: 'Look.' });
const wrong = new VitaminError('USAGE', 'Expected another window');

it.each([
  [[], 0],
  [[undefined, undefined], 0],
  [[undefined, broken], 3],
  [[undefined, wrong], 3],
  [[broken, broken], 3],
  [[wrong, wrong], 2],
  [[wrong, broken], 3],
])('counts what failed and goes on: status of %o is %i', async (errors, status) => {
  const { context, said } = contextOf();
  const inputs = errors.map((_, i) => `${i}.png`);
  const done: string[] = [];
  const batch = await eachInput(context, inputs, async (file) => {
    done.push(file);
    const error = errors[Number.parseInt(file, 10)];
    if (error) throw error;
  });
  expect([batch.status, done]).toEqual([status, inputs]);
  const failed = inputs.filter((_, i) => errors[i]);
  expect(batch.failed.map(({ file }) => file)).toEqual(failed);
  expect(said.filter((line) => line.startsWith('error '))).toHaveLength(failed.length);
  if (failed.length > 0) expect(said.at(-1)).toBe(`warning: ${failed.length} of ${inputs.length} inputs failed: ${failed.join(', ')}\n`);
});

it('ends at once for what is not the fault of an input', async () => {
  const { context } = contextOf();
  for (const error of [new VitaminError('WEIGHTS_MISSING', 'Expected weights'), new TypeError('x is not a function')]) {
    let count = 0;
    const work = async (): Promise<void> => {
      count++;
      throw error;
    };
    await expect(eachInput(context, ['a', 'b'], work)).rejects.toBe(error);
    expect(count).toBe(1);
  }
});

it('stops between two inputs, and what is done stands', async () => {
  const controller = new AbortController();
  const { context, said } = contextOf(controller.signal);
  const done: string[] = [];
  const batch = await eachInput(context, ['a', 'b', 'c'], async (file) => {
    if (done.length === 1) {
      controller.abort();
      throw new VitaminError('ABORTED', 'Aborted on request');
    }
    done.push(file);
  });
  expect([batch, done, said]).toEqual([{ failed: [], status: 0 }, ['a'], []]);
});

it('does not begin an input after an abort', async () => {
  const controller = new AbortController();
  const { context } = contextOf(controller.signal);
  const done: string[] = [];
  await eachInput(context, ['a', 'b'], async (file) => {
    done.push(file);
    controller.abort();
  });
  expect(done).toEqual(['a']);
});

/** The pictures of a command line with --encoding or without. */
async function files(encoding: string | undefined, ...inputs: string[]): Promise<string[]> {
  return await picturesOf({ inputs, flags: { encoding } } as unknown as Parameters<typeof picturesOf>[0]);
}

it('asks pictures, or the encoding of one', async () => {
  expect(await files(undefined, 'a.png', 'b.png')).toEqual(['a.png', 'b.png']);
  expect(await files('e.safetensors')).toEqual(['e.safetensors']);
  expect(await files('e.safetensors', 'a.png')).toEqual(['a.png']);
  await expect(files(undefined)).rejects.toMatchObject({ code: 'USAGE', message: 'Expected an image but received none' });
  await expect(files('e.safetensors', 'a.png', 'b.png')).rejects.toMatchObject({
    code: 'USAGE',
    message: /at most one image.*received 2/u,
  });
});

it('puts the pictures of a folder or a pattern in its place, by name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vitamin-inputs-'));
  const at = (...names: string[]): string[] => names.map((name) => join(folder, name));
  try {
    await mkdir(join(folder, 'album'));
    await mkdir(join(folder, 'empty'));
    for (const path of at('b.png', 'a.JPEG', 'c.tif', 'notes.txt', '[x].webp', 'x.webp', 'album/d.avif', 'album/e.json'))
      await writeFile(path, '');
    expect(await expandInputs([folder])).toEqual(at('[x].webp', 'a.JPEG', 'b.png', 'c.tif', 'x.webp'));
    expect(await expandInputs(at('**/*'))).toEqual(at('[x].webp', 'a.JPEG', 'album/d.avif', 'b.png', 'c.tif', 'x.webp'));
    // Folders come in the order of the command line; what is named is kept whatever its ending, and whether it is there or not.
    expect(await expandInputs(at('notes.txt', 'album', 'absent.png', '[x].webp', '{b,c}.*'))).toEqual(
      at('notes.txt', 'album/d.avif', 'absent.png', '[x].webp', 'b.png', 'c.tif'),
    );
    for (const nothing of at('empty', '*.gif', '?')) {
      const message = `Expected pictures in ${nothing} but found none`;
      await expect(expandInputs([nothing])).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND', message, hint: /^Endings: \.jpg \.jpeg /u });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

it.each([
  ['where the command says', 'named', true, 'named'],
  ['where -o says', undefined, true, 'own'],
  ['nowhere without -o', undefined, false, undefined],
  ['nowhere on request', null, true, undefined],
] as const)('writes the document of a stream %s', async (_, path, hasWriter, written) => {
  const folder = await mkdtemp(join(tmpdir(), 'vitamin-stream-'));
  try {
    const { context, said } = contextOf();
    const writer = hasWriter ? { path: async () => join(folder, 'own') } : undefined;
    const target = typeof path === 'string' ? join(folder, path) : path;
    const status = await streamPictures(
      { ...context, writer } as unknown as Parameters<typeof streamPictures>[0],
      ['a.png', 'b.png', 'c.png'],
      { model: 'm' },
      async (file) => {
        if (file === 'b.png') throw broken;
        return { text: file, record: { file } };
      },
      target,
    );
    expect(status).toBe(3);
    expect(said.join('')).toContain('a.png');
    for (const name of ['named', 'own']) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
      expect(text === undefined).toBe(name !== written);
      if (text === undefined) continue;
      const document = JSON.parse(text) as Record<string, unknown>;
      expect(document).toMatchObject({ model: 'm', images: [{ file: 'a.png' }, { file: 'c.png' }], failed: [{ file: 'b.png' }] });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('has one status for every code', () => {
  expect(exitCodes).toEqual({
    RUNTIME: 1,
    USAGE: 2,
    INPUT_NOT_FOUND: 3,
    INPUT_UNREADABLE: 3,
    MODEL_UNKNOWN: 4,
    WEIGHTS_MISSING: 4,
    WEIGHTS_CORRUPT: 4,
    WEIGHTS_MISMATCH: 4,
    UNSAFE_PICKLE: 4,
    UNSUPPORTED: 4,
    OFFLINE: 5,
    NETWORK: 5,
    AUTH: 5,
    ABORTED: 130,
  });
});
