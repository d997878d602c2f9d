import { describe, expect, it } from 'vitest';
import { DetectionBuilder } from '../src/coco/detection-builder.ts';
import { evaluate, prepareEvaluation } from '../src/coco/evaluate.ts';
import type { Detections } from '../src/coco/columns.ts';
import { finishDetections, loadDetections } from '../src/coco/load-detections.ts';
import type { Dataset, IouType, Result } from '../src/coco/types.ts';
import { CocoEvalError } from '../src/errors.ts';
import { parseJson } from '../src/json/parse-json.ts';
import { type ResultsLimits, ResultsReader } from '../src/json/results-reader.ts';
import { polygonsToRle } from '../src/mask/from-shapes.ts';
import { toRleObject } from '../src/mask/rle-string.ts';
import { random } from './shared.ts';
import { synthetic } from './synthetic.ts';

function stream(text: string | Uint8Array, dataset: Dataset, iouType: IouType, chunk: number): Detections {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const prepared = prepareEvaluation(dataset, { iouType });
  const builder = new DetectionBuilder(prepared);
  const reader = new ResultsReader(builder);
  for (let at = 0; at < bytes.length; at += chunk) reader.write(bytes.subarray(at, at + chunk));
  reader.end();
  return finishDetections(builder, prepared);
}

function masks(results: Result[]): Result[] {
  return results.map(({ bbox, ...rest }, i) => {
    const [x, y, w, h] = bbox as [number, number, number, number];
    const polygon = [x, y, x + w, y + 3, x + w / 2, y + h];
    const rle = polygonsToRle([polygon], 150, 200);
    if (i % 7 === 6) return { ...rest, segmentation: { size: [150, 200], counts: [...rle.counts] } };
    return { ...rest, segmentation: i % 5 === 4 ? [polygon] : toRleObject(rle) };
  });
}

/** Everything an error says, or what was returned. */
function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof CocoEvalError)) throw error;
    return [error.code, error.message, error.index, error.hint];
  }
}

/** Parses with room for 1 MiB. */
function parse(text: string): unknown {
  return parseJson(new TextEncoder().encode(text), 2 ** 20);
}

