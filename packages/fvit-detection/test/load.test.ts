import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pooledHead, vitaminSizes, vitaminTrunk } from '@vitamin-vlm/backbone';
import { openCheckpoint, writeSafetensors, writeTorchArchive } from '@vitamin-vlm/checkpoint';
import { sizeOf, type Tensor, tensor } from '@vitamin-vlm/core';
import { Graph, Parameters } from '@vitamin-vlm/graph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { declaredHeads, type FVitConfig, inferFVitConfig, openDetector, saveDetector } from '../src/index.ts';
import { publishedSettings } from '../src/load/families.ts';
import { lvisRareIds } from '../src/load/lvis-rare.data.ts';
import { headTensors, tinyClip, tinyDetector } from './support/tiny-detector.ts';

const classes = ['cat', 'dog', 'red umbrella', 'bus', 'tree'];
let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fvit-load-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes a detector with some tensors changed, and opens it. */
async function openChanged(change: (tensors: Map<string, Tensor>) => void, metadata = { classes }): Promise<unknown> {
  const tensors = tinyDetector(false);
  change(tensors);
  await saveDetector(at('changed.pth'), tensors, metadata);
  return await openDetector(at('changed.pth'), { cacheDir: false });
}

function widen(tensors: Map<string, Tensor>): void {
  tensors.set('neck.lateral_convs.2.conv.weight', tensor('float32', [8, 65, 1, 1]));
}

describe('the published sizes', () => {
  const large = { channels: [160, 320, 1024, 1024], width: 256, hidden: 768, embedDim: 768 } as const;
  const families: [string, FVitConfig, number, number, number][] = [
    // Published layout: keys in all, trainable tensors of the heads, and how many numbers those hold.
    ['OV-COCO', { ...large, classes: 65, rpnNorm: false, masks: false }, 665, 65, 19_399_446],
    ['OV-LVIS', { ...large, classes: 1203, rpnNorm: true, masks: true }, 701, 83, 22_899_081],
  ];

  it.each(families)('%s has the keys and parameters of the original', (_, config, keys, trainable, parameters) => {
    const graph = new Graph('tower');
    const declared = new Parameters(graph);
    const visual = declared.root.at('visual');
    const { blocks } = vitaminTrunk(visual.at('trunk'), graph.input('image', 'float32', [1, 3, 336, 336]), vitaminSizes.large);
    pooledHead(visual, blocks.at(-1)!, 768);
    const tower = [...declared.declared.values()];
    expect(tower.reduce((sum, shape) => sum + sizeOf(shape), 0)).toBe(333_568_928);

    const heads = [...declaredHeads(config)];
    const norms = heads.filter(([name]) => name.endsWith('.running_var')).length;
    expect(tower.length + heads.length + norms).toBe(keys); // each norm has a counter as well
    const learned = heads.filter(([name]) => !/running_|all_embeddings/u.test(name));
    expect([learned.length, learned.reduce((sum, [, shape]) => sum + sizeOf(shape), 0)]).toEqual([trainable, parameters]);
    expect(inferFVitConfig(new Map(heads.map(([name, shape]) => [name, { shape }])))).toEqual(config);
  });

  it("EVA-CLIP's small tower on OV-LVIS has a weight of its own for novel classes", () => {
    const settings = [publishedSettings('ov-lvis', 16), publishedSettings('ov-lvis', 14), publishedSettings('ov-lvis', undefined)];
    expect([...settings, publishedSettings('ov-coco', 16)].map(({ beta }) => beta)).toEqual([0.6, 0.4, 0.4, 0.8]);
  });

  it('LVIS has 337 rare classes', () => {
    expect([lvisRareIds.size, [...lvisRareIds].reduce((sum, id) => sum + id, 0)]).toEqual([337, 197_224]);
  });
});

