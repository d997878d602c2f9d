import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { main } from '../src/cli/main.ts';
import { dataPath, hasData, readJson, whyNot } from './shared.ts';

const groundTruth = {
  images: [
    { id: 1, width: 100, height: 80, file_name: '<b>one</b>.jpg' },
    { id: 2, width: 100, height: 80, file_name: 'two.jpg' },
  ],
  categories: [
    { id: 1, name: 'cat & dog' },
    { id: 2, name: 'bird' },
  ],
  annotations: [
    { id: 1, image_id: 1, category_id: 1, bbox: [10, 10, 40, 40], area: 1600, iscrowd: 0 },
    { id: 2, image_id: 2, category_id: 2, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 },
  ],
};
const results = [
  { image_id: 1, category_id: 1, bbox: [10, 10, 40, 40], score: 0.9 },
  { image_id: 2, category_id: 1, bbox: [0, 0, 10, 10], score: 0.8 },
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'coco-eval-'));
  writeFileSync(join(folder, 'gt.json'), JSON.stringify(groundTruth));
  writeFileSync(join(folder, 'dt.json'), JSON.stringify(results));
  writeFileSync(join(folder, 'gt.json.gz'), gzipSync(JSON.stringify(groundTruth)));
  writeFileSync(join(folder, 'dt.json.gz'), gzipSync(JSON.stringify(results)));
  writeFileSync(join(folder, 'broken.json'), '[{"image_id": 1,');
  writeFileSync(join(folder, 'nan.json'), JSON.stringify([...results, { ...results[0], score: 'x' }]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function text(stream: PassThrough): string {
  return (stream.read() as Buffer | null)?.toString() ?? '';
}

async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const status = await main(args, { stdout, stderr, version: '1.2.3' });
  return { status, out: text(stdout), err: text(stderr) };
}
const files = (): [string, string] => [join(folder, 'gt.json'), join(folder, 'dt.json')];
const document = async (...args: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await run(...files(), '--json', ...args)).out) as Record<string, unknown>;

interface Golden {
  gt: string;
  dt: string;
  summary: string;
  stats: number[];
}

it.skipIf(!hasData).each(['mini_val_bbox', 'mini_val_segm', 'mini_val_keypoints', 'fake100_bbox', 'fake100_segm'])(
  `prints what pycocotools prints, byte for byte: %s${whyNot}`,
  async (name) => {
    const golden = (readJson('golden/expected_coco.json') as Record<string, Golden>)[name]!;
    const args = [dataPath(golden.gt), dataPath(golden.dt), '--iou-type', name.split('_').at(-1)!];
    const { status, out } = await run(...args);
    expect(out.trimEnd()).toBe(golden.summary.trimEnd());
    expect(status).toBe(0);
    const { stats } = JSON.parse((await run(...args, '--json')).out) as { stats: number[] };
    stats.forEach((value, i) => expect(value).toBeCloseTo(golden.stats[i]!, 12));
  },
);

it.skipIf(!hasData)(`prints what lvis-api prints, and the groups of F-ViT${whyNot}`, async () => {
  const golden = (readJson('golden/expected_lvis.json') as Record<string, { print: string }>)['lvis100_segm']!;
  const lvis = [dataPath('lvis-sample/lvis_val_100.json'), dataPath('golden/lvis100_dets_segm.json.gz')];
  expect((await run(...lvis, '--lvis', '--iou-type', 'segm')).out).toBe(golden.print);
  const mini = [dataPath('coco-mini/annotations/instances_val2017.json'), dataPath('golden/mini_val_dets_bbox.json')];
  const { out } = await run(...mini, '--split', 'ov-coco');
  expect(out.split('\n').slice(13)).toEqual([
    'split ov-coco   AP50     AP  categories',
    'base           75.18  44.13    48 of 48',
    'novel          57.77  35.89    17 of 17',
    'all            70.63  41.98    65 of 65',
    '',
  ]);
});

it('reads gzip-compressed files and gives the same document twice', async () => {
  const plain = await run(...files(), '--json', '--per-class', '--tide', '--confusion');
  const packed = await run(join(folder, 'gt.json.gz'), join(folder, 'dt.json.gz'), '--json', '--per-class', '--tide', '--confusion');
  expect(packed.out.replaceAll('.json.gz', '.json')).toBe(plain.out);
});

it('the document holds the stats in order, names, and what was asked for', async () => {
  const plain = await document();
  expect(Object.keys(plain)).toEqual([
    'schemaVersion',
    'style',
    'groundTruth',
    'results',
    'iouType',
    'mode',
    'params',
    'counts',
    'stats',
    'metrics',
    'warnings',
  ]);
  expect(Object.values(plain['metrics'] as object)).toEqual(plain['stats']);
  const full = await document('--per-class', '--tide', '--confusion');
  expect(full).toMatchObject({
    perCategory: [{ name: 'cat & dog' }, { name: 'bird' }],
    tide: { counts: { Cls: 1, Miss: 0 } },
    confusion: {
      categories: ['cat & dog', 'bird'],
      counts: [
        [1, 0, 0],
        [1, 0, 0],
        [0, 0, 0],
      ],
    },
  });
});

