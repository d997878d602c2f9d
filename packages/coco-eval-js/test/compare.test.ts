import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { main } from '../src/cli/main.ts';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Evaluation } from '../src/coco/evaluation.ts';
import type { Dataset, Result } from '../src/coco/types.ts';
import { drawWeights, intervalOf, random } from '../src/compare/bootstrap.ts';
import { compareEvaluations } from '../src/compare/compare.ts';
import { planMetrics, valueOf } from '../src/compare/metrics.ts';
import { Resampler } from '../src/compare/resample.ts';
import { evaluateLvis } from '../src/lvis/evaluate-lvis.ts';
import { parseSplit } from '../src/splits/split.ts';
import { synthetic } from './synthetic.ts';

/** Every metric that is drawn again, for images of these weights. */
function drawn(evaluation: Evaluation, weights: Int32Array): Record<string, number> {
  const classes = evaluation.table.dtCategory.length - 1;
  return Object.fromEntries(
    planMetrics(evaluation, undefined).flatMap(({ name, request }) => {
      if (!request) return [];
      const size = classes * evaluation.table.thresholds;
      const numbers = { ap: new Float64Array(size), recall: new Float64Array(size) };
      new Resampler(evaluation, request.area).draw(weights, numbers);
      return [[name, valueOf(request, numbers, classes)]];
    }),
  );
}

/** Distinct scores: copies of an image then stand behind each other in every order. */
function distinct(results: readonly Result[]): Result[] {
  return results.map((result, i) => ({ ...result, score: result.score + i * 1e-6 }));
}

/** The data set in which each image stands as often as its weight says. */
function copied({ dataset, results }: { dataset: Dataset; results: readonly Result[] }, weights: Int32Array): [Dataset, Result[]] {
  const order = dataset.images.map(({ id }) => Number(id)).toSorted((a, b) => a - b);
  const ids = new Map(order.map((id, i) => [id, Array.from({ length: weights[i]! }, (_, n) => 100 * id + n)]));
  const each = <T extends { readonly image_id: unknown }>(list: readonly T[]): T[] =>
    list.flatMap((entry) => ids.get(Number(entry.image_id))!.map((id) => ({ ...entry, image_id: id })));
  const images = dataset.images.flatMap((image) => ids.get(Number(image.id))!.map((id) => ({ ...image, id })));
  const annotations = each(dataset.annotations).map((annotation, i) => ({ ...annotation, id: i + 1 }));
  return [{ ...dataset, images, annotations }, each(results)];
}

function expectSame(evaluation: Evaluation, again: Record<string, number>): void {
  for (const [name, value] of Object.entries(again)) {
    const wanted = evaluation.metrics[name]!;
    if (wanted === -1) expect([name, value]).toEqual([name, NaN]);
    else expect([name, value]).toEqual([name, expect.closeTo(wanted, 12)]);
  }
}

describe('numbers of weighted images', () => {
  it('are those of the evaluation when every image counts once', () => {
    for (const seed of [1, 2, 3]) {
      const { dataset, results } = synthetic(seed, 'bbox');
      const whole = new Int32Array(dataset.images.length).fill(1);
      const evaluation = evaluate(dataset, results, { iouType: 'bbox' });
      const again = drawn(evaluation, whole);
      expect(Object.keys(again)).toEqual(['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR@100', 'ARs', 'ARm', 'ARl']);
      expectSame(evaluation, again);
      const lvis = evaluateLvis(dataset, results, { iouType: 'bbox' });
      const rare = drawn(lvis, whole);
      expect(Object.keys(rare)).toContain('APr');
      expectSame(lvis, rare);
    }
    // 40 thresholds take two words.
    const { dataset, results } = synthetic(4, 'bbox');
    const iouThrs = Array.from({ length: 40 }, (_, i) => 0.3 + i / 60);
    const evaluation = evaluate(dataset, results, { iouType: 'bbox', iouThrs });
    expectSame(evaluation, drawn(evaluation, new Int32Array(dataset.images.length).fill(1)));
  });

  it('are those of an evaluation in which images stand several times or not at all', () => {
    for (const seed of [5, 6, 7]) {
      const { dataset, results } = synthetic(seed, 'bbox');
      const data = { dataset, results: distinct(results) };
      const evaluation = evaluate(dataset, data.results, { iouType: 'bbox', mode: 'fixed' });
      const weights = new Int32Array(dataset.images.length);
      drawWeights(random(seed), weights);
      expect(weights.reduce((a, b) => a + b, 0)).toBe(weights.length);
      expect(new Set(weights).size).toBeGreaterThan(2);
      expectSame(evaluate(...copied(data, weights), { iouType: 'bbox', mode: 'fixed' }), drawn(evaluation, weights));
    }
  });
});

