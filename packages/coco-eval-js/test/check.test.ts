import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { checkAnnotations } from '../src/check/check-annotations.ts';
import { checkResults } from '../src/check/check-results.ts';
import { main } from '../src/cli/main.ts';
import { type Entry, groundTruth, people, results } from './foreign.ts';
import { hasData, readJson, whyNot } from './shared.ts';

type Lists = ReturnType<typeof groundTruth>;

/** Codes of what is found after a change. */
function codes(change: (gt: Lists) => void): string[] {
  const gt = structuredClone(groundTruth());
  change(gt);
  return checkAnnotations(gt).findings.map(({ code }) => code);
}
const set =
  (fields: Entry, list: 'annotations' | 'images' | 'categories' = 'annotations') =>
  (gt: Lists): void =>
    void Object.assign(gt[list][0]!, fields);

describe('checking annotations', () => {
  it('finds nothing wrong with what is right', () => {
    expect(codes(() => undefined)).toEqual([]);
    expect(checkAnnotations(people().gt).findings.filter(({ level }) => level === 'error')).toEqual([]);
    expect(checkAnnotations(groundTruth()).counts).toMatchObject({ annotations: groundTruth().annotations.length });
  });

  it.skipIf(!hasData)(`finds no error in genuine files${whyNot}`, () => {
    for (const name of [
      'coco-mini/annotations/instances_val2017.json',
      'coco-mini/annotations/person_keypoints_val2017.json',
      'lvis-sample/lvis_val_100.json',
    ])
      expect(checkAnnotations(readJson(name)).findings.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it.each([
    ['bad-annotations', (gt: Lists) => void ((gt.annotations as unknown[])[0] = [1])],
    ['bad-id-annotations', set({ id: null })],
    ['duplicate-annotations', (gt: Lists) => void (gt.annotations[1]!['id'] = gt.annotations[0]!['id'])],
    ['duplicate-images', (gt: Lists) => void (gt.images[1]!['id'] = gt.images[0]!['id'])],
    ['id-0', set({ id: 0 })],
    ['unknown-image_id-annotations', set({ image_id: 999 })],
    ['quoted-image_id-annotations', (gt: Lists) => void (gt.annotations[0]!['image_id'] = String(gt.annotations[0]!['image_id']))],
    ['missing-category_id-annotations', set({ category_id: undefined })],
    ['no-geometry', set({ bbox: undefined, segmentation: undefined })],
    ['bad-box', set({ bbox: [1, 2, 3] })],
    ['bad-box', set({ bbox: ['1', 2, 3, 4] })],
    ['empty-box', set({ bbox: [1, 2, 0, 4], area: 1 })],
    ['box-outside', set({ bbox: [1, 2, 9999, 4], area: 1 })],
    ['missing-area', set({ area: null })],
    ['bad-area', set({ area: '12' })],
    ['no-area', set({ area: 0 })],
    ['area-beyond-box', set({ area: 1e6 })],
    ['missing-iscrowd', set({ iscrowd: undefined })],
    ['bad-iscrowd', set({ iscrowd: 'no' })],
    ['ignore', set({ ignore: 1 })],
    ['empty-mask', set({ segmentation: [] })],
    ['bad-polygon', set({ segmentation: [[1, 2, null, 4, 5, 6]] })],
    ['bad-polygon', set({ segmentation: [1, 2, 3, 4, 5, 6] })],
    ['short-polygon', set({ segmentation: [[1, 2, 3, 4]] })],
    ['odd-polygon', set({ segmentation: [[1, 2, 3, 4, 5, 6, 7]] })],
    ['polygon-outside', set({ segmentation: [[1, 2, 9999, 4, 5, 6]] })],
    ['bad-mask', set({ segmentation: { counts: '0' } })],
    ['mask-size', set({ segmentation: { size: [2, 2], counts: [4] } })],
    ['bad-mask-counts', set({ segmentation: { size: [2, 2], counts: [9] } })],
    ['bad-keypoints', set({ keypoints: [1, 2] })],
    ['keypoint-flags', set({ keypoints: [1, 2, 7], num_keypoints: 1 })],
    ['num-keypoints', set({ keypoints: [1, 2, 2], num_keypoints: 3 })],
    ['missing-size', set({ width: undefined }, 'images')],
    ['bad-size', set({ width: 0 }, 'images')],
    ['missing-name', set({ name: 7 }, 'categories')],
    ['duplicate-name', (gt: Lists) => void (gt.categories[1]!['name'] = gt.categories[0]!['name'])],
    ['unused-category', (gt: Lists) => void gt.categories.push({ id: 77, name: 'unicorn' })],
    ['annotated-twice', (gt: Lists) => void gt.annotations.push({ ...gt.annotations[0], id: 999 })],
    ['no-annotations', (gt: Lists) => void gt.annotations.splice(0)],
    ['boxes-as-fractions-annotations', (gt: Lists) => gt.annotations.forEach((annotation) => (annotation['bbox'] = [0.1, 0.1, 0.2, 0.2]))],
  ] as [string, (gt: Lists) => void][])('finds %s', (code, change) => {
    expect(codes(change)).toContain(code);
  });

  it('counts, and names the first places', () => {
    const gt = groundTruth();
    for (const annotation of gt.annotations) annotation['area'] = 'x';
    const [finding] = checkAnnotations(gt).findings;
    expect(finding).toMatchObject({ level: 'error', code: 'bad-area', count: gt.annotations.length });
    expect(finding!.places[0]).toBe('annotations[0]');
    expect(finding!.places.length).toBeLessThanOrEqual(5);
    for (const other of [null, [], {}, { images: [], annotations: {}, categories: [] }])
      expect(() => checkAnnotations(other)).toThrow(/^Expected/);
  });
});

function found(list: readonly unknown[]): string[] {
  return checkResults(list, groundTruth()).findings.map(({ code }) => code);
}

describe('checking results', () => {
  const [first] = results() as [Entry];

  it('finds nothing wrong with what is right', () => expect(found(results())).toEqual([]));

  it.each([
    ['bad-results', [[1, 2]]],
    ['unknown-image_id-results', [{ ...first, image_id: 999 }]],
    ['unknown-category_id-results', [{ ...first, category_id: 999 }]],
    ['bad-score', [{ ...first, score: '0.9' }]],
    ['score-range', [{ ...first, score: 90 }]],
    ['no-geometry-results', [{ ...first, bbox: undefined }]],
    ['bad-box-results', [{ ...first, bbox: [1, 2, 3, null] }]],
    ['empty-box-results', [{ ...first, bbox: [1, 2, 0, 3] }]],
    ['same-result', [first, first]],
    ['over-limit', Array.from({ length: 101 }, (_, i) => ({ ...first, score: i / 200 }))],
    ['boxes-as-fractions-results', [{ ...first, bbox: [0.1, 0.1, 0.2, 0.2] }]],
    ['no-results', []],
  ] as [string, unknown[]][])('finds %s', (code, list) => {
    expect(found(list)).toContain(code);
  });

  it('refuses what is no list', () => expect(() => checkResults({ annotations: [] }, groundTruth())).toThrow('Expected a list of results'));
});

describe('coco-eval check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coco-eval-check-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, value: unknown): string => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    return join(folder, name);
  };

  it('prints all faults of both files, and tells by its status whether they can be used', async () => {
    const [good, dt] = [write('good.json', groundTruth()), write('dt.json', results())];
    const right = await command('check', good, dt);
    expect(right).toMatchObject({ status: 0, err: '' });
    expect(right.out.match(/nothing wrong was found/g)).toHaveLength(2);
    const gt = groundTruth();
    Object.assign(gt.annotations[0]!, { id: 0, area: 'x' });
    const bad = await command('check', write('bad.json', gt), '--json');
    expect(bad.status).toBe(3);
    expect(JSON.parse(bad.out)).toMatchObject({
      style: 'check',
      ok: false,
      files: [
        {
          findings: [
            { level: 'error', code: 'bad-area', count: 1, places: ['annotations[0]'] },
            { level: 'warning', code: 'id-0' },
          ],
        },
      ],
    });
    expect((await command('check', dt)).err).toMatch(/^coco-eval: error BAD_INPUT: .*dt\.json\)\nA list looks like a results file/);
    expect((await command('check', good, good)).err).toMatch(/good\.json\)\n/);
    expect((await command('check', good, '--csv')).err).toContain('Expected flags of check but received --csv');
    expect((await command('check')).err).toContain('one or two files');
  });
});

async function command(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const status = await main(args, { stdout, stderr, version: '1' });
  return { status, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}
