import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeImage, encodeLabelPng } from '@vitamin-vlm/image';
import { decodePanopticPng, evaluatePanopticFiles } from 'coco-eval-js/node';
import { describe, expect, it, vi } from 'vitest';
import { alone, type Document, type Image, segmentTests, words } from './segment-support.ts';
import { vitamin } from './support.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const { temporary, run, document, json, fails } = segmentTests();

describe('what it prints', () => {
  it('is a line that says how, then the parts with label, kind, share and score', async () => {
    const { stdout } = await run('segment', 'pictures/a.png', ...words);
    expect(stdout).toMatch(
      /^pictures\/a\.png {2}60x48 {2}FC-CLIP, panoptic: \d+ segments?\n(?: {2}(?:cat|red umbrella|sky) +(?:thing|stuff) +[\d.]+ % {2}score [01]\.\d\d\n)+(?: {2}\(none of these\) .*\n)?$/u,
    );
    const free = await run('segment', 'pictures/a.png', ...alone);
    expect(free.stdout).toMatch(/^pictures\/a\.png {2}60x48 {2}training-free, semantic: (?:(?:cat|red umbrella|sky) [\d.]+ %(?:, |\n))+$/u);
    const none = await run('segment', 'pictures/a.png', ...alone, '--threshold', '1');
    expect(none.stdout).toContain('none of these');
  });

  it('is an object a line with --jsonl, for folders too, and names what is broken', async () => {
    const { stdout, stderr, status } = await run('segment', 'pictures', 'broken.jpg', ...words, '--jsonl');
    expect(status).toBe(3);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Image);
    expect(lines.map(({ file, width }) => [file, width])).toEqual([
      ['pictures/a.png', 60],
      ['pictures/b.png', 80],
      ['pictures/c.png', 100],
    ]);
    expect(stderr).toContain('1 of 4 inputs failed: broken.jpg');
  });
});