it('takes subsets, limits, size classes and merged categories', async () => {
  expect(await document('--img-ids', '1')).toMatchObject({ params: { images: 1 }, metrics: { 'AR@1': 1, APs: -1 } });
  writeFileSync(join(folder, 'ids.txt'), '1\n2\n');
  expect(await document('--img-ids', `@${join(folder, 'ids.txt')}`, '--cat-ids', '2')).toMatchObject({
    params: { images: 2, categories: 1 },
  });
  expect(await document('--no-cats')).toMatchObject({ params: { useCats: false }, metrics: { 'AR@1': 1 } });
  expect(await document('--max-dets', '1,2,3')).toMatchObject({ params: { maxDets: [1, 2, 3] } });
  const areas = await document('--area', 'all=:,tiny=0:200,rest=200:');
  expect(areas).toMatchObject({
    params: {
      areaRng: [
        [0, 1e10],
        [0, 200],
        [200, 1e10],
      ],
    },
    metrics: { 'AP tiny': 0, APs: -1 },
  });
  const { out } = await run(...files(), '--area', 'tiny=0:200');
  expect(out.split('\n')[6]).toMatch(/area= {3}all .* = 0.500$/);
  expect(out.split('\n').filter((line) => line.includes('area=  tiny'))).toHaveLength(2);
});

it('writes one page that asks for nothing and escapes foreign text', async () => {
  const pages = join(folder, 'pages');
  const first = await run(...files(), '--report', pages);
  expect(first.err).toContain('dt.html');
  await run(...files(), '--report', pages);
  await run(...files(), '--report', pages, '--force');
  expect(readdirSync(pages).toSorted()).toEqual(['dt-2.html', 'dt.html']);
  const html = readFileSync(join(pages, 'dt.html'), 'utf8');
  expect(html).toBe(readFileSync(join(pages, 'dt-2.html'), 'utf8'));
  expect(html).not.toMatch(/(src|href)=|url\(|@import/);
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(html).toContain('cat &#38; dog');
  expect(html).not.toContain('<b>one');
  for (const title of ['Precision and recall', 'Classes', 'Confusion', 'What the mistakes cost', 'Worst images', 'The table']) {
    expect(html).toContain(`<h2>${title}</h2>`);
  }
});

it('says so when the page cannot be written, and still prints the numbers', async () => {
  const taken = join(folder, 'taken');
  writeFileSync(taken, 'a file');
  const { status, out, err } = await run(...files(), '--report', join(taken, 'deeper'));
  expect(status).toBe(3);
  expect(out.split('\n')).toHaveLength(13);
  expect(err).toContain('Expected a folder to write to');
  expect((await run(...files(), '--report', join(folder, 'a/b/c'), '-q')).err).toBe('');
  expect(readdirSync(join(folder, 'a/b/c'))).toEqual(['dt.html']);
});

it('explains wrong flags on stderr and exits with 2', async () => {
  const cases: [string[], string][] = [
    [[...files(), '--confusoin'], 'did you mean --confusion?'],
    [[...files(), '--iou-type', 'seg'], 'did you mean segm?'],
    [[...files(), '--iou-type'], 'Expected a value for --iou-type'],
    [[...files(), '--report', '--json'], 'Expected a value for --report'],
    [[...files(), '--json=1'], 'Expected no value for --json'],
    [[files()[0]], 'Expected two files'],
    [[...files(), '--max-dets', 'many'], 'Expected numbers for --max-dets but received "many"'],
    [[...files(), '--area', 'small'], 'Expected --area NAME=LOW:HIGH'],
    [[...files(), '--area', 'a=0:5,a=5:9'], 'Expected each --area name once but received "a" twice'],
    [[...files(), '--gt-folder', 'x'], 'Leave out --gt-folder, or add --panoptic or --semantic.'],
    [[...files(), '--max-dets', '1.5'], 'Run coco-eval --help'],
    [[...files(), '--lvis', '--max-dets', '1,2'], 'Expected one number'],
    [[...files(), '--threads', '0'], 'Expected --threads from 1 to 256 but received "0"'],
    [[...files(), '--panoptic', '--tide'], 'Expected no --tide beside --panoptic'],
    [[...files(), '--no-cats', '--confusion'], 'Expected no --confusion beside --no-cats'],
  ];
  for (const [args, message] of cases) {
    const { status, out, err } = await run(...args);
    expect(err).toContain(message);
    expect(err).toMatch(/^coco-eval: error USAGE: Expected .*\n.+\n$/);
    expect([status, out]).toEqual([2, '']);
  }
});

it('names a file that cannot be used and exits with 3', async () => {
  const [gt] = files();
  expect(await run(gt, join(folder, 'none.json'))).toMatchObject({ status: 3, out: '' });
  expect((await run(gt, join(folder, 'broken.json'))).err).toContain('broken.json');
  expect((await run(gt, join(folder, 'nan.json'))).err).toContain('results[2]');
  expect((await run(join(folder, 'dt.json'), gt)).err).toContain('swapped');
  writeFileSync(join(folder, 'torn.json.gz'), gzipSync(JSON.stringify(results)).subarray(0, 30));
  expect((await run(gt, join(folder, 'torn.json.gz'))).err).toContain('torn.json.gz');
});

function write(name: string, value: unknown): string {
  writeFileSync(join(folder, name), JSON.stringify(value));
  return join(folder, name);
}

it('names the file of every fault, and what to do', async () => {
  const [gt, dt] = files();
  const area = structuredClone(groundTruth) as { annotations: Record<string, unknown>[] };
  area.annotations[1]!['area'] = '100';
  const quoted = await run(write('quoted.json', area), dt);
  expect(quoted.err).toMatch(
    /^coco-eval: error BAD_INPUT: Expected .*"area" in annotations\[1\] but received "100" \(.*quoted\.json\)\n.*quotes/,
  );
  const splits: [unknown, string][] = [
    [{ a: ['fish'] }, 'Expected a category named "fish"'],
    [{ a: [1, 'cat & dog'] }, 'Expected each category once in group "a" but received "cat & dog"'],
    [{ all: [1] }, 'Expected another name than that of the total in group "all"'],
    [{ a: [null] }, 'Expected known category names or ids in group "a" but received null'],
  ];
  for (const [split, message] of splits) {
    const { status, err } = await run(gt, dt, '--split', write('groups.json', split));
    expect(err).toMatch(/groups\.json\)\nA split is/);
    expect(err).toContain(message);
    expect(status).toBe(3);
  }
  expect((await run(gt, dt, '--split', 'ov-lvis')).err).toMatch(/"frequency" r, c or f in categories\[0\].*gt\.json/);
});

