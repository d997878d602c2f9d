import { describe, expect, it } from 'vitest';
import type { CocoEvalError } from '../src/errors.ts';
import type { EvaluateFileOptions } from '../src/node/files.ts';
import { each, type Entry, failure, type File, people, run } from './foreign.ts';

const keypoints = async (change: (gt: File, dt: Entry[]) => void, options: EvaluateFileOptions = {}): Promise<number | undefined> => {
  const { gt, dt } = people();
  change(gt, dt);
  return (await run(gt, dt, { iouType: 'keypoints', ...options })).metrics['AP'];
};

const refused = async (change: (gt: File, dt: Entry[]) => void): Promise<CocoEvalError> => {
  const { gt, dt } = people();
  change(gt, dt);
  return failure(gt, dt, { iouType: 'keypoints' });
};

const flags = (list: Entry[]): void => {
  for (const entry of list) entry['keypoints'] = (entry['keypoints'] as number[]).map((value, i) => (i % 3 === 2 ? true : value));
};

describe('keypoints', () => {
  it('are looked at where they count', async () => {
    const whole = await keypoints(() => undefined);
    expect(whole).toBeGreaterThan(0.5);
    const object = { id: 9, image_id: 1, category_id: 2, bbox: [1, 1, 9, 9], area: 81, iscrowd: 0 };
    // A category that nobody asks for, an image that nobody asks for, an object without labeled points.
    expect(await keypoints(({ annotations }) => annotations.push(object), { catIds: [1] })).toBe(whole);
    expect(await keypoints(({ annotations }) => annotations.push({ ...object, category_id: 1, image_id: 2 }), { imgIds: [1] })).toBe(
      await keypoints(() => undefined, { imgIds: [1] }),
    );
    for (const none of [[], null, undefined]) {
      expect(await keypoints(({ annotations }) => annotations.push({ ...object, category_id: 1, num_keypoints: 0, keypoints: none }))).toBe(
        whole,
      );
    }
    expect(await keypoints((_gt, dt) => dt.push({ image_id: 1, category_id: 2, score: 0.1 }), { catIds: [1] })).toBe(whole);
    expect((await refused(({ annotations }) => annotations.push({ ...object, category_id: 1 }))).message).toMatch(
      /51 numbers .* annotations\[2\] but received nothing/,
    );
  });

  it('may say true and false for visible and not', async () => {
    const whole = await keypoints(() => undefined);
    expect(await keypoints(({ annotations }, dt) => [annotations, dt].forEach(flags))).toBe(whole);
  });

  it.each([
    ['6 points', (list: number[]): unknown => list.slice(0, 18), /give 6 with --sigmas/],
    ['pairs', (list: number[]): unknown => list.filter((_, i) => i % 3 !== 2), /17 pairs of x and y/],
    ['lists of lists', (list: number[]): unknown => [list.slice(0, 3), list.slice(3, 6)], /one flat list/],
  ])('%s: the advice fits', async (_name, change, hint) => {
    const changed = (list: Entry[]): unknown => (list[1]!['keypoints'] = change(list[1]!['keypoints'] as number[]));
    expect((await refused(({ annotations }) => changed(annotations))).hint).toMatch(hint);
    expect((await refused((_gt, dt) => changed(dt))).hint).toMatch(hint);
  });

  it('of area 0 are found by nobody', async () => {
    const { gt, dt } = people();
    each(gt.annotations, (entry) => (entry['area'] = 0));
    const { metrics, warnings } = await run(gt, dt, { iouType: 'keypoints' });
    expect(metrics['AP']).toBe(0);
    expect(warnings).toMatchObject([{ code: 'zero-area', count: 2 }]);
  });
});
