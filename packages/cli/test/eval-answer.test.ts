import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inTemporaryFolder, writeBrokenPicture, writePicture, writeTinyModel } from './support.ts';
import { writeTinyTalker } from './tiny-talker.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** `vitamin eval answer` with a tower, projector and language model of random weights. */
const { temporary, run } = inTemporaryFolder();
const few = ['--max-tokens', '6'];

const json = async (...parts: string[]): Promise<Record<string, number | null>> =>
  JSON.parse(await readFile(temporary(...parts), 'utf8')) as Record<string, number | null>;
const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(temporary(folder))).toSorted();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(temporary(folder, name), 'utf8')] as const)));
}

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await writeTinyTalker(temporary('talker'));
  process.env['VITAMIN_LLM'] = temporary('talker');
  await mkdir(temporary('world', 'images'), { recursive: true });
  await mkdir(temporary('world', 'annotations'));
  await mkdir(temporary('pope', 'coco'), { recursive: true });
  for (let i = 0; i < 3; i++) await writePicture(temporary('world', 'images', `${i}.png`), 60 + i, 50, i);
  const set = {
    images: [0, 1, 2].map((i) => ({ id: i + 7, file_name: `${i}.png` })),
    annotations: ['what', 'how many', 'what', 'which colour'].map((kind, i) => ({
      id: i + 1,
      image_id: (i % 3) + 7,
      question_type: kind,
      question: `What is ${i}?`,
      answer: 'two dogs',
    })),
  };
  await writeFile(temporary('world', 'annotations', 'questions.json'), JSON.stringify(set));
  const asked = [1, 2, 3].map((id) => ({ question_id: id, image: `${id - 1}.png`, text: `Is there ${id}?`, category: 'random' }));
  await writeFile(temporary('pope', 'questions.jsonl'), lines(asked));
  await writeFile(temporary('pope', 'coco', 'coco_pope_random.json'), lines([{ label: 'yes' }, { label: 'no' }, { label: 'yes' }]));
});
afterAll(() => delete process.env['VITAMIN_LLM']);

const pope = ['eval', 'answer', '--benchmark', 'pope', '--questions', 'pope/questions.jsonl', '--images', 'world/images', ...few];

it('writes the official answers, what the script prints and the numbers', async () => {
  const { status, stdout } = await run(...pope, '-o', 'whole');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Category: random, # samples: 3\nTP\tFP\tTN\tFN\t\n/u);
  const [first] = (await readFile(temporary('whole', 'answers.jsonl'), 'utf8')).split('\n');
  expect(first).toMatch(
    /^\{"question_id": 1, "prompt": "Is there 1\?", "text": ".*", "answer_id": "id00001", "model_id": "talker", "metadata": \{\}\}$/u,
  );
  const metrics = await json('whole', 'metrics.json');
  expect(Object.keys(metrics)).toEqual(expect.arrayContaining(['f1', 'accuracy', 'accuracy random']));
  const { settings } = (await json('whole', 'run.json')) as unknown as { settings: object };
  expect(settings).toMatchObject({
    task: 'answer',
    data: { benchmark: 'pope', count: 3, name: 'talker' },
    model: { languageModel: expect.stringMatching(/^[\da-f]{64}$/u) as string },
    asking: { maxTokens: 6 },
    reading: { layer: -1 },
  });
});

it('goes on where it stopped, and shards merge to the same bytes', async () => {
  const whole = await bytesOf('whole');
  await run(...pope, '-o', 'again');
  for (const name of ['answers.jsonl', 'metrics.json']) await rm(temporary('again', name));
  expect((await run(...pope, '-o', 'again')).status).toBe(0);
  expect(await bytesOf('again')).toEqual(whole);
  for (const i of [1, 2]) expect((await run(...pope, '--shard', `${i}/2`, '-o', `part-${i}`)).status).toBe(0);
  expect((await run('eval', 'merge', 'part-2', 'part-1', '-o', 'merged')).status).toBe(0);
  expect(await bytesOf('merged')).toEqual(whole);
});

