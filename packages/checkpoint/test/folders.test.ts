import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { tensor } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';

import { openCheckpoint, writeSafetensors, writeTorchArchive } from '../src/index.ts';
import { temporaryFolder } from './support/folder.ts';

const file = temporaryFolder();
const one = (value: number): { w: ReturnType<typeof tensor<'float32'>> } => ({ w: tensor('float32', [1], new Float32Array([value])) });

it("looks in a folder in open_clip's order", async () => {
  const names = ['model.pth', 'pytorch_model.bin', 'model.safetensors', 'open_clip_pytorch_model.bin', 'open_clip_model.safetensors'];
  await mkdir(file('folder'));
  for (const [i, name] of names.entries()) {
    await writeSafetensors(file(`folder/${name}`), one(i)); // content, not ending, tells the format
    await using checkpoint = await openCheckpoint(file('folder'));
    expect([...(await checkpoint.read('w')).data]).toEqual([i]);
  }
});

it('says what it looked for and what it saw in a folder without weights', async () => {
  await mkdir(file('other'));
  await writeFile(file('other/README.md'), '#');
  await expect(openCheckpoint(file('other'))).rejects.toMatchObject({
    code: 'WEIGHTS_MISSING',
    message: expect.stringMatching(/pytorch_model\.bin.*README\.md/) as string,
  });
});

it('names the real file behind a link, as in the Hugging Face cache', async () => {
  await mkdir(file('blobs'));
  await mkdir(file('snapshot'));
  await writeTorchArchive(file('blobs/0123abcd'), one(5));
  await symlink('../blobs/0123abcd', file('snapshot/pytorch_model.bin'));
  await using checkpoint = await openCheckpoint(file('snapshot'));
  expect(checkpoint.files).toEqual([join(await realpath(file('blobs')), '0123abcd')]);
  expect(checkpoint.tensors.get('w')!.file).toBe(checkpoint.files[0]);
});

async function shards(write: typeof writeSafetensors | typeof writeTorchArchive, map: Record<string, string>): Promise<string> {
  const folder = file(`shards-${Math.abs(JSON.stringify(map).length)}-${write.name}`);
  await mkdir(folder, { recursive: true });
  await write(join(folder, 'a'), { 'module.x': tensor('float32', [1], new Float32Array([1])) });
  await write(join(folder, 'b'), { 'module.y': tensor('float32', [1], new Float32Array([2])) });
  await writeFile(join(folder, 'pytorch_model.bin.index.json'), JSON.stringify({ metadata: { total_size: 8 }, weight_map: map }));
  return folder;
}

it.each([writeSafetensors, writeTorchArchive])('opens shards through their index (%o)', async (write) => {
  await using checkpoint = await openCheckpoint(await shards(write, { 'module.x': 'a', 'module.y': 'b' }));
  expect(checkpoint.files).toHaveLength(2);
  expect([...checkpoint.tensors.keys()]).toEqual(['x', 'y']);
  expect([...(await checkpoint.read('y')).data]).toEqual([2]);
  expect(checkpoint.metadata['total_size']).toBe(8);
});

async function openShards(map: Record<string, string>): Promise<unknown> {
  return openCheckpoint(await shards(writeSafetensors, map));
}

it('refuses an index that does not fit its shards, or leads out of its folder', async () => {
  await expect(openShards({ 'module.x': 'a', 'module.y': 'gone' })).rejects.toMatchObject({
    code: 'WEIGHTS_MISSING',
    message: expect.stringContaining('"gone"') as string,
  });
  await expect(openShards({ 'module.x': 'b', 'module.y': 'b' })).rejects.toMatchObject({
    code: 'WEIGHTS_CORRUPT',
    message: expect.stringContaining('module.x') as string,
  });
  await expect(openShards({ 'module.x': 'a', 'module.z': 'b' })).rejects.toMatchObject({
    code: 'WEIGHTS_CORRUPT',
    message: expect.stringContaining('module.y') as string,
  });
  await expect(openShards({ 'module.x': '../a' })).rejects.toMatchObject({
    code: 'WEIGHTS_CORRUPT',
    message: expect.stringContaining('../a') as string,
  });
  await expect(openShards({})).rejects.toMatchObject({ code: 'WEIGHTS_CORRUPT', message: expect.stringContaining('weight_map') as string });
});

it('reports paths that are not there or not files', async () => {
  await expect(openCheckpoint(file('absent'))).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  await expect(openCheckpoint('/dev/null')).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});

it('refuses to read after close, and a name that is not there', async () => {
  await writeSafetensors(file('small'), one(1));
  const checkpoint = await openCheckpoint(file('small'));
  await expect(checkpoint.read('v')).rejects.toMatchObject({ code: 'WEIGHTS_MISSING' });
  await checkpoint.close();
  await checkpoint.close();
  await expect(checkpoint.read('w')).rejects.toMatchObject({ code: 'USAGE' });
});
