import { describe, expect, it } from 'vitest';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Dataset } from '../src/coco/types.ts';
import { AP, each, type Entry, failure, found, groundTruth, results, run } from './foreign.ts';

const hint = async (dt: unknown): Promise<string | undefined> => {
  const error = await failure(groundTruth(), dt);
  expect(error.code).toBe('BAD_INPUT');
  return error.hint;
};

const lines = (list: Entry[]): string => list.map((entry) => JSON.stringify(entry)).join('\n');

const renamed = (from: string, to: string): Entry[] => results().map(({ [from]: value, ...rest }) => ({ ...rest, [to]: value }));

describe('shape of the files', () => {
  it('entries that are no objects are named', async () => {
    const rows = found.map(([image, category, box, score]) => [image, ...box, score, category]);
    expect(await hint(rows)).toMatch(/an object with names/);
    expect((await failure(groundTruth(), [...results(), rows[0]])).message).toMatch(/an object in results\[6\] but received an array of 7/);
    expect(await hint([results().slice(0, 3), results().slice(3)])).toMatch(/join them into one list/);
    for (const entry of [7, 'x', null]) expect((await failure(groundTruth(), [entry])).message).toMatch(/an object in results\[0\]/);
  });

  it('objects in the place of the list are told apart', async () => {
    expect(await hint(lines(results()))).toMatch(/one JSON object per line.* jq -s/);
    expect(await hint(JSON.stringify(results()[0]))).toMatch(/A single result stands in a list/);
    for (const key of ['annotations', 'results', 'predictions']) {
      expect(await hint({ info: { version: 1 }, [key]: results() })).toContain(`jq .${key} FILE`);
      expect(() => evaluate(groundTruth() as unknown as Dataset, { [key]: results() } as never)).toThrow(
        expect.objectContaining({ hint: expect.stringContaining(`jq .${key}`) as string }) as Error,
      );
    }
    expect(await hint(groundTruth())).toMatch(/swapped/);
    expect(await hint({ a: 1 })).toMatch(/A results file is a JSON list/);
    // Cut, and longer than one piece of reading.
    expect(await hint(`{"annotations": ${JSON.stringify(results()).slice(0, 200)}`)).toContain('jq .annotations');
  });

  it('keys of other formats are recognized', async () => {
    for (const [from, to] of [
      ['score', 'confidence'],
      ['score', 'prob'],
      ['bbox', 'box'],
      ['image_id', 'imageId'],
      ['category_id', 'label'],
    ] as const) {
      expect(await hint(renamed(from, to))).toBe(`The entry has "${to}": call it "${from}".`);
      expect(() => evaluate(groundTruth() as unknown as Dataset, renamed(from, to) as never)).toThrow(
        expect.objectContaining({ hint: `The entry has "${to}": call it "${from}".` }) as Error,
      );
    }
  });

  it('null stands for missing', async () => {
    const gt = groundTruth();
    each(gt.annotations, (entry) => Object.assign(entry, { area: null, iscrowd: null, ignore: null }));
    const { metrics, warnings } = await run(gt, results());
    expect([metrics['AP'], warnings.map(({ code, count }) => `${code} ${count}`)]).toEqual([AP, ['missing-area 5', 'missing-iscrowd 5']]);
  });

  it('nothing to count is said', async () => {
    const { stats, warnings } = await run({ ...groundTruth(), annotations: [] }, results());
    expect([stats[0], warnings.map(({ code }) => code)]).toEqual([-1, ['no-annotations']]);
    expect((await run(groundTruth(), results(), { catIds: [7] })).warnings.map(({ code }) => code)).toEqual(['no-annotations']);
  });
});
