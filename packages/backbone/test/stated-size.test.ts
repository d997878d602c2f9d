import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { nativeImageSize } from '../src/load/image-size.ts';
import { temporaryFolder } from './support/folder.ts';

const folder = temporaryFolder();

/** The size that is read off the configuration beside a model about which nothing else is known. */
async function sizeBeside(name: string, config: (path: string) => Promise<void> | void): Promise<number> {
  await mkdir(folder(name));
  await config(folder(name, 'open_clip_config.json'));
  const file = folder(name, 'weights.bin');
  return await nativeImageSize({ path: file }, { address: 'weights', file }, { stride: 16 });
}

function stating(size: number, padding = ''): (path: string) => Promise<void> {
  return async (path) => await writeFile(path, `${JSON.stringify({ model_cfg: { vision_cfg: { image_size: size } } })}${padding}`);
}

it('is that of a configuration up to 1024, and the usual one beyond', async () => {
  expect(await sizeBeside('usual', stating(384))).toBe(384);
  expect(await sizeBeside('largest', stating(1024))).toBe(1024);
  expect(await sizeBeside('larger', stating(1040))).toBe(256);
  expect(await sizeBeside('odd', stating(385))).toBe(256);
});

it('is not looked for in a configuration of more than 1 MiB', async () => {
  expect(await sizeBeside('padded', stating(384, ' '.repeat(1000)))).toBe(384);
  expect(await sizeBeside('huge', stating(384, ' '.repeat(2 ** 20)))).toBe(256);
});

it.skipIf(!existsSync('/proc/self'))('is not waited for where the configuration is a pipe that nobody writes to', async () => {
  expect(await sizeBeside('pipe', (path) => void execFileSync('mkfifo', [path]))).toBe(256);
});
