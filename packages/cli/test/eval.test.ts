import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from './support.ts';

/** `vitamin eval` against the command that it stands for. */
const temporary = temporaryFolder();
const vitamin = fileURLToPath(new URL('../bin/vitamin.js', import.meta.url));
const cocoEval = fileURLToPath(new URL('./bin/coco-eval.js', import.meta.resolve('coco-eval-js/package.json')));

beforeAll(async () => {
  const box = { image_id: 1, category_id: 1, bbox: [10, 10, 40, 40] };
  const images = [{ id: 1, width: 100, height: 80 }];
  const annotations = [{ id: 1, ...box, area: 1600, iscrowd: 0, segmentation: [[10, 10, 50, 10, 50, 50]] }];
  await writeFile(temporary('gt.json'), JSON.stringify({ images, annotations, categories: [{ id: 1, name: 'cat' }] }));
  await writeFile(temporary('dt 1.json'), JSON.stringify([{ ...box, score: 0.5 }]));
});

function run(program: string, args: readonly string[]): [number | null, string, string] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: temporary(), encoding: 'utf8' });
  return [status, stdout, stderr];
}

it.each([
  ['gt.json', 'dt 1.json'],
  ['gt.json', 'dt 1.json', '--json', '--tide', '--confusion', '--per-class', '--threads', '2'],
  ['gt.json', 'dt 1.json', '--iou-type', 'segm', '--area', 'tiny=0:100', '-q'],
  ['gt.json', 'none.json'],
  ['gt.json', 'gt.json'],
  ['gt.json', 'dt 1.json', '--spilt', 'ov-coco'],
  ['gt.json', 'dt 1.json', '--split', 'nothing'],
  ['--version'],
  [],
])('has the output and the status of coco-eval: %j %j %j', (...args: string[]) => {
  const own = run(cocoEval, args);
  expect(run(vitamin, ['eval', ...args])).toEqual(own);
  const flags = args.filter((arg) => /^--?(json|q|tide)$/.test(arg));
  const others = args.filter((arg) => !flags.includes(arg));
  expect(run(vitamin, [...flags, 'eval', ...others])).toEqual(own);
});

it('joins parts of coco-eval, which are files, as coco-eval merge does', { timeout: 300_000 }, () => {
  for (const part of ['1', '2']) {
    expect(run(vitamin, ['eval', 'gt.json', 'dt 1.json', '--shard', `${part}/2`, '-o', `part-${part}`])[0]).toBe(0);
  }
  expect(run(vitamin, ['eval', 'merge', 'part-2', 'part-1', '--json'])[1]).toBe(run(cocoEval, ['merge', 'part-2', 'part-1', '--json'])[1]);
  const [status, stdout, stderr] = run(vitamin, ['eval', 'merge', 'part-1', 'part-2', '-o', 'joined']);
  expect([status, stdout, stderr]).toEqual([
    2,
    '',
    expect.stringMatching(/no --output for parts that are files[\s\S]*coco-eval merge PART/u),
  ]);
});

it.skipIf(!existsSync('/proc/self/task'))('ends as a shell would when the evaluation is killed', async () => {
  const parent = spawn(process.execPath, [vitamin, 'eval', 'gt.json', '/dev/stdin'], {
    cwd: temporary(),
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise((resolve) => parent.once('exit', resolve));
  const children = `/proc/${parent.pid}/task/${parent.pid}/children`;
  while (readFileSync(children, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 20));
  process.kill(Number(readFileSync(children, 'utf8').trim()), 'SIGKILL');
  expect(await ended).toBe(137);
});
