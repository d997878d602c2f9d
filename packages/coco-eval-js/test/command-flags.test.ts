import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import { main } from '../src/cli/main.ts';
import { type Entry, groundTruth, people, results } from './foreign.ts';

const folder = mkdtempSync(join(tmpdir(), 'coco-eval-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

async function run(...args: string[]): Promise<{ out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  await main(args, { stdout, stderr, version: '1.2.3' });
  return { out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

const files = [write('gt.json', groundTruth()), write('dt.json', results())];

async function metrics(...args: string[]): Promise<Record<string, number>> {
  return (JSON.parse((await run(...args, '--json')).out) as { metrics: Record<string, number> }).metrics;
}

function frame(entry: Entry): Entry {
  return { ...entry, image_id: `00${entry['image_id'] as number}` };
}

function daysAgo(n: number): Date {
  return new Date(Date.now() - n * 86_400_000);
}

it('takes IoU thresholds', async () => {
  // pycocotools 2.0.11 with iouThrs = [0.3].
  const at30 = await metrics(...files, '--iou-thrs', '0.3');
  expect([at30['AP'], at30['AP50'], at30['AP75']]).toEqual([expect.closeTo(0.957921, 6), -1, -1]);
  const two = await metrics(...files, '--iou-thrs', '0.5,0.75');
  expect([two['AP50'], two['AP75']]).toEqual([expect.closeTo(0.957921, 6), expect.closeTo(0.957921, 6)]);
  expect((await run(...files, '--iou-thrs', 'x')).err).toMatch(/numbers for --iou-thrs/);
});

it('takes sigmas, one a point, from a list or a file', async () => {
  const { gt, dt } = people();
  for (const entry of [...gt.annotations, ...dt]) entry['keypoints'] = (entry['keypoints'] as number[]).slice(0, 18);
  const six = [write('six.json', gt), write('six-dt.json', dt), '--iou-type', 'keypoints'];
  expect((await run(...six)).err).toMatch(/give 6 with --sigmas/);
  const list = '0.05,0.05,0.05,0.05,0.05,0.05';
  const found = await metrics(...six, '--sigmas', list);
  expect(found['AP50']).toBeCloseTo(1, 12);
  writeFileSync(join(folder, 'sigmas.txt'), list.replaceAll(',', '\n'));
  expect(await metrics(...six, '--sigmas', `@${join(folder, 'sigmas.txt')}`)).toEqual(found);
  expect((await run(...files, '--sigmas', '0.1')).err).toMatch(/no --sigmas without --iou-type keypoints/);
});

it('chooses images by text where ids are text', async () => {
  const { images, annotations, categories } = groundTruth();
  const texts = {
    images: images.map((image) => ({ ...image, id: `00${image['id'] as number}` })),
    annotations: annotations.map(frame),
    categories,
  };
  const paths = [write('texts.json', texts), write('texts-dt.json', results().map(frame))];
  expect(await metrics(...paths, '--img-ids', '001,003')).toEqual(await metrics(...files, '--img-ids', '1,3'));
  expect((await run(...files, '--img-ids', 'one')).err).toMatch(/numbers for --img-ids, as in the file/);
  expect((await run(...paths, '--img-ids', '004')).err).toMatch(/chosen image ids that are not in the annotation file/);
});

it('shows no character that acts on a terminal', async () => {
  const name = 'a\u009b31m\u007f\u202eb\u2028c';
  const gt = groundTruth();
  for (const category of gt.categories) category['name'] = name;
  const path = write('names.json', gt);
  const { out } = await run(path, files[1]!, '--json', '--per-class');
  expect(out).not.toMatch(/[\u007f-\u009f\u2028-\u202e]/);
  expect((JSON.parse(out) as { perCategory: { name: string }[] }).perCategory[0]!.name).toBe(name);
  expect((await run(path, files[1]!, '--per-class')).out).toContain('a\uFFFD31m\uFFFD\uFFFDb\uFFFDc');
});

it.skipIf(process.platform === 'win32')(
  'replaces nothing by itself, leaves no draft, and keeps the permissions of what it replaces',
  async () => {
    const out = join(folder, 'reports');
    mkdirSync(out);
    symlinkSync('nowhere', join(out, 'dt.html'));
    const old = join(out, '.coco-eval-0123456789ab.tmp');
    const fresh = join(out, '.coco-eval-ba9876543210.tmp');
    for (const path of [old, fresh]) writeFileSync(path, 'half');
    utimesSync(old, daysAgo(2), daysAgo(2));
    await run(...files, '--report', out, '-q');
    expect(readdirSync(out).toSorted()).toEqual(['.coco-eval-ba9876543210.tmp', 'dt-2.html', 'dt.html']);
    expect(lstatSync(join(out, 'dt.html')).isSymbolicLink()).toBe(true);
    rmSync(join(out, 'dt.html'));
    writeFileSync(join(out, 'dt.html'), 'mine', { mode: 0o600 });
    await run(...files, '--report', out, '--force', '-q');
    expect(lstatSync(join(out, 'dt.html')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(out, 'dt.html'), 'utf8')).toContain('<html');
  },
);

it('writes comma-separated values: metrics, or categories', async () => {
  const lines = (await run(...files, '--csv')).out.trimEnd().split('\n');
  expect(lines[0]).toBe('metric,value');
  expect(Object.fromEntries(lines.slice(1).map((line) => line.split(',')))).toEqual(
    Object.fromEntries(Object.entries(await metrics(...files)).map(([name, value]) => [name, String(value)])),
  );
  const gt = groundTruth();
  gt.categories[0]!['name'] = 'cat, "tabby"\n';
  const path = write('comma.json', gt);
  const [head, first, ...rest] = (await run(path, files[1]!, '--csv', '--per-class')).out.trimEnd().split('\n');
  expect(head).toMatch(/^id,category,objects,detections,AP,AP50,AP75,AP small,AP medium,AP large,AR,best F1,score,/);
  expect(first).toMatch(/^1,"cat, ""tabby""\uFFFD",\d+,\d+,0\.\d+,/);
  expect(rest).toHaveLength(gt.categories.length - 1);
  expect((await run(...files, '--csv', '--json')).err).toContain('Expected no --csv beside --json');
});

it('writes the result to a file, which it does not replace by itself', async () => {
  const path = join(folder, 'deep/er/result.csv');
  expect(await run(...files, '--csv', '-o', path, '-q')).toEqual({ out: '', err: '' });
  expect(readFileSync(path, 'utf8')).toBe((await run(...files, '--csv')).out);
  expect((await run(...files, '--json', '-o', path)).err).toMatch(/^coco-eval: error OUTPUT_UNWRITABLE: .*\n.*--force\.\n$/);
  await run(...files, '--json', '-o', path, '--force');
  expect(JSON.parse(readFileSync(path, 'utf8'))).toHaveProperty('metrics');
  expect(readdirSync(join(folder, 'deep/er'))).toEqual(['result.csv']);
});

it('matches in parts and joins them to the same text, table and page', async () => {
  const parts = ['1/3', '2/3', '3/3'].map((part) => ({ part, path: join(folder, `part-${part[0]}`) }));
  for (const { part, path } of parts) await run(...files, '--shard', part, '-o', path);
  const paths = parts.map(({ path }) => path);
  for (const form of [[], ['--per-class'], ['--csv'], ['--csv', '--per-class']])
    expect(await run('merge', ...paths.toReversed(), ...form)).toEqual(await run(...files, ...form));
  expect(await metrics('merge', ...paths)).toEqual(await metrics(...files));
  expect((await run('merge', ...paths, '--report', join(folder, 'joined'), '--title', 'All <parts>')).err).toMatch(/part-1\.html\n$/);
  expect(readFileSync(join(folder, 'joined/part-1.html'), 'utf8')).toContain('<h1>All &#60;parts&#62;</h1>');
  expect((await run('merge', ...paths.slice(1))).err).toMatch(/shard 1\/3 is missing/);
  expect((await run('merge', paths[0]!, files[0]!)).err).toMatch(/Expected a shard but found other bytes .*gt\.json\)\n.*--shard I\/N/);
  expect((await run('merge', ...paths, '--tide')).err).toMatch(/Expected flags of merge but received --tide\nIt belongs to coco-eval GT/);
  for (const part of ['0/3', '4/3', '1', '1/0', 'a/b']) expect((await run(...files, '--shard', part)).err).toContain('such as 1/4');
  expect((await run(...files, '--shard', '1/3', '--json')).err).toContain('Expected no --json beside --shard');
});

it('tells what a split changes', async () => {
  const split = write('split.json', { one: [1] });
  const { err, out } = await run(...files, '--split', split, '--json');
  expect(err.split('\n')[0]).toMatch(
    /^split split: 1 of \d+ categories, \d of \d images \(those with one of them\), at most 100, 300, 1000 detections/,
  );
  const document = JSON.parse(out) as { split: { remark: string }; metrics: Record<string, number> };
  expect(document.split.remark).toBe(err.split('\n')[0]);
  expect(document.metrics['AP50_one']).toBeGreaterThan(0);
  const own = await run(...files, '--split', split, '--img-ids', '1', '--cat-ids', '1', '--max-dets', '100');
  expect(own.err).toMatch(/^split split: everything that was chosen;/);
});
