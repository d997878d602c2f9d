import { readFile } from 'node:fs/promises';
import { readNpy } from '@vitamin-vlm/checkpoint';
import { decodeImage } from '@vitamin-vlm/image';
import { beforeAll, expect, it, vi } from 'vitest';
import { inTemporaryFolder, writePicture, writeTinyModel } from './support.ts';
import { writeTinyTalker } from './tiny-talker.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const { temporary, run } = inTemporaryFolder();

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyTalker(temporary('talker'));
  await writePicture(temporary('a.png'), 90, 60, 3);
});

it('writes the file for llama.cpp and a picture that holds the tokens in 16 bits', async () => {
  const codec = await run('export', 'codec', '--llm', 'talker', '-o', 'mmproj.gguf', '--range', '32');
  expect([codec.status, codec.stdout]).toEqual([
    0,
    expect.stringContaining('tokens: 32 numbers a token, pictures of 10 x 10 pixels, numbers from -32 to 32'),
  ]);
  const bytes = await readFile(temporary('mmproj.gguf'));
  expect(bytes.toString('latin1', 0, 4)).toBe('GGUF');
  for (const text of ['clip.projector_type', 'v.patch_embd.weight', 'v.position_embd.weight', 'mm.2.bias'])
    expect(bytes.includes(text)).toBe(true);

  const { status, stdout } = await run('tokens', 'a.png', '--llm', 'talker', '--for', 'llama.cpp', '--range', '32', '-o', 'carried.png');
  expect([status, stdout]).toEqual([0, expect.stringContaining('llama-server -m LLM.gguf --mmproj mmproj.gguf')]);
  expect(JSON.parse(await readFile(temporary('carried.png.json'), 'utf8'))).toMatchObject({ tokens: 4, hidden: 32 });
  await run('tokens', 'a.png', '--llm', 'talker', '-o', 'a.npy');
  const { data } = await readNpy(temporary('a.npy'));
  const picture = await decodeImage(temporary('carried.png'));
  const found = Array.from({ length: 4 * 32 }, (_, at) => {
    const [token, i] = [Math.floor(at / 32), at % 32];
    const byte = (n: number): number => {
      const [c, y, x] = [Math.floor(n / 25), Math.floor((n % 25) / 5), n % 5];
      return picture.data[((Math.floor(token / 2) * 5 + y) * picture.width + (token % 2) * 5 + x) * 3 + c]!;
    };
    return ((byte(2 * i) * 256 + byte(2 * i + 1) - 32_768) * 32) / 32_768;
  });
  expect(Math.max(...found.map((value, i) => Math.abs(value - Number(data[i]))))).toBeLessThanOrEqual(32 / 65_536);
});

it('refuses what cannot be carried', async () => {
  const features = await run('export', 'codec', '--llm', 'talker', '--carry', 'features', '-o', 'x.gguf');
  expect([features.status, features.stderr]).toEqual([
    expect.any(Number),
    expect.stringMatching(/normed, placed or merged[^]*Carry tokens/u),
  ]);
  const range = await run('export', 'codec', '--llm', 'talker', '--range', '3', '-o', 'x.gguf');
  expect([range.status, range.stderr]).toEqual([2, expect.stringMatching(/power of two/u)]);
  const small = await run('tokens', 'a.png', '--llm', 'talker', '--for', 'llama.cpp', '--range', '0.0625', '-o', 'y.png');
  expect(small.stderr).toMatch(/numbers from -0.0625 to 0.0625 but found/u);
});
