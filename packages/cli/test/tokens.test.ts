import { readFile, stat } from 'node:fs/promises';
import { openCheckpoint, readNpy } from '@vitamin-vlm/checkpoint';
import { beforeAll, expect, it, vi } from 'vitest';
import { inTemporaryFolder, vitamin, writePicture, writeTinyModel } from './support.ts';
import { writeTinyTalker } from './tiny-talker.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const { temporary, run } = inTemporaryFolder();

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyTalker(temporary('talker'));
  await writePicture(temporary('a.png'), 90, 60, 3);
  await writePicture(temporary('b.png'), 50, 70, 4);
});

async function tokens(...args: string[]): Promise<string> {
  const { stdout, status, stderr } = await run('tokens', '--llm', 'talker', '-q', ...args);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

it('writes the same numbers into every kind of file, with what they are beside it', async () => {
  await tokens('a.png', '-o', 'a.npy');
  const npy = await readNpy(temporary('a.npy'));
  expect([npy.dtype, npy.shape]).toEqual(['float32', [4, 32]]);
  expect(JSON.parse(await readFile(temporary('a.npy.json'), 'utf8'))).toMatchObject({
    tokens: 4,
    hidden: 32,
    type: 'float32',
    grid: { height: 2, width: 2 },
    images: [{ file: 'a.png' }],
    recipe: { rule: 'pad', layer: -1, finalNorm: true, size: 64, grid: { positions: true, merge: 2 } },
  });
  await tokens('a.png', 'b.png', '-o', 'both.safetensors', '--for', 'transformers', '--type', 'float16');
  await using both = await openCheckpoint(temporary('both.safetensors'));
  expect([...both.tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
    ['tokens.0', 'float16', [4, 32]],
    ['tokens.1', 'float16', [4, 32]],
  ]);
  await tokens('a.png', 'b.png', '-o', 'both.npy');
  const stacked = await readNpy(temporary('both.npy'));
  expect(stacked.shape).toEqual([2, 4, 32]);
  expect(Array.from((stacked.data as Float32Array).subarray(0, 128))).toEqual(Array.from(npy.data as Float32Array));
});

it('writes a whole request for vLLM, and prints how to send it', async () => {
  const { stdout } = await run(
    'tokens',
    'a.png',
    '--llm',
    'talker',
    '-o',
    'a.json',
    '--for',
    'vllm',
    '--served',
    'tiny',
    '--question',
    'What?',
  );
  expect(stdout).toContain('curl http://127.0.0.1:8000/v1/chat/completions');
  expect(stdout).toContain('@a.json');
  const body = JSON.parse(await readFile(temporary('a.json'), 'utf8')) as {
    model: string;
    messages: { content: { type: string; image_embeds?: string; uuid?: string; text?: string }[] }[];
  };
  expect(body.model).toBe('tiny');
  const [picture, question] = body.messages[0]!.content;
  expect(question).toEqual({ type: 'text', text: 'What?' });
  expect([picture!.type, picture!.uuid]).toEqual(['image_embeds', expect.stringMatching(/^[0-9a-f]{64}$/u)]);
  await tokens('a.png', '-o', 'same.npy');
  expect(Buffer.from(picture!.image_embeds!, 'base64').equals(await readFile(temporary('same.npy')))).toBe(true);
  expect((await stat(temporary('a.meta.json'))).isFile()).toBe(true);
});

it('prints lines of Python with the exact ids of the prompt', async () => {
  const { stdout } = await run('tokens', 'a.png', '--llm', 'talker', '-o', 'a.safetensors', '--for', 'transformers', '--question', 'a cat');
  const ids = JSON.parse(/^ids = (\[.*\])$/mu.exec(stdout)![1]!) as number[];
  expect([ids[0], ids.filter((id) => id === -200).length]).toEqual([1, 1]);
  expect(stdout).toContain('generate(inputs_embeds=prompt');
});

it('reads a picture from standard input', async () => {
  await tokens('a.png', '-o', 'named.npy');
  const picture = await readFile(temporary('a.png'));
  const { status } = await vitamin(['tokens', '-', '--llm', 'talker', '-q', '-o', 'piped.npy'], {
    env: { VITAMIN_MODEL: temporary('model'), VITAMIN_CACHE_DIR: temporary('cache') },
    cwd: temporary(),
    onStart: ({ stdin }) => stdin!.end(picture),
  });
  expect(status).toBe(0);
  expect((await readFile(temporary('piped.npy'))).equals(await readFile(temporary('named.npy')))).toBe(true);
});

it('refuses what does not go together', async () => {
  const wrong: [string[], RegExp][] = [
    [['a.png', '-o', 'new.npy', '--for', 'transformers'], /FILE\.safetensors or FILE\.pt for --for transformers/u],
    [['a.png'], /-o FILE/u],
    [['-', '-', '-o', 'x.npy'], /standard input \(-\) once/u],
    [['a.png', '-o', 'x.npy', '--type', 'bfloat16'], /bfloat16/u],
  ];
  for (const [args, message] of wrong) {
    const { status, stderr } = await run('tokens', '--llm', 'talker', ...args);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toMatch(message);
  }
});