it('the questions of picture-world: accuracy over all, and by kind', async () => {
  const { status, stdout } = await run('eval', 'answer', '--root', 'world', ...few, '-o', 'world-answers');
  expect([status, stdout.split('\n')[0]]).toEqual([0, 'accuracy: 0.00% of 4']);
  expect(await json('world-answers', 'metrics.json')).toEqual({
    accuracy: 0,
    'accuracy what': 0,
    'accuracy how many': 0,
    'accuracy which colour': 0,
  });
  const given = [1, 2, 3].map((id) => ({ question_id: id, text: id === 2 ? 'a dog' : 'Two dogs.' }));
  await writeFile(temporary('given.jsonl'), lines(given));
  const scored = await run('eval', 'answer', '--root', 'world', '--answers', 'given.jsonl', '-o', 'scored', '--json');
  expect(JSON.parse(scored.stdout)).toMatchObject({ task: 'answer', metrics: { accuracy: 0.5 } });
  expect(await json('scored', 'metrics.json')).toEqual({
    accuracy: 0.5,
    'accuracy what': 1,
    'accuracy how many': 0,
    'accuracy which colour': 0,
  });
});

describe('answers of another model', () => {
  it('are scored without a model', async () => {
    await writeFile(temporary('answers.jsonl'), lines([1, 2, 3].map((id) => ({ question_id: id, text: id === 2 ? 'No' : 'Yes' }))));
    const { status, stdout } = await run(...pope.slice(0, 6), '--answers', 'answers.jsonl', '--llm', 'nowhere', '-o', 'theirs');
    expect([status, stdout]).toEqual([0, expect.stringContaining('F1 score: 1.0\n')]);
    expect(await json('theirs', 'metrics.json')).toMatchObject({ f1: 1, accuracy: 1 });
    expect((await readdir(temporary('theirs'))).toSorted()).toEqual(['metrics.json']);
  });

  it('what is not scored here is written and named', async () => {
    const gqa = await run(
      'eval',
      'answer',
      '--benchmark',
      'gqa',
      '--questions',
      'pope/questions.jsonl',
      '--answers',
      'answers.jsonl',
      '-o',
      'gqa',
    );
    expect(gqa.stdout).toMatch(/^Wrote testdev_balanced_predictions.json.\nNot scored: testdev_balanced_questions.json is not beside/u);
    expect(await json('gqa', 'metrics.json')).toEqual({});
    const vet = await run(
      'eval',
      'answer',
      '--benchmark',
      'mmvet',
      '--questions',
      'pope/questions.jsonl',
      '--answers',
      'answers.jsonl',
      '-o',
      'vet',
    );
    expect(vet.stdout).toMatch(/Not scored: MM-Vet needs its judge/u);
    expect(await readFile(temporary('vet', 'results.json'), 'utf8')).toBe('{\n  "v1_1": "Yes",\n  "v1_2": "No",\n  "v1_3": "Yes"\n}');
  });
});

describe('mistakes', () => {
  it('a broken picture is named, and the rest is answered', async () => {
    await mkdir(temporary('some'));
    for (const i of [0, 2]) await writePicture(temporary('some', `${i}.png`), 60, 50, i);
    await writeBrokenPicture(temporary('some', '1.png'));
    const { status, stderr } = await run(...pope.slice(0, 6), '--images', 'some', ...few, '-o', 'broken');
    expect([status, stderr]).toEqual([3, expect.stringMatching(/1 without a result.*: 2/u)]);
    expect((await readFile(temporary('broken', 'answers.jsonl'), 'utf8')).split('\n')).toHaveLength(3);
  });

  it.each([
    [['--benchmark', 'pope', '-o', 'x'], /--questions FILE/u],
    [['--benchmark', 'nope', '-o', 'x'], /vqav2, gqa/u],
    [['--benchmark', 'pope', '--questions', 'pope/questions.jsonl', '-o', 'x'], /--images DIR/u],
    [['--benchmark', 'pope', '--questions', 'none.jsonl', '--images', 'some', '-o', 'x'], /none.jsonl but found none/u],
    [['--root', 'world', '--benchmark', 'pope', '-o', 'x'], /--benchmark/u],
    [['--root', 'world'], /-o DIR/u],
  ])('%j', async (args, message) => {
    const { status, stderr } = await run('eval', 'answer', ...args);
    expect([2, 3]).toContain(status);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ {4}at /mu);
  });
});
