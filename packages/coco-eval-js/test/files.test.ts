import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// The built package: worker threads need JavaScript files.
import { evaluate, evaluateLvis, evaluateSplit, type IouType } from 'coco-eval-js';
import { evaluateFile, evaluateFiles, evaluateSplitFiles, readAnnotations, readDataset, readJsonFile } from 'coco-eval-js/node';
import { synthetic } from './synthetic.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coco-eval-'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function write(name: string, value: unknown): Promise<string> {
  const path = join(folder, name);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  await writeFile(path, name.endsWith('.gz') ? gzipSync(text) : text);
  return path;
}

describe('files', () => {
  it.each(['bbox', 'segm', 'keypoints'] as IouType[])(
    '%s: from files, packed or plain, on one thread or three, the numbers are the same',
    async (iouType) => {
      const { dataset, results } = synthetic(21, iouType, 30);
      const expected = evaluate(dataset, results, { iouType });
      const gt = await write(`gt-${iouType}.json.gz`, dataset);
      for (const [name, workers] of [
        ['dt.json', 1],
        ['dt.json.gz', 3],
      ] as const) {
        const dt = await write(`${iouType}-${name}`, results);
        const evaluation = await evaluateFiles(gt, dt, { iouType, workers });
        expect(evaluation.curves).toEqual(expected.curves);
        expect(evaluation.curves.scores).toEqual(expected.curves.scores);
        expect(JSON.stringify(evaluation)).toBe(JSON.stringify(expected));
        expect(evaluation.imageMatches(10, 1)).toEqual(expected.imageMatches(10, 1));
      }
    },
  );

  it('masks of the ground truth that threads decode early are warned of as often as they are needed', async () => {
    const { dataset, results } = synthetic(28, 'segm', 30);
    const short = { size: [150, 200], counts: [200, 300] };
    const annotations = dataset.annotations.map((a, i) => (i % 3 === 0 ? { ...a, segmentation: short } : a));
    const gt = await write('short-gt.json', { ...dataset, annotations: annotations.map(({ area: _area, ...rest }) => rest) });
    const dt = await write('short-dt.json', results);
    const [one, two] = [await evaluateFiles(gt, dt), await evaluateFiles(gt, dt, { workers: 2 })];
    expect(one.warnings.map(({ code }) => code)).toContain('short-rle-annotations');
    expect(JSON.stringify(two)).toBe(JSON.stringify(one));
    const columns = await readAnnotations(gt);
    for (const workers of [1, 1, 2]) expect(JSON.stringify(await evaluateFile(columns, dt, { workers }))).toBe(JSON.stringify(one));
  });

  it('LVIS from files with workers', async () => {
    const { dataset, results } = synthetic(22, 'bbox', 20);
    const path = await write('lvis.json', results);
    const evaluation = await evaluateFile(dataset, path, { iouType: 'bbox', lvis: true, workers: 2 });
    expect(evaluation.summary.text).toBe(evaluateLvis(dataset, results, { iouType: 'bbox' }).summary.text);
  });

  it('reports progress in order and stops on request', async () => {
    const { dataset, results } = synthetic(23, 'bbox');
    const path = await write('progress.json', results);
    for (const workers of [1, 2]) {
      const seen: number[] = [];
      await evaluateFile(dataset, path, { iouType: 'bbox', workers, onProgress: ({ done }) => seen.push(done) });
      expect([seen[0], seen.at(-1)]).toEqual([0, dataset.annotations.length + results.length]);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      await expect(evaluateFile(dataset, path, { iouType: 'bbox', workers, signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'ABORTED',
      });
      const stop = new AbortController();
      const stopped = evaluateFile(dataset, path, { iouType: 'bbox', workers, signal: stop.signal, onProgress: () => stop.abort() });
      await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    }
  });

  it('one clear error for every bad file', async () => {
    const { dataset, results } = synthetic(24, 'segm');
    const good = await write('good.json', dataset);
    const broken = results.map((result, i) => (i === 5 ? { ...result, segmentation: { size: [150, 200], counts: '~~' } } : result));
    const cut = gzipSync(JSON.stringify(results)).subarray(0, 100);
    await writeFile(join(folder, 'cut.json.gz'), cut);
    const cases: [gt: string, dt: string, code: string, message: RegExp][] = [
      ['none.json', good, 'INPUT_NOT_FOUND', /none\.json but it does not exist/],
      [good, folder, 'INPUT_UNREADABLE', /Expected/],
      [good, join(folder, 'cut.json.gz'), 'INPUT_UNREADABLE', /cut\.json\.gz/],
      [good, good, 'BAD_INPUT', /a list of results but found an object.*good\.json/],
      [await write('list.json', results), good, 'BAD_INPUT', /an annotation file.*list\.json/],
      [await write('half.json', JSON.stringify(dataset).slice(0, 500)), good, 'BAD_JSON', /file ends at byte 500.*half\.json/],
      [good, await write('mask.json', broken), 'BAD_MASK', /results\[5\].*mask\.json/],
    ];
    for (const [gt, dt, code, message] of cases) {
      for (const workers of [1, 2]) {
        const run = evaluateFiles(gt, dt, { iouType: 'segm', workers });
        await expect(run).rejects.toMatchObject({ name: 'CocoEvalError', code });
        await expect(run).rejects.toThrow(message);
      }
    }
  });

  it('a fault in a mask names the file that holds it', async () => {
    const { dataset, results } = synthetic(27, 'segm');
    const broken = { size: [150, 200], counts: '~~' };
    const wrong = { ...dataset, annotations: dataset.annotations.map((a, i) => (i === 2 ? { ...a, segmentation: broken } : a)) };
    const gt = await write('wrong-gt.json', wrong);
    const dt = await write('right-dt.json', results);
    for (const workers of [1, 2]) {
      await expect(evaluateFiles(gt, dt, { iouType: 'segm', workers })).rejects.toThrow(/annotations\[2\] \(.*wrong-gt\.json\)/);
    }
  });

  it('splits of files have the numbers of those of objects', async () => {
    const { dataset, results } = synthetic(31, 'bbox');
    const [gt, dt] = [await write('split-gt.json', dataset), await write('split-dt.json', results)];
    const own = { name: 'own', groups: { some: [1, 2], other: [5] } };
    for (const split of ['ov-lvis', own] as const) {
      const found = await evaluateSplitFiles(gt, dt, split);
      const expected = evaluateSplit(dataset, results, split);
      expect([found.metrics, found.groups]).toEqual([expected.metrics, expected.groups]);
    }
    await expect(evaluateSplitFiles(gt, dt, 'ov-coco')).rejects.toThrow(/category named "person" .*split-gt\.json\)$/);
  });

  it('gzip that unpacks to a heap of nothing ends early, what packs well does not', async () => {
    const path = join(folder, 'bomb.json.gz');
    const head = gzipSync('{"images":[],"categories":[],"annotations":[],"info":"');
    const zeros = gzipSync(Buffer.alloc(2 ** 24, 0x41), { level: 9 });
    await writeFile(path, Buffer.concat([head, ...Array.from({ length: 20 }, () => zeros), gzipSync('"}')]));
    await expect(readJsonFile(path)).rejects.toMatchObject({ code: 'LIMIT' });
    await expect(readJsonFile(path)).rejects.toThrow(/at most 200 times its size/);
    await writeFile(path, Buffer.concat([head, zeros, gzipSync('"}')]));
    expect((await readDataset(path)).images).toEqual([]);
  });

  it('a NaN in an annotation file is reported by entry', async () => {
    const { dataset } = synthetic(25, 'bbox');
    const text = JSON.stringify({ ...dataset, annotations: dataset.annotations.map((a, i) => (i === 3 ? { ...a, area: 'NAN' } : a)) });
    const gt = await write('nan.json', text.replace('"NAN"', 'NaN'));
    const dt = await write('empty.json', []);
    await expect(evaluateFiles(gt, dt, { iouType: 'bbox' })).rejects.toThrow(
      /a finite number for "area" in annotations\[3\] but received NaN/,
    );
    expect(await readJsonFile(await write('inf.json', '[Infinity, -Infinity]'))).toEqual([Infinity, -Infinity]);
  });

  it('columns that are read once serve for any number of results, and refuse another kind of evaluation', async () => {
    const { dataset, results } = synthetic(26, 'bbox');
    const gt = await write('once.json', dataset);
    const dt = await write('once-dt.json', results);
    expect(await readDataset(gt)).toEqual(dataset);
    const boxes = await readAnnotations(gt, { iouType: 'bbox' });
    expect(boxes.groundTruth.segmentation).toBeUndefined();
    const expected = evaluate(dataset, results, { iouType: 'bbox' });
    for (const workers of [1, 2]) expect(JSON.stringify(await evaluateFile(boxes, dt, { workers }))).toBe(JSON.stringify(expected));
    const lvis = await readAnnotations(gt, { iouType: 'bbox', lvis: true });
    expect((await evaluateFile(lvis, dt)).stats).toEqual(evaluateLvis(dataset, results, { iouType: 'bbox' }).stats);
    await expect(evaluateFile(boxes, dt, { iouType: 'segm' })).rejects.toThrow(
      /^Expected iouType bbox, for which the annotations were read, but received segm$/,
    );
    await expect(evaluateFile(boxes, dt, { lvis: true })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
