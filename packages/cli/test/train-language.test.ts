import { readFile, stat, writeFile } from 'node:fs/promises';
import { beforeAll, expect, it, vi } from 'vitest';
import { inTemporaryFolder, writePicture, writeTinyModel } from './support.ts';
import { writeTinyTalker } from './tiny-talker.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });

const { temporary, run } = inTemporaryFolder();

const common = ['--images', '.', '--llm', 'talker', '--batch', '2', '--max-length', '200', '-q'];

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyTalker(temporary('talker'));
  await writePicture(temporary('a.png'), 90, 60, 3);
  await writePicture(temporary('b.png'), 50, 70, 4);
  const samples = ['a red bus', 'a big dog'].map((said, i) => {
    const image = ['a.png', 'b.png'][i]!;
    const conversations = [
      { from: 'human', value: '<image>\nWhat is it?' },
      { from: 'gpt', value: said },
    ];
    return { id: `${i}`, image, conversations };
  });
  await writeFile(temporary('data.json'), JSON.stringify(samples));
});

/** Losses by step. */
async function losses(folder: string): Promise<number[]> {
  const lines = (await readFile(temporary(folder, 'log.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.flatMap((line) => (JSON.parse(line) as { readonly loss?: number }).loss ?? []);
}

it('trains a projector, refuses other settings, then a talker that knows the pictures apart', async () => {
  const first = ['train', 'projector', '--data', 'data.json', ...common, '-o', 'stage-1'];
  const { status, stdout, stderr } = await run(...first, '--epochs', '6');
  expect([status, stderr, stdout]).toEqual([0, '', 'stage-1/mm_projector.bin\n']);
  const before = await losses('stage-1');
  expect(before).toHaveLength(6);
  expect(before.at(-1)).toBeLessThan(before[0]!);
  expect((await stat(temporary('stage-1/config.json'))).isFile()).toBe(true);
  expect(await run(...first, '--epochs', '7')).toMatchObject({ status: 2, stderr: expect.stringContaining('Expected steps to be 6') });

  const second = ['train', 'talker', '--data', 'data.json', ...common, '--projector', 'stage-1/mm_projector.bin', '-o', 'stage-2'];
  const trained = await run(...second, '--epochs', '80', '--rate', '0.01');
  expect([trained.status, trained.stdout]).toEqual([0, 'stage-2/model\n']);
  const after = await losses('stage-2');
  expect(after.at(-1)).toBeLessThan(after[0]! / 2);
  for (const [picture, said] of [
    ['a.png', 'a red bus'],
    ['b.png', 'a big dog'],
  ] as const) {
    const asked = await run('ask', picture, 'What is it?', '--llm', 'stage-2/model', '--max-tokens', '16', '-q');
    expect([asked.status, asked.stdout]).toEqual([0, `${said}\n`]);
  }
});