describe('streaming reader', () => {
  it.each(['bbox', 'segm', 'keypoints'] as const)('%s: the same columns as parsed objects, wherever the chunks are cut', (iouType) => {
    const { dataset, results } = synthetic(11, iouType);
    const entries = iouType === 'segm' ? masks(results) : results;
    const expected = loadDetections(entries, prepareEvaluation(dataset, { iouType }));
    const text = ` ${JSON.stringify(entries.slice(0, 20), null, 1)} \n`;
    const few = loadDetections(entries.slice(0, 20), prepareEvaluation(dataset, { iouType }));
    for (const chunk of [1, 2, 3, 7, 64, 1000]) expect(stream(text, dataset, iouType, chunk)).toEqual(few);
    expect(stream(JSON.stringify(entries), dataset, iouType, 4096)).toEqual(expected);
  });

  it('keeps every bit of a number', () => {
    const { dataset } = synthetic(1, 'bbox');
    const r = random(5);
    const numbers = Array.from(
      { length: 400 },
      (_, i) => [r(), r() * 1e-9, r() * 1e17, Math.round(r() * 1e6) / 1e3, 5e-324, 1.7976931348623157e308][i % 6]!,
    );
    const entries = numbers.map((score) => ({ image_id: 10, category_id: 1, bbox: [1, 2, 3, 4], score }));
    const read = stream(JSON.stringify(entries), dataset, 'bbox', 777);
    expect([...read.score]).toEqual(numbers);
    const text = '[{"image_id":10,"category_id":1,"bbox":[-0.0,1E2,1152921504606846977,0.1e-2],"score":0.10000000000000000555}]';
    const odd = stream(text, dataset, 'bbox', 5);
    expect([...odd.bbox!, odd.score[0]]).toEqual([-0, 100, 2 ** 60, 0.001, 0.1]);
  });

  it('reads strange but valid files', () => {
    const { dataset } = synthetic(1, 'bbox');
    const text =
      '\uFEFF[{"\\u0069mage_id":10,"x":{"a":["]}",{"b":"\\"]"}]},"category_id":1,"score":0.5,"bbox":[1,2,3,4],"bbox":[5,6,7,8]}\r\n]\n';
    expect([...stream(text, dataset, 'bbox', 3).bbox!]).toEqual([5, 6, 7, 8]);
    expect(stream('[]', dataset, 'bbox', 1).count).toBe(0);
    const twice =
      '[{"image_id":10,"category_id":1,"score":1,"segmentation":{"counts":"n0","size":[5,6]},"segmentation":{"size":[5,6],"counts":":14O"}}]';
    const { segmentation } = stream(twice, dataset, 'segm', 4);
    expect(new TextDecoder().decode(segmentation!.bytes)).toBe(':14O');
  });

  it('says which entry is wrong', () => {
    const { dataset } = synthetic(1, 'bbox');
    const good = '{"image_id":10,"category_id":1,"bbox":[1,2,3,4],"score":0.5}';
    const entry = (fields: string): string => `[${good},${good},{"image_id":10,"category_id":1,${fields}}]`;
    const cases: [text: string, message: RegExp, index?: number][] = [
      [entry('"bbox":[1,NaN,3,4],"score":1'), /finite numbers for "bbox" in results\[2\] but received NaN/, 2],
      [entry('"bbox":[1,2,3,-Infinity],"score":1'), /results\[2\].*-Infinity/, 2],
      [entry('"bbox":[1,2,3],"score":1'), /a list of 4 numbers for "bbox" in results\[2\]/, 2],
      [entry('"bbox":"x","score":1'), /a list of 4 numbers for "bbox" in results\[2\]/, 2],
      [entry('"bbox":[1,2,3,4],"score":NaN'), /a finite number for "score" in results\[2\]/, 2],
      [entry('"bbox":[1,2,3,4]'), /"score" in results\[2\] but received nothing/, 2],
      [entry('"keypoints":[1,2,0],"score":1'), /"bbox" as in results\[0\] in results\[2\]/, 2],
      [`[${good},{"image_id":999,"category_id":1,"bbox":[1,2,3,4],"score":0.5}]`, /results\[1\] has image_id 999/, 1],
      [`[${good},${good}`, /file ends at byte 122, in results\[2\]/, 2],
      [`[${good},{"image_id":10,"sc`, /file ends at byte \d+, in results\[1\]/, 1],
      [`[${good} ${good}]`, /"," or "\]".*in results\[1\]/, 1],
      [`[${good},]`, /an object.*in results\[1\]/, 1],
      [`[${good}] x`, /the end of the file but found "x" at byte \d+$/],
      ['<html>', /a list of results but found "<" at byte 0$/],
      [`[3]`, /an object.*results\[0\]/, 0],
      [`{"annotations":[]}`, /a list of results but found an object$/],
      ['', /a list of results but the file ends at byte 0$/],
    ];
    for (const [text, message, index] of cases) {
      for (const chunk of [1, 10_000]) {
        const run = (): Detections => stream(text, dataset, 'bbox', chunk);
        expect(run).toThrow(message);
        if (index !== undefined) expect(run).toThrow(expect.objectContaining({ index }) as CocoEvalError);
      }
    }
    expect(() => stream(Uint8Array.of(0xff, 0xfe, 0x5b, 0), dataset, 'bbox', 9)).toThrow(/UTF-16/);
  });

  it('says the same of a faulty entry as the reader of parsed objects', () => {
    const { dataset } = synthetic(1, 'segm');
    const good = { image_id: 10, category_id: 1, score: 0.5 };
    const mask = { size: [150, 200], counts: ':14O' };
    const faults: [IouType, object][] = [
      ...[
        { score: null },
        { score: '0.5' },
        { image_id: true },
        { image_id: 4 },
        { category_id: [] },
        { bbox: {} },
        { bbox: [1, 2, 3] },
      ].map((fields): [IouType, object] => ['bbox', { ...good, bbox: [1, 2, 3, 4], ...fields }]),
      ...[null, 'x', 7, [7], [['1', 2]], [[null]], {}, { size: [150, 200] }, { counts: ':14O' }, { size: [150], counts: ':14O' }].map(
        (segmentation): [IouType, object] => ['segm', { ...good, segmentation }],
      ),
      ...['\u00e90', '\\\u00e9', { a: 1 }, [1.5], [-1]].map((counts): [IouType, object] => [
        'segm',
        { ...good, segmentation: { size: [150, 200], counts } },
      ]),
      ...[[1e9, 1e9], [-1, 5], ['150', 200], [150.5, 200], null].map((size): [IouType, object] => [
        'segm',
        { ...good, segmentation: { size, counts: ':14O' } },
      ]),
      ...[null, {}, [], [1, 2, 3], Array(51).fill('1')].map((keypoints): [IouType, object] => ['keypoints', { ...good, keypoints }]),
    ];
    const first = {
      bbox: { bbox: [1, 2, 3, 4] },
      segm: { segmentation: mask },
      boundary: { segmentation: mask },
      keypoints: { keypoints: Array(51).fill(1) as number[] },
    };
    for (const [iouType, entry] of faults) {
      const entries = [{ ...good, ...first[iouType] }, entry];
      const parsed = outcome(() => loadDetections(entries, prepareEvaluation(dataset, { iouType })));
      expect(parsed).toEqual([expect.any(String), expect.stringMatching(/^Expected .*results\[1\]/), 1, expect.any(String)]);
      expect(outcome(() => stream(JSON.stringify(entries), dataset, iouType, 11))).toEqual(parsed);
    }
  });

  it('reads an entry of many chunks in a time that follows its length', () => {
    const { dataset } = synthetic(1, 'segm');
    const polygon = Array.from({ length: 60_000 }, (_, i) => i % 150);
    const entries = [{ image_id: 10, category_id: 1, score: 0.5, segmentation: [polygon] }];
    const builder = new DetectionBuilder(prepareEvaluation(dataset, { iouType: 'segm' }));
    let tries = 0;
    const begin = builder.fields.begin.bind(builder.fields);
    builder.fields.begin = () => {
      tries++;
      begin();
    };
    const reader = new ResultsReader(builder);
    const bytes = new TextEncoder().encode(JSON.stringify(entries));
    for (let at = 0; at < bytes.length; at += 100) reader.write(bytes.subarray(at, at + 100));
    reader.end();
    expect(builder.build().segmentation!.coords).toEqual(Float64Array.from(polygon));
    expect(tries).toBeLessThan(16);
  });

  it('bounds the number of entries, their length and the size of their masks', () => {
    const { dataset } = synthetic(1, 'segm');
    const entry = { image_id: 10, category_id: 1, score: 0.5 };
    const read = (entries: object[], limits: ResultsLimits): void => {
      const reader = new ResultsReader(new DetectionBuilder(prepareEvaluation(dataset, { iouType: 'segm' })), limits);
      const bytes = new TextEncoder().encode(JSON.stringify(entries));
      for (let at = 0; at < bytes.length; at += 50) reader.write(bytes.subarray(at, at + 50));
      reader.end();
    };
    const string = { ...entry, segmentation: { size: [150, 200], counts: ':14O' } };
    const polygon = { ...entry, segmentation: [[1, 2, 3, 4, 5, 6]] };
    read([string, string, polygon], { entries: 3, maskBytes: 8, maskNumbers: 6, entryBytes: 150 });
    expect(() => read([string, string, string], { entries: 2 })).toThrow(/^Expected at most 2 results but results\[2\] is one more$/);
    expect(() => read([string, string], { maskBytes: 7 })).toThrow(/at most 7 bytes of mask strings but results\[1\] goes beyond/);
    expect(() => read([polygon, polygon], { maskNumbers: 11 })).toThrow(/at most 11 numbers in masks but results\[1\] goes beyond/);
    expect(() => read([string, { ...entry, note: 'x'.repeat(300) }], { entryBytes: 150 })).toThrow(/of at most 150 bytes but results\[1\]/);
  });

  it('parses what JSON.parse parses, and bounds the depth', () => {
    const values = [null, true, [], {}, [1, -2.5, 1e300, 'a"\\\n\u20ac'], { a: { b: [{}, [], ''] }, '': 0 }, '__proto__'];
    for (const value of values) expect(parseJson(new TextEncoder().encode(JSON.stringify(value, null, 2)))).toEqual(value);
    expect(parseJson(new TextEncoder().encode('{"__proto__": {"x": 1}}'))).toEqual(JSON.parse('{"__proto__": {"x": 1}}'));
    expect(() => parseJson(new TextEncoder().encode('['.repeat(100_000)))).toThrow(/at most 64 nested/);
    expect(() => parseJson(new TextEncoder().encode('[1,2,'))).toThrow(/ends at byte 5/);
    expect(() => parseJson(new TextEncoder().encode('[tru]'))).toThrow(/Expected/);
    for (const text of ['[01]', '[1.]', '[-]', '[.5]', '[+1]', '[1.e5]', '[1e]', '[-01.5]', '[0x10]']) {
      expect(() => parseJson(new TextEncoder().encode(text))).toThrow(/^Expected .* at byte \d$/);
      expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    }
    expect(parseJson(new TextEncoder().encode('[0, -0.5, 0e5, 10, 0.0]'))).toEqual([0, -0.5, 0, 10, 0]);
  });

  it('stops before a small text becomes a large value', () => {
    const many = ['[],', '{},', '[1],', '"",', '1.5,', '[[{}]],'];
    for (const unit of many) {
      expect(() => parse(`[${unit.repeat(60_000)}0]`)).toThrow(/^Expected a value of at most 1 MiB but byte \d+ goes beyond$/);
      expect(parse(`[${unit.repeat(1000)}0]`)).toHaveLength(1001);
    }
    const keys = Array.from({ length: 9000 }, (_, i) => `{"k${i}":1}`);
    expect(() => parse(`[${keys.join(',')}]`)).toThrow(/1 MiB/);
  });

  it('no change of a few bytes makes anything but a result or one clear error', () => {
    const r = random(7);
    for (const iouType of ['bbox', 'segm', 'keypoints'] as const) {
      const { dataset, results } = synthetic(12, iouType, 4);
      const text = new TextEncoder().encode(JSON.stringify(iouType === 'segm' ? masks(results) : results));
      for (let i = 0; i < 400; i++) {
        const bytes = text.slice(0, r() < 0.2 ? Math.floor(r() * text.length) : text.length);
        for (let n = 0; n < 1 + 3 * r() && bytes.length > 0; n++)
          bytes[Math.floor(r() * bytes.length)] = Math.floor(r() < 0.5 ? 32 + r() * 95 : r() * 256);
        try {
          const read = stream(bytes, dataset, iouType, 500);
          const same = loadDetections(parseJson(bytes), prepareEvaluation(dataset, { iouType }));
          expect(read.count).toBe(same.count);
          evaluate(dataset, parseJson(bytes) as Result[], { iouType });
        } catch (error) {
          if (!(error instanceof CocoEvalError)) throw error;
          expect(error.message.length).toBeLessThan(300);
        }
      }
    }
  });
});
