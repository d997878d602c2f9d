import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Shapes } from '@vitamin-vlm/backbone';
import { declaredHeads as segmenterHeads, inferFcclipConfig } from '@vitamin-vlm/fcclip-segmentation';
import { declaredHeads as detectorHeads, inferFVitConfig } from '@vitamin-vlm/fvit-detection';
import { describe, expect, it } from 'vitest';
import { Golden } from '../src/golden/golden.ts';
import { listedShapes } from '../src/golden/tensor-list.ts';
import { declaredBy } from '../src/towers/case-weights.ts';

const plugins = join(process.env['VITAMIN_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'data/golden/plugins');
const whyNot = existsSync(plugins) ? '' : ' (skipped: no reference data, set VITAMIN_SHARED)';

function opened(name: string): Golden {
  return Golden.parse(readFileSync(join(plugins, `${name}.json`), 'utf8'), () => undefined);
}

type List = ReadonlyMap<string, readonly number[]>;

function below(list: List, prefix: string): List {
  return new Map([...list].filter(([name]) => name.startsWith(prefix)).map(([name, shape]) => [name.slice(prefix.length), shape]));
}

/** open_clip keeps the text tower of a ConvNeXt at the root. */
const named = (name: string): string => (/^(?:visual\.|logit_scale$)/u.test(name) ? name : `text.${name}`);
const sorted = (list: List): [string, readonly number[]][] => [...list].toSorted(([a], [b]) => (a < b ? -1 : 1));
const asShapes = (list: List): Shapes => new Map([...list].map(([name, shape]) => [name, { shape }]));

// The files themselves, up to 1.5 GB, are written and loaded by `npm run parity`.
describe.skipIf(whyNot !== '')(`the networks ask for what published files hold${whyNot}`, () => {
  it.each(['coco_b16', 'lvis_b16', 'coco_l14', 'lvis_l14'])('CLIPSelf: %s', (key) => {
    const all = listedShapes(opened('fvit_eva_checkpoints').at(key, 'tensors'));
    const list = new Map([...all].filter(([name]) => !/\.rope\.|num_batches_tracked$/u.test(name)));
    const tower = declaredBy(asShapes(below(list, 'backbone.')), {});
    const heads = detectorHeads(inferFVitConfig(asShapes(list)));
    expect(sorted(new Map([...[...tower].map(([name, shape]) => [`backbone.${name}`, shape] as const), ...heads]))).toEqual(sorted(list));
  });

  it('FC-CLIP on ConvNeXt-L', () => {
    const all = listedShapes(opened('fcclip_convnext_checkpoint').at('tensors'));
    const list = new Map([...all].filter(([name]) => name !== 'criterion.empty_weight'));
    const clip = below(list, 'backbone.clip_model.');
    const towers = declaredBy(asShapes(new Map([...clip].map(([name, shape]) => [named(name), shape]))), {});
    const stored = [...towers].map(([name, shape]) => [`backbone.clip_model.${name.replace('text.', '')}`, shape] as const);
    const asked = new Map([...stored, ['backbone.clip_model.logit_scale', []], ...segmenterHeads(inferFcclipConfig(asShapes(list)))]);
    expect(sorted(asked)).toEqual(sorted(list));
  });
});
