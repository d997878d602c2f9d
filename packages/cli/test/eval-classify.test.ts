import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeNpy } from '@vitamin-vlm/checkpoint';
import { tensor } from '@vitamin-vlm/core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { writeTar } from './made-tar.ts';
import { inTemporaryFolder, type Run, writeBrokenPicture, writePicture, writeTinyModel } from './support.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** `vitamin eval classify` and `eval suite` with a model of random weights, on pictures whose classes are what it finds, but for one. */
const { temporary, run } = inTemporaryFolder();
const classes = ['cat', 'red umbrella', 'bus', 'tree', 'dog', 'sky'];
const PICTURES = 7;
const targets: number[] = [];
const words = { 'classnames.txt': `${classes.join('\n')}\n`, 'zeroshot_classification_templates.txt': 'a {c}.\nart of the {c}.\n' };

async function metricsOf(folder: string): Promise<Record<string, number | null>> {
  return JSON.parse(await readFile(temporary(folder, 'metrics.json'), 'utf8')) as Record<string, number | null>;
}

async function writeWords(folder: string): Promise<void> {
  for (const [name, text] of Object.entries(words)) await writeFile(join(folder, name), text);
}

beforeAll(async () => {
  await writeTinyModel(temporary('model'));
  await mkdir(temporary('flat'));
  for (let i = 0; i < PICTURES; i++) await writePicture(temporary('flat', `${i}.png`), 40, 30, 3 * i + 1);
  await writeFile(temporary('labels.txt'), classes.join('\n'));
  const found = await run('classify', 'flat', '--labels-file', 'labels.txt', '--templates', 'a {}.', '--top', '1', '--json');
  const { images } = JSON.parse(found.stdout) as { images: { labels: { label: string }[] }[] };
  targets.push(...images.map(({ labels }) => classes.indexOf(labels[0]!.label)));
  targets[0] = (targets[0]! + 1) % classes.length;

  // The same pictures as folders (in the order of the classes' names there) and as a webdataset.
  for (const [i, name] of classes.entries())
    await mkdir(temporary('folders', 'val', `${i}_${name.replaceAll(' ', '_')}`), { recursive: true });
  for (const [i, target] of targets.entries()) {
    await cp(temporary('flat', `${i}.png`), temporary('folders', 'val', `${target}_${classes[target]!.replaceAll(' ', '_')}`, `${i}.png`));
  }
  await mkdir(temporary('wds_geode_test', 'test'), { recursive: true });
  await writeWords(temporary('wds_geode_test'));
  const samples = await Promise.all(
    targets.map(async (target, i) => {
      const region = encodeNpy(tensor('int64', [2], BigInt64Array.of(BigInt(i % 2), 0n)));
      return [
        [`s${i}.cls`, String(target)],
        [`s${i}.npy`, region],
        [`s${i}.png`, await readFile(temporary('flat', `${i}.png`))],
      ] as const;
    }),
  );
  await writeTar(temporary('wds_geode_test', 'test', '0.tar'), samples.slice(0, 4).flat());
  await writeTar(temporary('wds_geode_test', 'test', '1.tar'), samples.slice(4).flat());
});

const classify = async (dataset: string, out: string, ...more: string[]): Promise<Run> =>
  await run('eval', 'classify', '--dataset', dataset, '-o', out, ...more);

/** A list as Python prints it, in a CSV file. */
const quoted = (list: readonly string[]): string => `"[${list.map((name) => `'${name}'`).join(', ')}]"`;

