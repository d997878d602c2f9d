import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openCheckpoint } from '@vitamin-vlm/checkpoint';
import { vitaminSizes, vitaminTrunk } from '@vitamin-vlm/backbone';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { evaluationFigures } from '../src/benches/evaluation.ts';
import { type Figure, verdict } from '../src/figure.ts';
import { multiplications } from '../src/multiplications.ts';
import { cpuTime, median, medianRatio, paired, wallTime } from '../src/paired.ts';
import { formatTable } from '../src/report.ts';
import { sparseSafetensors, sparseTorchArchive } from '../src/sparse-files.ts';

const run = promisify(execFile);
const main = join(import.meta.dirname, '../dist/main.js');
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitamin-bench-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

const figure: Figure = { bench: 'b', what: 'w', unit: 'ms', ours: 12, peerName: 'p', peer: 10, ratio: 1.2 };

it('judges the ratio or the figure itself, the bound included', () => {
  expect(verdict(figure)).toBe('no target');
  expect(verdict({ ...figure, target: { on: 'ratio', bound: 'at most', value: 1.2 } })).toBe('met');
  expect(verdict({ ...figure, target: { on: 'ratio', bound: 'at most', value: 1.1 } })).toBe('missed');
  expect(verdict({ ...figure, target: { on: 'ours', bound: 'at least', value: 12 } })).toBe('met');
  expect(verdict({ ...figure, target: { on: 'ours', bound: 'at least', value: 13 } })).toBe('missed');
});

it('prints the bound with its unit and aligns the columns', () => {
  const lines = formatTable([figure, { ...figure, what: 'longer', target: { on: 'ours', bound: 'at most', value: 300 } }]).split('\n');
  expect(lines[1]).toMatch(/^b {6}w {7}12\.0 ms {2}10\.0 ms \(p\) {2}1\.20 {3}- {15}no target$/);
  expect(lines[2]).toMatch(/1\.20 {3}at most 300 ms {2}met$/);
});

it('takes medians, and alternates which of two tasks begins after one warm-up of each', async () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(medianRatio({ ours: [2, 30, 9], peer: [1, 10, 9] })).toBe(2);
  const order: string[] = [];
  let reading = 0;
  const clock = () => reading++;
  const times = await paired(
    2,
    clock,
    () => order.push('ours'),
    () => order.push('peer'),
  );
  expect(order).toEqual(['ours', 'peer', 'ours', 'peer', 'peer', 'ours']);
  expect(times).toEqual({ ours: [1, 1], peer: [1, 1] });
  for (const real of [wallTime, cpuTime]) expect(real()).toBeLessThanOrEqual(real());
});

// Published per image by the authors are the multiplications without those of attention; these include them (computed with PyTorch hooks).
it.each([
  ['small', 224, 5.89],
  ['base', 224, 22.62],
  ['large', 336, 175.44],
  ['xlarge', 384, 305.96],
] as const)('counts the multiplications of ViTamin %s at %i', (size, side, giga) => {
  const graph = new Graph('count');
  vitaminTrunk(new Parameters(graph).root, graph.input('image', 'float32', [1, 3, side, side]), vitaminSizes[size]);
  expect(multiplications(graph) / 1e9).toBeCloseTo(giga, 2);
});

it.each([
  ['safetensors', sparseSafetensors],
  ['torch archive', sparseTorchArchive],
])('writes a %s of over 4 GB that takes no room on the disk', async (name, write) => {
  const path = join(folder, name);
  await write(path, true);
  const { size, blocks } = await stat(path);
  expect(size).toBeGreaterThan(4e9);
  expect(blocks * 512).toBeLessThan(1e7);
  await using checkpoint = await openCheckpoint(path);
  expect(checkpoint.tensors.size).toBe(900);
  expect([...(await checkpoint.read('blocks.899.weight')).data].every((value) => value === 0)).toBe(true);
});

it('runs the benchmarks of the towers, prints one JSON document, and leaves nothing behind', async () => {
  const parent = await mkdtemp(join(folder, 'run-'));
  const { stdout } = await run(process.execPath, [
    main,
    'window',
    'session',
    'batch',
    'precision',
    'engines',
    'resize',
    'open',
    '--json',
    '--rounds',
    '1',
    '--threads',
    '1',
    '--model',
    'nano',
    '--folder',
    parent,
  ]);
  const { figures, ...about } = JSON.parse(stdout) as { figures: (Figure & { verdict: string })[] };
  expect(about).toMatchObject({ schemaVersion: 1, threads: 1, clock: 'wall time', load: [expect.any(Number), expect.any(Number)] });
  expect(figures.map(({ bench }) => bench)).toEqual([
    ...Array<string>(2).fill('window'),
    ...Array<string>(2).fill('session'),
    ...Array<string>(3).fill('batch'),
    ...Array<string>(2).fill('precision'),
    ...Array<string>(2).fill('engines'),
    ...Array<string>(3).fill('resize'),
    ...Array<string>(4).fill('open'),
  ]);
  for (const { ours, peer, ratio } of figures) expect(Math.min(ours, peer, ratio)).toBeGreaterThan(0);
  expect(await readdir(parent)).toEqual([]);
}, 300_000);

it('runs the benchmark of the detector: pictures of which windows lie in the padding or not, and memory', async () => {
  const parent = await mkdtemp(join(folder, 'detect-'));
  const { stdout } = await run(process.execPath, [
    main,
    'detect',
    '--json',
    '--rounds',
    '1',
    '--threads',
    '1',
    '--model',
    'nano',
    '--folder',
    parent,
  ]);
  const { figures } = JSON.parse(stdout) as { figures: Figure[] };
  expect(figures.map(({ peerName }) => peerName)).toEqual([
    '16 single windows',
    '9 single windows',
    'a single window',
    'a single window',
    '1.6 times the weight file, and 700 MB',
    'in the second third',
  ]);
  for (const { ours, peer, ratio } of figures) expect(Math.min(ours, peer, ratio)).toBeGreaterThan(0);
  expect(await readdir(parent)).toEqual([]);
}, 300_000);

it('refuses an unknown benchmark with status 2', async () => {
  await expect(run(process.execPath, [main, 'speed'])).rejects.toMatchObject({ code: 2, stdout: '' });
});

it('an evaluation is judged by how many times faster it is, and a peer from elsewhere not at all', () => {
  const own = { program: 'coco-eval-js', recorded: false, seconds: 0.2, memory: 140 };
  const peers = [
    { program: 'pycocotools', recorded: false, seconds: 9, memory: 560 },
    { program: 'faster-coco-eval', recorded: true, seconds: 3, memory: 600 },
  ];
  const threads = [{ threads: 2, oneThread: 1.2, seconds: 0.8, timesFaster: 1.5, callTimesFaster: 1.2, ceiling: 1.8 }];
  const figures = evaluationFigures({
    cases: [{ name: 'sparse_bbox', own, peers }],
    command: { seconds: 0.4, emptyProcess: 0.05 },
    threads,
  });
  expect(figures.map((each) => [Math.round(100 * each.ratio) / 100, verdict(each)])).toEqual([
    [45, 'missed'],
    [0.25, 'met'],
    [15, 'no target'],
    [22.5, 'met'],
    [1.5, 'met'],
  ]);
  const [alone] = evaluationFigures({ cases: [], command: { seconds: 0.75, emptyProcess: 0.125 } });
  expect([alone!.ratio, verdict(alone!)]).toEqual([6, 'missed']);
});