describe('-o DIR', () => {
  it('gets the files of every task, which agree with what is printed', async () => {
    const { stdout, stderr, status } = await run(
      'segment',
      'broken.jpg',
      'pictures/b.png',
      'pictures/a.png',
      ...words,
      '--task',
      'all',
      '-o',
      'out',
      '--json',
    );
    expect([status, stderr]).toEqual([3, expect.stringContaining('Wrote 12 files to out')]);
    const own = ['a.json', 'a.overlay.png', 'b.json', 'b.overlay.png'];
    const documents = ['instances.json', 'panoptic', 'panoptic.json', 'semantic', 'semantic.json', 'summary.json'];
    expect((await readdir(temporary('out'))).toSorted()).toEqual([...own, ...documents].toSorted());
    const { images } = JSON.parse(stdout) as Document;
    expect((await json<Document>('out', 'summary.json')).images).toEqual(images);
    const one = await json<Image & { method: string }>('out', 'a.json');
    expect(one).toEqual({ schemaVersion: 1, method: 'fcclip', task: 'all', model: expect.any(Object) as object, ...images[1] });

    const panoptic = await json<{ images: object[]; annotations: { file_name: string; segments_info: { id: number; area: number }[] }[] }>(
      'out',
      'panoptic.json',
    );
    expect(panoptic.images).toEqual([
      { id: 2, width: 80, height: 48, file_name: 'pictures/b.png' },
      { id: 3, width: 60, height: 48, file_name: 'pictures/a.png' },
    ]);
    const path = temporary('out', 'panoptic.json');
    const { result, warnings } = await evaluatePanopticFiles(path, path);
    expect([warnings, result.all.pq]).toEqual([[], 1]);
    const { ids } = decodePanopticPng(await readFile(temporary('out', 'panoptic', 'a.png')), 'a.png');
    for (const { id, area } of panoptic.annotations[1]!.segments_info) expect(ids.filter((value) => value === id).length).toBe(area);

    const names = await json<{ unlabeledValue: number; labels: { id: number; name: string; color: number[] }[] }>('out', 'semantic.json');
    expect([names.unlabeledValue, names.labels.map(({ name }) => name)]).toEqual([255, ['cat', 'red umbrella', 'sky']]);
    const shown = await decodeImage(temporary('out', 'semantic', 'a.png'));
    for (const { id, pixels } of images[1]!.labels!) {
      const [red, green, blue] = names.labels[id]!.color;
      let count = 0;
      for (let i = 0; i < shown.data.length; i += 3) {
        if (shown.data[i] === red && shown.data[i + 1] === green && shown.data[i + 2] === blue) count++;
      }
      expect(count).toBe(pixels);
    }

    const results = await json<{ image_id: number; category_id: number; score: number }[]>('out', 'instances.json');
    expect(results.map(({ image_id: image, score }) => [image, score])).toEqual(
      images.flatMap(({ instances }, i) => instances!.map(({ score }) => [i + 2, score])),
    );
  });

  it('is scored by the metrics that come with it: maps by their names, segments by their ids', async () => {
    await run('segment', 'pictures/a.png', 'pictures/b.png', ...words, '--task', 'all', '-o', 'scored', '-q');
    const { images } = await json<Document>('scored', 'summary.json');
    // In truth everything is what the first picture shows most, of another number than in the answer.
    const { label: most } = images[0]!.labels![0]!;
    await mkdir(temporary('truth'));
    for (const [name, width] of [
      ['a.png', 60],
      ['b.png', 80],
    ] as const) {
      const data = new Uint8Array(width * 48).fill(7);
      await writeFile(temporary('truth', name), await encodeLabelPng({ width, height: 48, data }));
    }
    await writeFile(
      temporary('classes.json'),
      JSON.stringify({
        categories: [
          { id: 7, name: most },
          { id: 9, name: 'sea' },
        ],
      }),
    );
    const flags = ['--gt-folder', 'truth', '--dt-folder', 'scored/semantic', '--gt-classes', 'classes.json', '--json'];
    const semantic = await vitamin(['eval', '--semantic', ...flags], { cwd: temporary() });
    expect([semantic.status, semantic.stderr]).toEqual([
      0,
      expect.stringContaining('2 predicted classes that are not in the ground truth'),
    ]);
    const found = images.reduce((sum, { labels }) => sum + (labels!.find(({ label }) => label === most)?.pixels ?? 0), 0);
    const right = found / (140 * 48);
    expect((JSON.parse(semantic.stdout) as { metrics: object }).metrics).toEqual({ mIoU: right, fwIoU: right, mACC: right, pACC: right });
    const panoptic = await vitamin(['eval', 'scored/panoptic.json', 'scored/panoptic.json', '--panoptic', '--json'], { cwd: temporary() });
    expect([panoptic.status, panoptic.stderr]).toEqual([0, '']);
    expect(JSON.parse(panoptic.stdout)).toMatchObject({ metrics: { PQ: 1, SQ: 1, RQ: 1 }, warnings: [] });
  });

  it('takes numbers as names for ids, and keeps apart what has one name', async () => {
    await mkdir(temporary('coco'));
    await copyFile(temporary('pictures', 'a.png'), temporary('coco', '000000000139.png'));
    await copyFile(temporary('pictures', 'b.png'), temporary('coco', '000000000724.png'));
    await run('segment', 'coco', ...words, '-o', 'numbered');
    const { annotations } = await json<{ annotations: { image_id: number; file_name: string }[] }>('numbered', 'panoptic.json');
    expect(annotations.map(({ image_id: id, file_name: name }) => [id, name])).toEqual([
      [139, '000000000139.png'],
      [724, '000000000724.png'],
    ]);
    await run('segment', 'pictures/a.png', 'pictures/a.png', ...words, '-o', 'twice');
    expect((await readdir(temporary('twice', 'panoptic'))).toSorted()).toEqual(['a-2.png', 'a.png']);
    expect((await json<{ annotations: { image_id: number }[] }>('twice', 'panoptic.json')).annotations.map((one) => one.image_id)).toEqual([
      1, 2,
    ]);
  });

  it('gets label maps and a summary from a tower alone', async () => {
    const { status, stdout } = await run('segment', 'pictures/a.png', 'pictures/b.png', ...alone, '-o', 'free', '-q');
    expect(status).toBe(0);
    const names = [
      'a.json',
      'a.overlay.png',
      'b.json',
      'b.overlay.png',
      'semantic.json',
      'semantic/a.png',
      'semantic/b.png',
      'summary.json',
    ];
    expect(stdout.trim().split('\n').toSorted()).toEqual(names.map((name) => join('free', name)));
    const again = await run('segment', 'pictures/a.png', ...alone, '-o', 'free');
    expect(again.stderr).toMatch(
      /free\/summary\.json exists: writing summary-2\.json; --force overwrites\n(?:.*\n)*Wrote 5 files to free\n$/u,
    );
    expect(await readdir(temporary('free', 'semantic'))).toContain('a-2.png');
  });

  it('gets outlines for other programs by --format', async () => {
    const formats = ['--format', 'geojson,labelme,label-studio,cvat'];
    const { status } = await run('segment', 'pictures/a.png', 'pictures/b.png', ...words, ...formats, '-o', 'outlines', '-q');
    expect(status).toBe(0);
    const { segments } = await json<Image>('outlines', 'a.json');
    const geojson = await json<{ features: { properties: { label: string } }[] }>('outlines', 'geojson', 'a.geojson');
    expect(geojson.features.map(({ properties }) => properties.label)).toEqual(segments!.map(({ label }) => label));
    expect(await json('outlines', 'labelme', 'a.json')).toMatchObject({ imagePath: '../../pictures/a.png', imageWidth: 60 });
    const tasks = await json<{ data: { image: string } }[]>('outlines', 'label-studio.json');
    expect(tasks.map((task) => task.data.image)).toEqual(['pictures/a.png', 'pictures/b.png']);
    const cvat = await readFile(temporary('outlines', 'cvat.xml'), 'utf8');
    expect(cvat).toMatch(
      /^<\?xml version="1\.0" encoding="utf-8"\?>\n<annotations>[\s\S]*<image id="1" name="pictures\/b\.png"[\s\S]*<\/annotations>\n$/u,
    );
    await fails(
      ['pictures/a.png', ...words, '--format', 'coco', '-o', 'outlines'],
      2,
      /geojson, labelme, label-studio, cvat but received coco/u,
    );
    await fails(['pictures/a.png', ...words, '--format', 'cvat'], 2, /Expected -o DIR/u);
  });

  it('is needed for files', async () => {
    const before = await readdir(temporary());
    await run('segment', 'pictures/a.png', ...words);
    expect(await readdir(temporary())).toEqual(before);
  });
});