it('counts ids of the flags that the annotation file does not have', async () => {
  const { err, out } = await run(...files(), '--img-ids', '1,7,8', '--cat-ids', '9,1', '--json');
  expect(err).toBe(
    'warning: 1 chosen category ids that are not in the annotation file: nothing is counted for them (first: entry 0)\n' +
      'warning: 2 chosen image ids that are not in the annotation file: nothing is counted for them (first: entry 1)\n',
  );
  expect((JSON.parse(out) as { warnings: { code: string }[] }).warnings.map(({ code }) => code)).toEqual([
    'unknown-category-ids',
    'unknown-image-ids',
  ]);
  writeFileSync(join(folder, 'zeros'), new Uint8Array(2 ** 26 + 1));
  expect((await run(...files(), '--img-ids', `@${join(folder, 'zeros')}`)).err).toMatch(
    /^coco-eval: error LIMIT: Expected at most 67108864 bytes/,
  );
});

it('shows help and version on stdout', async () => {
  const help = await run();
  expect(help).toEqual({ ...(await run('--help')), status: 0, err: '' });
  expect(Math.max(...help.out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  for (const flag of ['--iou-type', '--lvis', '--panoptic', '--split', '--img-ids', '--no-cats', '--tide', '--report'])
    expect(help.out).toContain(flag);
  expect((await run('--version')).out).toBe('1.2.3\n');
});

it.skipIf(!hasData)(`prints panopticapi's table${whyNot}`, async () => {
  const pngs = join(folder, 'png');
  const copy = spawnSync('cp', ['-r', dataPath('panoptic-sample/sample_data/panoptic_examples'), pngs]);
  expect(copy.status).toBe(0);
  spawnSync('chmod', ['-R', 'u+w', pngs]);
  spawnSync('cp', [dataPath('coco-39769/coco_panoptic/000000039769.png'), pngs]);
  const args = [dataPath('golden/panoptic_gt.json'), dataPath('golden/panoptic_pred/pred_a.json'), '--panoptic', '--gt-folder', pngs];
  const { out } = await run(...args);
  expect(out).toBe(
    [
      '          |    PQ     SQ     RQ     N',
      '--------------------------------------',
      'All       |  15.5   29.8   23.1    16',
      'Things    |  15.2   34.4   23.0    10',
      'Stuff     |  15.8   22.1   23.3     6',
      '',
    ].join('\n'),
  );
  const { metrics } = JSON.parse((await run(...args, '--json')).out) as { metrics: Record<string, number> };
  expect(metrics['PQ_th']).toBeCloseTo(0.15213643839007884, 12);
});