describe('eval classify', () => {
  it('gives the same numbers for a webdataset and for folders of the same pictures', async () => {
    const tar = await classify('wds_geode_test', 'tar', '--templates', 'a {}.');
    expect([tar.status, tar.stderr]).toEqual([0, '']);
    expect(tar.stdout).toMatch(/^GeoDE: 7 samples, 6 classes\n(?:.*\n)*acc_wg \* +\d/u);
    const metrics = await metricsOf('tar');
    expect(metrics['acc1']).toBeCloseTo(6 / 7, 14);
    expect(metrics).toMatchObject({ main: 3 / 4, acc_wg: 3 / 4, acc5: expect.any(Number) as number });
    // Folders without a picture are no classes: all names are given.
    const used = classes.filter((_, i) => targets.includes(i));
    await writeFile(temporary('folders', 'classnames.txt'), used.join('\n'));
    const folders = await classify('folders', 'by-folder', '--templates', 'a {}.');
    expect([folders.status, folders.stderr]).toEqual([0, '']);
    expect((await metricsOf('by-folder'))['acc1']).toBeGreaterThanOrEqual(6 / 7);
    expect((await metricsOf('by-folder'))['main']).toBe((await metricsOf('by-folder'))['acc1']);
  });

  it("asks with the data set's own sentences, and tells what the results depend on", async () => {
    expect((await classify('wds_geode_test', 'own')).status).toBe(0);
    const { settings, total } = JSON.parse(await readFile(temporary('own', 'run.json'), 'utf8')) as { settings: object; total: number };
    expect(total).toBe(PICTURES);
    expect(settings).toMatchObject({
      task: 'classify',
      data: { name: 'fairness/geode', kind: 'classify', samples: PICTURES, classes: 6 },
      words: { classes, prompts: ['a {}.', 'art of the {}.'] },
    });
    const other = await classify('wds_geode_test', 'own', '--templates', 'simple');
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('Expected settings.words.prompts to be')]);
  });

  it('merges shards to the same bytes, from wherever the data set is', async () => {
    for (const i of [1, 2]) expect((await classify('wds_geode_test', `part-${i}`, '--shard', `${i}/2`)).status).toBe(0);
    await cp(temporary('wds_geode_test'), temporary('moved', 'geode'), { recursive: true });
    const merged = await run('eval', 'merge', 'part-1', 'part-2', '-o', 'merged', '--root', 'moved/geode');
    expect([merged.status, await metricsOf('merged')]).toEqual([0, await metricsOf('own')]);
    for (const name of ['results.jsonl', 'run.json'])
      expect(await readFile(temporary('merged', name), 'utf8')).toBe(await readFile(temporary('own', name), 'utf8'));
  });

  it('counts a broken picture as a wrong answer', async () => {
    await cp(temporary('folders'), temporary('hurt'), { recursive: true });
    const target = targets[1]!;
    await writeBrokenPicture(temporary('hurt', 'val', `${target}_${classes[target]!.replaceAll(' ', '_')}`, '1.png'));
    const { status, stderr } = await classify('hurt', 'broken', '--templates', 'a {}.');
    expect([status, stderr]).toEqual([3, expect.stringMatching(/1 without a result, .*1\.png/u)]);
    expect((await metricsOf('broken'))['acc1']).toBeCloseTo((await metricsOf('by-folder'))['acc1']! - 1 / 7, 14);
  });

  it('measures retrieval by captions, as vitamin retrieve does', async () => {
    await mkdir(temporary('flickr30k', 'test'), { recursive: true });
    const captions = targets.map((target, i) => [`a ${classes[target]}`, `picture ${i}`]);
    const samples = await Promise.all(
      captions.map(
        async (lines, i) =>
          [
            [`s${i}.png`, await readFile(temporary('flat', `${i}.png`))],
            [`s${i}.txt`, lines.join('\n')],
          ] as const,
      ),
    );
    await writeTar(temporary('flickr30k', 'test', '0.tar'), samples.flat());
    const { status } = await classify('flickr30k', 'retrieval');
    await writeFile(temporary('captions.json'), JSON.stringify(Object.fromEntries(captions.map((lines, i) => [`${i}.png`, lines]))));
    const peer = JSON.parse((await run('retrieve', 'flat', '--captions', 'captions.json', '--json')).stdout) as {
      imageRetrieval: Record<string, number>;
      textRetrieval: Record<string, number>;
    };
    const metrics = await metricsOf('retrieval');
    expect(status).toBe(0);
    for (const k of [1, 5, 10]) {
      expect(metrics[`image_retrieval_recall@${k}`]).toBe(peer.imageRetrieval[k]);
      expect(metrics[`text_retrieval_recall@${k}`]).toBe(peer.textRetrieval[k]);
    }
    expect(metrics['main']).toBe((peer.imageRetrieval[1]! + peer.textRetrieval[1]!) / 2);
  });

  it('measures associations as WinoGAViL asks for them', async () => {
    await mkdir(temporary('winogavil', 'images'), { recursive: true });
    for (let i = 0; i < PICTURES; i++) await cp(temporary('flat', `${i}.png`), temporary('winogavil', 'images', `p ${i}.jpg`));
    const names = Array.from({ length: 6 }, (_, i) => `p ${i}`);
    const rows = [`0,Zoo,${quoted(names)},6,${quoted(names)}`, `1,apple,${quoted(names.slice(0, 5))},1,${quoted(['p 6'])}`];
    await writeFile(temporary('winogavil', 'test.csv'), `id,cue,associations,num_associations,candidates\n${rows.join('\n')}\n`);
    expect((await classify('winogavil', 'wino')).status).toBe(0);
    // All six of six are chosen; of five associations and one candidate, which is none of them, nothing is right.
    expect(await metricsOf('wino')).toMatchObject({ main: null, avg_jaccard_score: 0.5, 'jaccard_score_5-6': 0.5 });
  });
});

