import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COCO } from '../src/coco/coco.ts';
import { COCOeval } from '../src/coco/coco-eval.ts';
import { evaluate } from '../src/coco/evaluate.ts';
import type { Dataset, Result } from '../src/coco/types.ts';
import { readDataset } from '../src/node/files.ts';
import { matchShard, reduceShards } from '../src/shards/shard.ts';
import { parseShard, serializeShard } from '../src/shards/shard-bytes.ts';
import { AP, each, failure, folder, groundTruth, results, run } from './foreign.ts';

/** The two files with other ids in some fields, as text. */
function renumbered(fields: readonly string[], id: (n: number) => string): [gt: string, dt: string] {
  const text = (value: unknown, as?: string): string =>
    JSON.stringify(value).replaceAll(/"(id|image_id|category_id)":(\d+)/g, (_, name: string, n: string) => {
      return `"${name}":${fields.includes(as ?? name) ? id(Number(n)) : n}`;
    });
  const { images, annotations, categories } = groundTruth();
  const lists = `"annotations":${text(annotations)},"images":${text(images, 'image_id')},"categories":${text(categories, 'category_id')}`;
  return [`{${lists}}`, text(results())];
}

const big = (n: number): string => String(2n ** 60n + BigInt(n));

describe('ids', () => {
  const ways: [string, (n: number) => string][] = [
    ['beyond 2^53', big],
    ['beyond 2^64 and negative', (n) => String(-(2n ** 64n) - BigInt(n))],
    ['text', (n) => `"frame_${n}"`],
    ['text of digits', (n) => `"00${n}"`],
    ['text beyond ASCII', (n) => `"câ${n}"`],
  ];
  it.each(ways)('%s are evaluated as pycocotools does, none merged with another', async (_name, id) => {
    for (const fields of [['image_id'], ['category_id'], ['id', 'image_id', 'category_id']]) {
      const { metrics, warnings } = await run(...renumbered(fields, id));
      expect([metrics['AP'], warnings]).toEqual([AP, []]);
    }
  });

  it('come back as they are in the files, and can be chosen', async () => {
    const [gt, dt] = renumbered(['image_id', 'category_id'], (n) => `"x${n}"`);
    const evaluation = await run(gt, dt);
    expect(evaluation.params.imgIds.map((key) => evaluation.idOf(key))).toEqual(['x1', 'x2', 'x3']);
    expect(evaluation.perCategory().map(({ id, name }) => [id, name])).toEqual([
      ['x1', 'cat'],
      ['x2', 'dog'],
    ]);
    expect(evaluation.imageMatches('x1', 'x2')).toMatchObject({ image_id: 'x1', category_id: 'x2', gtIds: [2], dtIds: [2] });
    expect(evaluation.slice(({ id }) => id === 'x3').images).toBe(1);
    const chosen = await run(gt, dt, { imgIds: ['x3', 'x1'], catIds: ['x2'] });
    const [plain, detections] = [groundTruth(), results()];
    expect(chosen.stats).toEqual((await run(plain, detections, { imgIds: [3, 1], catIds: [2] })).stats);
    const large = await run(...renumbered(['category_id'], big));
    expect(large.perCategory().map(({ id }) => id)).toEqual([big(1), big(2)]);
    expect(JSON.parse(JSON.stringify(large))).toMatchObject({ perCategory: [{ id: big(1) }, { id: big(2) }] });
  });

  it('work in the class of pycocotools, in shards, and in objects that were read exactly', async () => {
    const [gt, dt] = renumbered(['id', 'image_id', 'category_id'], big);
    writeFileSync(join(folder, 'big.json'), gt);
    const dataset = await readDataset(join(folder, 'big.json'));
    const list = results().map((result) => ({
      ...result,
      image_id: BigInt(big(result['image_id'] as number)),
      category_id: BigInt(big(result['category_id'] as number)),
    })) as unknown as Result[];
    const cocoGt = new COCO(dataset);
    const cocoEval = new COCOeval(cocoGt, cocoGt.loadRes(list), 'bbox');
    cocoEval.evaluate();
    cocoEval.accumulate();
    cocoEval.summarize();
    expect([cocoEval.stats[0], cocoEval.params.imgIds[0]]).toEqual([AP, BigInt(big(1))]);
    const shards = [0, 1].map((index) => parseShard(serializeShard(matchShard(dataset, list, { iouType: 'bbox', index, count: 2 }))));
    const reduced = reduceShards(shards, dataset);
    expect(reduced.stats).toEqual((await run(gt, dt)).stats);
    expect(reduced.perCategory()[0]).toMatchObject({ id: big(1), name: 'cat' });
  });

  it('that JavaScript has rounded are refused, with the way out', () => {
    const dataset = JSON.parse(renumbered(['image_id'], big)[0]) as Dataset;
    expect(() => evaluate(dataset, [])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('readDataset') as string }) as Error,
    );
  });

  it('that differ in their quotes, or are file names, say so', async () => {
    const quoted = each(results(), (entry) => (entry['image_id'] = String(entry['image_id'])));
    expect((await failure(groundTruth(), quoted)).hint).toBe('The annotation file has the number 1: write it without quotes.');
    const texts = groundTruth();
    for (const entry of texts.images) entry['id'] = String(entry['id']);
    for (const entry of texts.annotations) entry['image_id'] = String(entry['image_id']);
    expect((await failure(texts, results())).hint).toBe('The annotation file has the text "1": write it in quotes.');
    const categories = each(results(), (entry) => (entry['category_id'] = String(entry['category_id'])));
    expect((await failure(groundTruth(), categories)).message).toMatch(/"category_id" in results\[0\] but received "1"/);
    const names = each(results(), (entry) => (entry['image_id'] = `im${entry['image_id'] as number}.jpg`));
    expect((await failure(groundTruth(), names)).hint).toMatch(/the "file_name" of the image with id 1/);
  });
});
