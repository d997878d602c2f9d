import { describe, expect, it } from 'vitest';
import { AP, each, type Entry, failure, type File, groundTruth, masks, people, results, run } from './foreign.ts';

describe('known bugs of the reference say how to get the right number', () => {
  it('annotation id 0', async () => {
    const gt = groundTruth();
    gt.annotations[0]!['id'] = 0;
    const { metrics, warnings } = await run(gt, results());
    expect(metrics['AP']).toBeCloseTo(0.558168, 6);
    expect(warnings).toMatchObject([
      { code: 'annotation-id-0', count: 1, firstIndex: 0, message: expect.stringContaining('--mode fixed') as string },
    ]);
    const fixed = await run(gt, results(), { mode: 'fixed' });
    expect([fixed.metrics['AP'], fixed.warnings]).toEqual([AP, []]);
  });

  it('maxDets without 100, or without 20 for keypoints', async () => {
    const { stats, warnings } = await run(groundTruth(), results(), { maxDets: [1, 10, 1000] });
    expect([stats[0], warnings.map(({ code }) => code)]).toEqual([-1, ['no-limit-100']]);
    expect(warnings[0]!.message).toContain('--mode fixed');
    expect((await run(groundTruth(), results(), { maxDets: [1, 10, 1000], mode: 'fixed' })).stats[0]).toBe(AP);
    expect((await run(groundTruth(), results(), { maxDets: [100, 300, 1000] })).warnings).toEqual([]);
    const points = await run(people().gt, people().dt, { iouType: 'keypoints', maxDets: [10] });
    expect([points.stats[0], points.warnings.map(({ code }) => code)]).toEqual([-1, ['no-limit-20']]);
    const one = await run(people().gt, people().dt, { iouType: 'keypoints', useCats: false });
    expect(one.warnings.map(({ code }) => code)).toEqual(['keypoints-without-categories']);
  });

  it('repeated ids and the "ignore" field', async () => {
    const gt = groundTruth();
    gt.annotations[1]!['id'] = 1;
    gt.annotations[2]!['ignore'] = 1;
    const { warnings } = await run(gt, results());
    expect(warnings.map(({ code }) => code)).toEqual(['duplicate-annotation-id', 'ignore-field']);
    for (const { message } of warnings) expect(message).toContain('--mode fixed');
  });
});

const codes = async (gt: File, dt: Entry[]): Promise<[number | undefined, string[]]> => {
  const { metrics, warnings } = await run(gt, dt, { iouType: 'segm' });
  return [metrics['AP'], warnings.map(({ code, count }) => `${code} ${count}`)];
};