it('writes what mmcv reads: meta beside state_dict, and passes over the state of an optimizer', async () => {
  await saveDetector(at('plain.pth'), tinyDetector(true), {
    classes,
    base: ['cat'],
    settings: { size: 64, alpha: 0.2 },
    more: { epoch: 3 },
  });
  await using file = await openCheckpoint(at('plain.pth'));
  expect(file.metadata).toMatchObject({
    'meta.epoch': 3,
    'meta.CLASSES.2': 'red umbrella',
    'meta.vitamin.base.0': 'cat',
    'meta.vitamin.alpha': 0.2,
  });
  expect([...file.tensors.keys()]).toEqual([...tinyDetector(true).keys()]);
  expect(file.tensors.get('neck.fpn_convs.0.bn.num_batches_tracked')).toMatchObject({ dtype: 'int64', shape: [] });

  const state = { state: { 0: { step: 1, exp_avg: tensor('float32', [2]) } }, param_groups: [{ lr: 0.0001 }] };
  await writeTorchArchive(at('trained.pth'), {
    meta: { CLASSES: classes },
    state_dict: Object.fromEntries(tinyDetector(true)),
    optimizer: state,
  });
  const opened = await openDetector(at('trained.pth'), { cacheDir: false });
  expect(opened).toMatchObject({ classes, family: 'ov-lvis', config: { masks: true, rpnNorm: true, classes: 5 } });
});

it('takes any container, files without names, and without the layer that is never used', async () => {
  const tensors = tinyDetector(false);
  for (const name of [...tensors.keys()].filter((key) => key.includes('fc_cls'))) tensors.delete(name);
  await writeSafetensors(at('detector.safetensors'), Object.fromEntries(tensors));
  const { classes: names, base } = await openDetector(at('detector.safetensors'), { cacheDir: false });
  expect([names[4], base]).toEqual(['class 4', [true, true, true, true, true]]);
});

describe('refuses', () => {
  it('weights that do not fit, naming each tensor', async () => {
    const changes: [string, (tensors: Map<string, Tensor>) => void, RegExp][] = [
      [
        'missing',
        (tensors) => tensors.delete('rpn_head.rpn_conv.1.conv.bias'),
        /missing {4}rpn_head\.rpn_conv\.1\.conv\.bias: expected \[8\]/u,
      ],
      [
        'mismatched',
        (tensors) => tensors.set('rpn_head.rpn_reg.bias', tensor('float32', [16])),
        /mismatched rpn_head\.rpn_reg\.bias: expected \[12\], found \[16\]/u,
      ],
      ['unused', (tensors) => tensors.set('neck.extra', tensor('float32', [1])), /unused {5}neck\.extra/u],
      [
        'tower',
        (tensors) => tensors.delete('backbone.visual.trunk.blocks.0.norm1.weight'),
        /missing {4}backbone\.visual\.trunk\.blocks\.0\.norm1\.weight/u,
      ],
      [
        'NaN',
        (tensors) => tensors.set('rpn_head.rpn_reg.bias', tensor('float32', [12], new Float32Array(12).fill(Number.NaN))),
        /not finite rpn_head\.rpn_reg\.bias/u,
      ],
    ];
    for (const [, change, message] of changes) await expect(openChanged(change)).rejects.toThrow(message);
  });

  it('other networks, heads alone, another number of names, a tower of other widths', async () => {
    await writeTorchArchive(at('clip.pt'), tinyClip());
    await expect(openDetector(at('clip.pt'), { cacheDir: false })).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    await saveDetector(at('heads.pth'), headTensors(false), { classes });
    await expect(openDetector(at('heads.pth'), { cacheDir: false })).rejects.toMatchObject({ code: 'WEIGHTS_MISSING' });
    await expect(openChanged(() => undefined, { classes: ['cat'] })).rejects.toThrow(
      /Expected names of 5 classes in meta\.CLASSES but found 1/u,
    );
    await expect(openChanged(widen)).rejects.toThrow(
      /Expected a tower with maps of 8, 16, 65, 64 channels and 32 dimensions but .* has 8, 16, 64, 64/u,
    );
  });

  it('a CLIP model whose tower is another one', async () => {
    await writeTorchArchive(at('other.pt'), tinyClip(2));
    await saveDetector(at('whole.pth'), tinyDetector(false), { classes });
    await expect(openDetector(at('whole.pth'), { tower: at('other.pt'), cacheDir: false })).rejects.toThrow(
      /differs {4}backbone\.visual\.trunk\./u,
    );
    await expect(openDetector(at('absent.pth'))).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });
});