describe('eval suite', () => {
  it('runs a list, goes on where it stopped, and prints the averages', async () => {
    await mkdir(temporary('sets'));
    await rename(temporary('flickr30k'), temporary('sets', 'flickr30k'));
    await cp(temporary('wds_geode_test'), temporary('sets', 'imagenet1k'), { recursive: true });
    await writeFile(
      temporary('suite.json'),
      JSON.stringify([
        'sets/imagenet1k',
        'sets/flickr30k',
        { dataset: 'folders', name: 'my set', templates: 'a {}.', metric: 'mean_per_class_recall' },
      ]),
    );
    const suite = await run('eval', 'suite', 'suite.json', '-o', 'suite');
    expect(suite.status).toBe(0);
    expect(suite.stdout).toMatch(
      /^ImageNet 1k +acc1 +[\d.]+\nFlickr +mean_recall@1 +[\d.]+\nmy set +mean_per_class_recall +[\d.]+\n\naverage +3 data sets/mu,
    );
    expect(suite.stdout).toMatch(/^dist_shift +0 of 6 run +-$/mu);
    const metrics = await metricsOf('suite');
    const { acc1 } = await metricsOf('suite/ImageNet-1k');
    expect(metrics).toMatchObject({ imagenet: acc1, avg38: null, vtab: null, 'ImageNet 1k': acc1 });
    expect(metrics['average']).toBeCloseTo((acc1! + metrics['Flickr']! + metrics['my set']!) / 3, 14);
    const again = await run('eval', 'suite', 'suite.json', '-o', 'suite', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({
      task: 'suite',
      metrics,
      datasets: [{ name: 'ImageNet 1k', key: 'imagenet1k' }, {}, {}],
    });
    await writeFile(temporary('lines.txt'), '# mine\nsets/imagenet1k\nsets/flickr30k # captions\n');
    expect((await run('eval', 'suite', 'lines.txt', '-o', 'lines')).status).toBe(0);
    expect(await metricsOf('lines')).toMatchObject({ imagenet: acc1, Flickr: metrics['Flickr'] });
  });

  it('is refused before anything is run', async () => {
    const cases = {
      '["nowhere"]': [3, 'Expected a data set at'],
      '["sets/imagenet1k", "wds_imagenet1k_test/../sets/imagenet1k"]': [2, 'twice'],
      '[{"name": "x"}]': [2, 'entry 1'],
      '{': [2, 'as JSON'],
      '': [2, 'Expected data sets in'],
    } as const;
    for (const [text, [status, message]] of Object.entries(cases)) {
      await writeFile(temporary('bad.json'), text);
      const refused = await run('eval', 'suite', 'bad.json', '-o', 'bad');
      expect([refused.status, refused.stderr]).toEqual([status, expect.stringContaining(message)]);
    }
  });
});