describe('masks', () => {
  it('an empty list is no mask', async () => {
    const gt = groundTruth();
    for (const entry of gt.annotations) entry['segmentation'] = [];
    expect(await codes(gt, masks())).toEqual([0, ['empty-segmentation 5']]);
    // The box stands for it, as where there is no list.
    const empty = each(results(), (entry) => (entry['segmentation'] = []));
    expect(await codes(groundTruth(), empty)).toEqual([AP, ['empty-result-segmentation 6']]);
    expect(
      await codes(
        groundTruth(),
        each(empty, (entry) => (entry['segmentation'] = null)),
      ),
    ).toEqual([AP, ['box-as-mask 6']]);
    const bare = masks();
    bare[0]!['segmentation'] = [];
    expect((await codes(groundTruth(), bare))[1]).toEqual(['empty-result-segmentation 1']);
  });

  it('annotations without one name the comparison of boxes', async () => {
    const gt = groundTruth();
    gt.annotations[3]!['segmentation'] = null;
    expect((await failure(gt, masks(), { iouType: 'segm' })).hint).toContain('--iou-type bbox');
  });

  it.each([
    ["b'...'", (counts: string): unknown => `b'${counts}'`, /decode\("ascii"\)/],
    ['b"..."', (counts: string): unknown => `b"${counts}"`, /decode\("ascii"\)/],
    ['a list of character codes', (counts: string): unknown => Array.from(counts, (c) => c.charCodeAt(0)), /decode\("ascii"\)/],
    ['a list as text', (): unknown => '[10, 40, 29950]', /without quotes/],
    ['numbers as text', (): unknown => '10 40 29950', /without quotes/],
  ])('counts as %s: the advice fits', async (_name, change, hint) => {
    for (const side of ['gt', 'dt']) {
      const [gt, dt] = [groundTruth(), masks()];
      const mask = dt[0]!['segmentation'] as { counts: string };
      const broken = { size: [150, 200], counts: change(mask.counts) };
      if (side === 'gt') gt.annotations[0]!['segmentation'] = broken;
      else dt[0]!['segmentation'] = broken;
      const error = await failure(gt, dt, { iouType: 'segm' });
      expect([error.code, error.index]).toEqual(['BAD_MASK', 0]);
      expect(error.hint).toMatch(hint);
    }
  });

  it('a broken mask of the ground truth is named, whether anything is found beside it or not', async () => {
    const gt = groundTruth();
    gt.annotations[4]!['segmentation'] = { size: [150, 200], counts: '~~' };
    for (const dt of [masks(), masks().slice(0, 1), []]) {
      expect(await failure(gt, dt, { iouType: 'segm' })).toMatchObject({ code: 'BAD_MASK', list: 'annotations', index: 4 });
    }
  });

  it('an image without its size is named', async () => {
    const gt = groundTruth();
    delete gt.images[1]!['height'];
    const error = await failure(gt, masks(), { iouType: 'segm' });
    expect(error.message).toMatch(/"height" in images\[1\] but received nothing \(.*gt\.json\)$/);
    expect((await run(gt, masks(), { iouType: 'segm', imgIds: [1, 3] })).warnings).toEqual([]);
    // A box that stands for a mask needs it, too; an RLE has its own.
    for (const entry of gt.annotations) entry['segmentation'] = { size: [150, 200], counts: [30000] };
    expect((await failure(gt, results(), { iouType: 'segm' })).message).toMatch(/"height" in images\[1\].*gt\.json\)$/);
    expect((await run(gt, masks(), { iouType: 'segm' })).stats[0]).toBe(0);
  });
});

const boxCodes = async (gt: File, dt: Entry[]): Promise<string[]> =>
  (await run(gt, dt)).warnings.map(({ code, count }) => `${code} ${count}`);

const changed = (list: Entry[], change: (box: number[]) => number[]): Entry[] =>
  each(list, (entry) => (entry['bbox'] = change(entry['bbox'] as number[])));

const fraction = ([x, y, w, h]: number[]): number[] => [x! / 200, y! / 150, w! / 200, h! / 150];

const corner = ([x, y, w, h]: number[]): number[] => [x!, y!, x! + w!, y! + h!];

describe('boxes', () => {
  it('in fractions, or as corners, or without any area, are noticed', async () => {
    expect(await boxCodes(groundTruth(), changed(results(), fraction))).toEqual(['boxes-as-fractions-results 6']);
    expect(await boxCodes(groundTruth(), changed(results(), corner))).toEqual(['boxes-as-corners-results 6']);
    const gt = groundTruth();
    changed(gt.annotations, corner);
    expect(await boxCodes(gt, results())).toEqual(['boxes-as-corners-annotations 5']);
    const unit = groundTruth();
    changed(unit.annotations, fraction);
    expect(await boxCodes(unit, results())).toEqual(['boxes-as-fractions-annotations 5']);
    expect(
      await boxCodes({ ...groundTruth(), annotations: each(groundTruth().annotations, (entry) => (entry['area'] = 0)) }, results()),
    ).toEqual(['zero-area 5']);
    expect(await boxCodes(groundTruth(), results())).toEqual([]);
  });
});
