import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import { main } from '../src/cli/main.ts';
import { png } from './png-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'coco-eval-semantic-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder of gray maps of one row each. */
function maps(name: string, files: Readonly<Record<string, readonly number[]>>): string {
  mkdirSync(join(folder, name), { recursive: true });
  for (const [file, values] of Object.entries(files)) {
    writeFileSync(join(folder, name, file), png({ width: values.length, height: 1, color: 0, rows: [[0, ...values]] }));
  }
  return join(folder, name);
}

function list(name: string, value: unknown): string {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify(value));
  return join(folder, name);
}

async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const status = await main(['--semantic', ...args], { stdout, stderr, version: '1.2.3' });
  return { status, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

const gt = maps('gt', { 'a.png': [0, 0, 1, 1, 255], 'b.png': [1, 1] });
const dt = maps('dt', { 'a.png': [0, 1, 1, 255, 0], 'b.png': [1, 0], 'c.png': [0] });
const names = list('names.json', ['cat', 'dog']);
const both = ['--gt-folder', gt, '--dt-folder', dt, '--gt-classes', names];

it('counts pixels of all maps: those without ground truth nowhere, those without an answer as wrong', async () => {
  // Cat: 1 of 2 + 1 wrong; dog: 2 of 4 + 1 wrong.
  const { status, out, err } = await run(...both, '--json', '--per-class');
  expect([status, err]).toEqual([0, expect.stringContaining('1 predictions of images that are not in the ground truth')]);
  expect(JSON.parse(out)).toMatchObject({
    style: 'semantic',
    counts: { images: 2, classes: 2 },
    metrics: { mIoU: (1 / 3 + 2 / 5) / 2, fwIoU: (2 / 6) * (1 / 3) + (4 / 6) * (2 / 5), mACC: 0.5, pACC: 0.5 },
    perClass: [
      { name: 'cat', iou: 1 / 3, accuracy: 0.5 },
      { name: 'dog', iou: 2 / 5, accuracy: 0.5 },
    ],
  });
  expect((await run(...both, '-q')).out).toBe('mIoU  fwIoU  mACC  pACC\n36.7   37.8  50.0  50.0\n');
  expect((await run(...both, '-q', '--csv', '--per-class')).out).toMatch(/^class,IoU,accuracy\ncat,0\.33\d+,0\.5\ndog,0\.4,0\.5\n$/u);
});

it('matches classes by name where both sides have a list, which may lie beside the folder', async () => {
  const other = maps('out/semantic', { 'a.png': [4, 3, 3, 9, 4], 'b.png': [3, 6] });
  const labels = [
    { id: 3, name: 'dog' },
    { id: 4, name: 'cat' },
    { id: 6, name: 'sheep' },
  ];
  list('out/semantic.json', { labels, unlabeledValue: 9 });
  const { out, err } = await run('--gt-folder', gt, '--dt-folder', other, '--gt-classes', names, '--json');
  // As above, but that the wrong pixel of b.png is of no class that counts.
  expect(JSON.parse(out)).toMatchObject({ metrics: { mIoU: (1 / 2 + 2 / 5) / 2, pACC: 0.5 } });
  expect(err).toContain('1 predicted classes that are not in the ground truth: their pixels count as wrong');
});

it('takes COCO categories, and another value for pixels without ground truth', async () => {
  const truth = maps('ids', { 'a.png': [17, 17, 18, 18, 0], 'b.png': [18, 18] });
  const ids = [
    { id: 17, name: 'cat' },
    { id: 18, name: 'dog' },
  ];
  const given = ['--gt-classes', list('coco.json', { categories: ids }), '--dt-classes', names, '--ignore', '0', '--json', '-q'];
  const { out } = await run('--gt-folder', truth, '--dt-folder', dt, ...given);
  expect(JSON.parse(out)).toMatchObject({ metrics: { mIoU: (1 / 3 + 2 / 5) / 2 } });
});

it.each([
  ['no folder', ['--gt-folder', gt], 2, /Expected --gt-folder and --dt-folder beside --semantic/u],
  ['no list', ['--gt-folder', gt, '--dt-folder', dt], 2, /a list of the classes but received none/u],
  ['files', ['gt.json', 'dt.json', ...both], 2, /Expected no files/u],
  ['a flag of boxes', [...both, '--iou-type', 'bbox'], 2, /no --iou-type beside --semantic/u],
  ['a part', [...both, '--shard', '1/2'], 2, /no --shard beside --semantic/u],
  ['a value that is none', [...both, '--ignore', '-1'], 2, /one value of a pixel/u],
  ['a folder that is none', ['--gt-folder', join(folder, 'none'), ...both.slice(2)], 3, /folder of PNG files .* does not exist/u],
  ['fewer predictions', ['--gt-folder', dt, '--dt-folder', gt, '--gt-classes', names], 3, /1 are missing in .*first c\.png/u],
  [
    'another size',
    ['--gt-folder', gt, '--dt-folder', maps('small', { 'a.png': [0], 'b.png': [1, 1] }), ...both.slice(4)],
    3,
    /Expected a map of 5x1/u,
  ],
  [
    'a value of no class',
    ['--gt-folder', gt, '--dt-folder', maps('wild', { 'a.png': [0, 0, 1, 7, 0], 'b.png': [1, 1] }), ...both.slice(4)],
    3,
    /found 7 in row 0, column 3 .*wild/u,
  ],
  ['a list that is none', [...both.slice(0, 4), '--gt-classes', list('odd.json', { classes: ['cat'] })], 3, /Expected a list of classes/u],
  ['a class twice', [...both.slice(0, 4), '--gt-classes', list('twice.json', ['cat', 'cat'])], 3, /of different names/u],
])('refuses %s', async (_, args, status, said) => {
  const ended = await run(...args);
  expect([ended.status, ended.out]).toEqual([status, '']);
  expect(ended.err).toMatch(said);
});