describe('--encoding', () => {
  it('asks what encode --for segment has kept, with the same answer', async () => {
    const kept = await run('encode', 'pictures/a.png', '--for', 'segment', '-o', 'a2.safetensors', '--json');
    expect(JSON.parse(kept.stdout)).toMatchObject({ width: 60, height: 48, encoding: 'a2.safetensors', masks: 10 });
    const picture = await document('pictures/a.png', ...words, '--task', 'all');
    const encoding = await document('--encoding', 'a2.safetensors', ...words, '--task', 'all');
    expect(encoding.images).toEqual([{ ...picture.images[0], file: 'a2.safetensors' }]);
    const beside = await run('segment', 'pictures/a.png', '--encoding', 'a.safetensors', ...words, '-o', 'kept');
    expect([beside.status, await readdir(temporary('kept'))]).toEqual([0, expect.arrayContaining(['a.overlay.png'])]);
    const lone = await run('segment', '--encoding', 'a.safetensors', ...words, '-o', 'lone');
    expect([lone.status, lone.stderr]).toEqual([0, expect.stringContaining('no overlay')]);
    await run('encode', 'pictures/a.png', '--model', 'model', '-o', 'tower.safetensors');
    expect(await document('--encoding', 'tower.safetensors', ...alone)).toMatchObject({ method: 'training-free' });
    await fails(['--encoding', 'tower.safetensors', ...words, '--task', 'instance'], 2, /tower\.safetensors holds what a tower alone/u);
  });

  it('refuses those of other pictures, ways and segmenters, and files that are none', async () => {
    await fails(['pictures/b.png', '--encoding', 'a.safetensors'], 2, /Expected the picture of the encoding, 60x48/u);
    await fails(['--encoding', 'a.safetensors', '--tier', 'fast'], 4, /recipe\.stride 32 but found 16/u);
    await fails(['--encoding', 'a.safetensors', '--pos-embed', 'skip'], 4, /recipe\.posEmbed "skip" but found "add"/u);
    await fails(['--encoding', 'a.safetensors', '--model', 'nano', '--tower', 'nano'], 4, /WEIGHTS_MISMATCH/u);
    await fails(['--encoding', 'pictures/a.png'], 3, /vitamin encode --for segment/u);
    await fails(['--encoding', 'none.safetensors'], 3, /none\.safetensors/u);
  });
});
