import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inferConfig, type Shapes, towerFamilies } from '@vitamin-vlm/backbone';
import { declaredHeads as segmenterHeads, inferFcclipConfig } from '@vitamin-vlm/fcclip-segmentation';
import { declaredHeads as detectorHeads, inferFVitConfig } from '@vitamin-vlm/fvit-detection';
import { Graph, Parameters, reshape } from '@vitamin-vlm/graph';
import { describe, expect, it } from 'vitest';
import { Golden } from '../src/golden/golden.ts';
import { listedShapes } from '../src/golden/tensor-list.ts';

const plugins = join(process.env['VITAMIN_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'data/golden/plugins');
const whyNot = existsSync(plugins) ? '' : ' (skipped: no reference data, set VITAMIN_SHARED)';

function opened(name: string): Golden {
  return Golden.parse(readFileSync(join(plugins, `${name}.json`), 'utf8'), () => undefined);
}

type List = ReadonlyMap<string, readonly number[]>;

/** Every tensor that an image tower of these shapes asks for, with its dense map. */
function towerOf(shapes: List): List {
  const known: Shapes = new Map([...shapes].map(([name, shape]) => [name, { shape }]));
  const { family } = inferConfig(known);
  const plan = towerFamilies.find(({ name }) => name === family)!.plan(known, {});
  const graph = new Graph('declared');
  const { root, declared } = new Parameters(graph);
  const side = plan.imageSize ?? 4 * plan.stride;
  const { maps } = plan.build(root, graph.input('image', 'float32', [1, 3, side, side]));
  const last = maps[plan.denseLevel]!;
  const [n, channels, h, w] = last.shape as [number, number, number, number];
  plan.dense(root, reshape(last, [n, channels, h * w]));
  return declared;
}

function below(list: List, prefix: string): List {
  return new Map([...list].filter(([name]) => name.startsWith(prefix)).map(([name, shape]) => [name.slice(prefix.length), shape]));
}

const sorted = (list: List): [string, readonly number[]][] => [...list].toSorted(([a], [b]) => (a < b ? -1 : 1));
const asShapes = (list: List): Shapes => new Map([...list].map(([name, shape]) => [name, { shape }]));

// The files themselves, up to 1.5 GB, are written and loaded by `npm run parity`.
describe.skipIf(whyNot !== '')(`the networks ask for what published files hold${whyNot}`, () => {
  it.each(['coco_b16', 'lvis_b16', 'coco_l14', 'lvis_l14'])('CLIPSelf: %s', (key) => {
    const all = listedShapes(opened('fvit_eva_checkpoints').at(key, 'tensors'));
    const list = new Map([...all].filter(([name]) => !/\.rope\.|num_batches_tracked$/u.test(name)));
    const tower = towerOf(below(list, 'backbone.'));
    const heads = detectorHeads(inferFVitConfig(asShapes(list)));
    expect(sorted(new Map([...[...tower].map(([name, shape]) => [`backbone.${name}`, shape] as const), ...heads]))).toEqual(sorted(list));
  });

  it('FC-CLIP on ConvNeXt-L', () => {
    const all = listedShapes(opened('fcclip_convnext_checkpoint').at('tensors'));
    const list = new Map([...all].filter(([name]) => name !== 'criterion.empty_weight'));
    const clip = 'backbone.clip_model.';
    const words = new Map([...list].filter(([name]) => name.startsWith(clip) && !name.startsWith(`${clip}visual.`)));
    const tower = towerOf(below(new Map([...list].filter(([name]) => !words.has(name))), clip));
    const heads = segmenterHeads(inferFcclipConfig(asShapes(list)));
    const asked = new Map([...[...tower].map(([name, shape]) => [clip + name, shape] as const), ...heads, ...words]);
    expect(sorted(asked)).toEqual(sorted(list));
  });
});
