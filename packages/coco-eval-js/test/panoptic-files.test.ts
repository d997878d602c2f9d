import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { evaluatePanopticFiles } from '../src/node/panoptic-files.ts';
import type { PanopticFilesOptions, PanopticOutcome } from '../src/node/panoptic-files.ts';
import { png } from './png-file.ts';

interface Segment {
  [field: string]: unknown;
}
interface Entry {
  [field: string]: unknown;
  segments_info: Segment[];
}
interface File {
  categories: Record<string, unknown>[];
  annotations: Entry[];
}

const folder = mkdtempSync(join(tmpdir(), 'coco-eval-panoptic-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Four rows of four pixels: segment 7, segment 9, void, segment 9. */
function map(ids: readonly number[] = [7, 9, 0, 9]): Buffer {
  return png({ width: 4, height: 4, color: 2, rows: ids.map((id) => [0, ...Array.from({ length: 4 }, () => [id, 0, 0]).flat()]) });
}
beforeEach(() => {
  for (const side of ['gt', 'dt']) {
    mkdirSync(join(folder, side), { recursive: true });
    writeFileSync(join(folder, side, '1.png'), map());
  }
});

function file(): File {
  return {
    categories: [
      { id: 1, name: 'cat', isthing: 1 },
      { id: 2, name: 'sky', isthing: 0 },
    ],
    annotations: [
      {
        image_id: 1,
        file_name: '1.png',
        segments_info: [
          { id: 7, category_id: 1, area: 4, iscrowd: 0 },
          { id: 9, category_id: 2, area: 8, iscrowd: 0 },
        ],
      },
    ],
  };
}

async function evaluate(
  change: { gt?: (gt: File) => void; dt?: (dt: File) => void },
  options?: PanopticFilesOptions,
): Promise<PanopticOutcome> {
  const sides = { gt: file(), dt: file() };
  change.gt?.(sides.gt);
  change.dt?.(sides.dt);
  for (const [name, value] of Object.entries(sides)) writeFileSync(join(folder, `${name}.json`), JSON.stringify(value));
  return evaluatePanopticFiles(join(folder, 'gt.json'), join(folder, 'dt.json'), options);
}

function noArea({ annotations: [first] }: File): void {
  first!.segments_info[0]!['area'] = 0;
}

async function codes(change: Parameters<typeof evaluate>[0], options?: PanopticFilesOptions): Promise<string[]> {
  return (await evaluate(change, options)).warnings.map(({ code, count }) => `${code} ${count}`);
}

const texts = (all: File): void => {
  for (const category of all.categories) category['id'] = `c${category['id'] as number}`;
  for (const annotation of all.annotations) {
    annotation['image_id'] = 'frame';
    for (const segment of annotation.segments_info) segment['category_id'] = `c${segment['category_id'] as number}`;
  }
};

const without = ({ annotations: [first] }: File): void => {
  delete first!.segments_info[0]!['iscrowd'];
  first!.segments_info[0]!['area'] = null;
};

const gray = (ids: readonly number[], depth = 8): Buffer =>
  png({
    width: 4,
    height: 4,
    color: 0,
    depth,
    rows: ids.map((id) => [
      0,
      ...Array(4)
        .fill(depth === 16 ? [id >> 8, id & 255] : id)
        .flat(),
    ]),
  });

const asColors = ({ annotations: [first] }: File): void => {
  for (const segment of first!.segments_info) segment['id'] = (segment['id'] as number) * 0x010101;
};

const sized = (width: number) => (all: File) => Object.assign(all, { images: [{ id: 1, width, height: 4 }] });

describe('panoptic files', () => {
  it('are perfect when they are the same', async () => {
    const { result, images, warnings } = await evaluate({});
    expect([result.all.pq, result.all.n, images, warnings]).toEqual([1, 2, 1, []]);
  });

  it.each(['gt', 'dt'] as const)('%s: a faulty value is one error with its place and file', async (side) => {
    const faults: [(file: File) => void, RegExp][] = [
      [({ annotations: [first] }) => (first!['image_id'] = null), /"image_id" in annotations\[0\] of .* but found null$/],
      [({ annotations: [first] }) => (first!['file_name'] = '../1.png'), /inside the folder in annotations\[0\].*"\.\.\/1\.png"$/],
      [({ annotations: [first] }) => (first!['file_name'] = '1.png\n'), /inside the folder in annotations\[0\].*"1\.png\\n"$/],
      [({ annotations: [first] }) => (first!['file_name'] = 'none.png'), /none\.png but it does not exist$/],
      [({ annotations: [first] }) => (first!['segments_info'] = {} as never), /a list "segments_info" in annotations\[0\]/],
      [
        ({ annotations: [first] }) => (first!.segments_info[1] = null as never),
        /an object in segments_info\[1\] of annotations\[0\].*null$/,
      ],
      [({ annotations: [first] }) => (first!.segments_info[1]!['id'] = 2 ** 24), /"id" from 0 to 16777215 in segments_info\[1\]/],
      [({ annotations: [first] }) => (first!.segments_info[1]!['category_id'] = '2'), /"category_id" in segments_info\[1\].*"2"$/],
      [({ annotations: [first] }) => (first!.segments_info[1]!['area'] = -1), /"area" in pixels in segments_info\[1\].*-1$/],
      [({ annotations: [first] }) => (first!.segments_info[1]!['iscrowd'] = '1'), /"iscrowd" 0 or 1 in segments_info\[1\].*"1"$/],
      [({ annotations: [first] }) => (first!.segments_info[1]!['id'] = 7), /distinct segment ids but 7 .*in image 1 \(.*\)$/],
      [({ annotations }) => (annotations[0] = [] as never), /an object in annotations\[0\] of .* an array of 0$/],
      [(all) => (all.annotations = 'x' as never), /a list "annotations" in .*"x"$/],
    ];
    for (const [fault, message] of faults) {
      const error: unknown = await evaluate({ [side]: fault }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        name: 'CocoEvalError',
        message: expect.stringMatching(message) as string,
        hint: expect.any(String) as string,
      });
      expect((error as Error).message).toContain(join(folder, side));
    }
    await expect(evaluate({ [side]: (all: File) => (all.annotations[0]!['image_id'] = 'a\nb') })).rejects.toThrow(
      /a prediction for image (1|"a\\nb") \(/,
    );
  });

  it('names the file when map and segments disagree', async () => {
    writeFileSync(join(folder, 'dt/1.png'), map([7, 8, 0, 9]));
    await expect(evaluate({})).rejects.toThrow(/a segment for id 8 of the predicted map in image 1 .*dt\.json\)$/);
    writeFileSync(join(folder, 'dt/1.png'), map([9, 9, 0, 9]));
    await expect(evaluate({})).rejects.toThrow(/pixels of segment 7 .*dt\.json\)$/);
    writeFileSync(join(folder, 'dt/1.png'), png({ width: 1, height: 1, color: 2, rows: [[0, 7, 0, 0]] }));
    await expect(evaluate({})).rejects.toThrow(/a map of 4x4 for image 1 in .*dt but found 1x1$/);
  });

  it('refuses categories that are none', async () => {
    for (const [field, value] of [
      ['id', true],
      ['id', null],
      ['isthing', undefined],
      ['isthing', 'yes'],
    ] as const) {
      await expect(evaluate({ gt: ({ categories }) => (categories[1]![field] = value) })).rejects.toThrow(
        `categories[1] of ${join(folder, 'gt.json')}`,
      );
    }
  });

  it('counts what panopticapi accepts in silence', async () => {
    expect(await codes({ gt: ({ annotations: [first] }) => (first!.segments_info[0]!['area'] = 1) })).toEqual(['wrong-area 1']);
    expect(await codes({ gt: ({ annotations: [first] }) => (first!.segments_info[0]!['category_id'] = 5) })).toEqual([
      'unknown-category 1',
    ]);
    expect(await codes({ gt: ({ annotations }) => annotations.push(annotations[0]!) })).toEqual(['duplicate-image 1']);
    expect(await codes({ dt: ({ annotations }) => annotations.push(annotations[0]!) })).toEqual(['duplicate-prediction 1']);
    expect(await codes({ dt: ({ annotations }) => annotations.push({ ...annotations[0]!, image_id: 2 }) })).toEqual(['unknown-image 1']);
    expect(await codes({}, { imgIds: [1, 5, 6], catIds: [2, 9] })).toEqual(['unknown-category-ids 1', 'unknown-image-ids 2']);
  });

  it('takes text for the ids of images and categories, as panopticapi does', async () => {
    const { result, warnings } = await evaluate({ gt: texts, dt: texts });
    expect([result.all.pq, result.perClass.map(({ id }) => id), warnings]).toEqual([1, ['c1', 'c2'], []]);
  });

  it('says that "iscrowd" is missing, and takes a null area as a missing one', async () => {
    expect(await codes({ gt: without })).toEqual(['missing-iscrowd 1']);
  });

  it('reads gray maps by their values where the segments say so, and by their colors otherwise', async () => {
    for (const side of ['gt', 'dt']) writeFileSync(join(folder, side, '1.png'), gray([7, 9, 0, 9]));
    expect((await evaluate({})).result.all.pq).toBe(1);
    for (const side of ['gt', 'dt']) writeFileSync(join(folder, side, '1.png'), gray([7, 9, 0, 9], 16));
    expect((await evaluate({})).result.all.pq).toBe(1);
    for (const side of ['gt', 'dt']) writeFileSync(join(folder, side, '1.png'), gray([7, 9, 0, 9]));
    expect((await evaluate({ gt: asColors, dt: asColors })).result.all.pq).toBe(1);
  });

  it('compares sizes before it unpacks anything, and reads regular files only', async () => {
    await expect(evaluate({ gt: sized(2) })).rejects.toThrow(/a map of 2x4, as "images" says of image 1, in .*gt but found 4x4$/);
    expect((await evaluate({ gt: sized(4) })).result.all.pq).toBe(1);
    // The pixels of this one cannot be unpacked: its header is enough.
    const header = map();
    header.writeUInt32BE(4000, 16);
    writeFileSync(join(folder, 'dt/1.png'), header);
    await expect(evaluate({})).rejects.toThrow(/a map of 4x4 for image 1 .* but found 4000x4$/);
    if (process.platform === 'win32') return;
    rmSync(join(folder, 'dt/1.png'));
    symlinkSync('/dev/zero', join(folder, 'dt/1.png'));
    await expect(evaluate({})).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
    rmSync(join(folder, 'dt/1.png'));
    execFileSync('mkfifo', [join(folder, 'dt/1.png')]);
    await expect(evaluate({})).rejects.toThrow(/a regular file .* but it is a pipe or a device$/);
    rmSync(join(folder, 'dt/1.png'));
  });

  it('refuses an area that leaves nothing to divide by', async () => {
    await expect(evaluate({ gt: noArea })).rejects.toThrow(
      /an area of segment 7 .*segments_info\[0\].* in image 1 but found 0 \(.*gt\.json\)$/,
    );
    expect((await evaluate({ gt: noArea }, { mode: 'fixed' })).result.all.pq).toBe(1);
  });

  it('takes a repeated category once', async () => {
    const { result, warnings } = await evaluate({ gt: ({ categories }) => categories.push({ id: 2, name: 'cloud', isthing: 1 }) });
    expect(warnings).toMatchObject([{ code: 'duplicate-categories-id', count: 1, firstIndex: 2 }]);
    expect([result.perClass.length, result.all.n, result.things.n, result.stuff.n]).toEqual([2, 2, 2, 0]);
  });
});