describe('intervals', () => {
  it('are percentiles, as numpy makes them', () => {
    // numpy.percentile([1, 2, 3, 4, 10], [10, 90]) = [1.4, 7.6]
    expect(intervalOf(Float64Array.of(4, 1, NaN, 3, 10, 2), 0.8)).toEqual({ low: 1.4, high: expect.closeTo(7.6, 12) as number, above: 1 });
    expect(intervalOf(Float64Array.of(-1, 0, 1, 2), 0.5)!.above).toBe(0.625);
    expect(intervalOf(Float64Array.of(NaN), 0.9)).toBeNull();
  });

  it('hold nothing but 0 for the same results, and leave it for much better ones', () => {
    const { dataset, results } = synthetic(8, 'bbox', 60);
    const options = { iouType: 'bbox' } as const;
    const perfect = dataset.annotations.map(({ image_id, category_id, bbox }) => ({ image_id, category_id, bbox: bbox!, score: 1 }));
    const evaluations = [results, results, perfect].map((own) => evaluate(dataset, own, options));
    const { metrics, perCategory } = compareEvaluations(evaluations, { samples: 200 });
    const ap = metrics[0]!;
    expect(ap.values).toEqual(evaluations.map((evaluation) => evaluation.metrics['AP']));
    expect(ap.differences[0]).toEqual({ value: 0, interval: { low: 0, high: 0, above: 0.5 } });
    const better = ap.differences[1]!;
    expect(better.value).toBe(ap.values[2]! - ap.values[0]!);
    expect(better.interval!.low).toBeGreaterThan(0);
    expect(better.interval!.low).toBeLessThan(better.value!);
    expect(better.interval!.high).toBeGreaterThan(better.value!);
    expect(metrics.find(({ name }) => name === 'AR@1')!.differences[1]!.interval).toBeNull();
    expect(perCategory.map(({ id }) => id)).toEqual(evaluations[0]!.params.catIds);
    expect(perCategory[0]!.differences[1]!.interval!.above).toBe(1);
    // The same seed, the same bytes; another seed, others.
    const again = (seed: number): string => JSON.stringify(compareEvaluations(evaluations, { samples: 50, seed }));
    expect(again(3)).toBe(again(3));
    expect(again(3)).not.toBe(again(4).replace('"seed":4', '"seed":3'));
  });

  it('compares the groups of a split', () => {
    const { dataset, results } = synthetic(9, 'bbox', 40);
    const split = parseSplit({ base: [dataset.categories[0]!.id as number], novel: [dataset.categories[1]!.id as number] }, dataset);
    const evaluation = evaluate(dataset, results, { iouType: 'bbox', catIds: Object.values(split.groups).flat() });
    const { metrics } = compareEvaluations([evaluation, evaluation], { samples: 20, split });
    expect(metrics.slice(-6).map(({ name }) => name)).toEqual(['AP50_base', 'AP_base', 'AP50_novel', 'AP_novel', 'AP50_all', 'AP_all']);
    expect(metrics.at(-1)!.values[0]).toBeCloseTo(evaluation.metrics['AP']!, 12);
    expect(metrics.at(-1)!.differences[0]!.interval).toEqual({ low: 0, high: 0, above: 0.5 });
  });

  it('refuses what cannot be compared', () => {
    const { dataset, results } = synthetic(10, 'bbox');
    const [a, b] = [evaluate(dataset, results, { iouType: 'bbox' }), evaluate(dataset, results, { iouType: 'bbox', maxDets: [5] })];
    expect(() => compareEvaluations([a])).toThrow('two evaluations or more but received 1');
    expect(() => compareEvaluations([a, a, b])).toThrow('that at 2 differs');
    for (const options of [{ samples: -1 }, { samples: 1.5 }, { seed: 0.5 }, { confidence: 1 }, { confidence: 95 }, { samples: 1e9 }])
      expect(() => compareEvaluations([a, a], options)).toThrow(/^Expected/);
    const stop = new AbortController();
    stop.abort();
    expect(() => compareEvaluations([a, a], { signal: stop.signal })).toThrow('Aborted');
  });
});

async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const status = await main(args, { stdout, stderr, version: '1' });
  return { status, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

describe('coco-eval compare', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coco-eval-compare-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const { dataset, results } = synthetic(11, 'bbox', 30);
  const write = (name: string, value: unknown): string => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    return join(folder, name);
  };
  const [gt, a, b] = [write('gt.json', dataset), write('a.json', results), write('b.json', results.slice(0, -5))];

  it('prints differences, writes a document, lines and one page', async () => {
    const { out, err, status } = await run('compare', gt, a, b, '--bootstrap', '50', '--report', folder, '--title', 'A < B');
    expect(status).toBe(0);
    expect(out).toMatch(/^metric +a +b +difference +95 % interval\nAP +0\.\d{3} +0\.\d{3} +[-+]?0\.\d{3} +\[/);
    expect(out).toContain('Differences from a; intervals of 50 paired resamples of the images.');
    expect(err).toContain('compare.html');
    const html = readFileSync(join(folder, 'compare.html'), 'utf8');
    expect(html).toContain('<h1>A &#60; B</h1>');
    for (const title of ['Precision and recall', 'Differences', 'Classes', 'Parameters']) expect(html).toContain(`<h2>${title}</h2>`);
    expect(html.match(/class="curve"/g)).toHaveLength(4);
    const document = JSON.parse((await run('compare', gt, a, b, '--bootstrap', '50', '--json')).out) as {
      models: unknown;
      bootstrap: unknown;
      metrics: Record<string, { values: number[]; differences: { value: number; interval: unknown }[] }>;
      perCategory: unknown[];
    };
    expect(document.models).toEqual([
      { name: 'a', results: a },
      { name: 'b', results: b },
    ]);
    expect(document.bootstrap).toEqual({ samples: 50, seed: 1, confidence: 0.95 });
    const alone = JSON.parse((await run(gt, b, '--json')).out) as { metrics: Record<string, number> };
    expect(document.metrics['AP']!.values[1]).toBe(alone.metrics['AP']);
    expect(document.perCategory).toHaveLength(dataset.categories.length);
    const lines = (await run('compare', gt, a, b, '--bootstrap', '0', '--csv', '--per-class')).out.trimEnd().split('\n');
    expect(lines[0]).toBe('id,category,objects,a,b,b difference,b low,b high,b above');
    expect(lines).toHaveLength(dataset.categories.length + 1);
  });

  it('names files apart, and explains wrong flags', async () => {
    const twin = await run('compare', gt, a, a, '--bootstrap', '0');
    expect(twin.out.split('\n')[0]).toContain(a);
    const cases: [string[], string][] = [
      [['compare', gt, a], 'Expected three files or more'],
      [['compare', gt, a, b, '--tide'], 'It belongs to coco-eval GT.json DT.json.'],
      [['compare', gt, a, b, '--bootstrap', 'x'], 'whole number for --bootstrap'],
      [['compare', gt, a, b, '--confidence', '95'], 'between 0 and 1'],
      [[gt, a, '--seed', '1'], 'It belongs to coco-eval compare.'],
    ];
    for (const [args, message] of cases) {
      const { status, err, out } = await run(...args);
      expect(err).toContain(message);
      expect([status, out]).toEqual([2, '']);
    }
    expect((await run('compare', gt, a, gt)).err).toContain('gt.json');
  });
});
