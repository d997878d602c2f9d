import { expect, it } from 'vitest';
import { familyOf, recognizeLayout } from '../src/families/registry.ts';
import { inferConfig } from '../src/load/infer.ts';
import type { Shapes } from '../src/load/shapes.ts';
import { publishedModels } from '../src/load/models.data.ts';
import { textTowers } from '../src/models/text-tower.ts';
import { vitaminSizes } from '../src/models/vitamin.ts';
import { declaredShapes } from './support/tiny-model.ts';

const variantName = (shapes: Shapes, imageSize: number): string => familyOf('vitamin').plan(shapes, {}).id(imageSize);

type SizeName = keyof typeof vitaminSizes;

const vitamins = publishedModels.filter(({ family }) => family === 'vitamin');

/** Shapes of a published model, from nothing but its sizes. Grids of small models first: building is quick then. */
function shapesOf(name: string): Map<string, { shape: readonly number[] }> {
  const [, size, pixels] = /^vitamin-(\w+)-(\d+)/u.exec(name) as unknown as [string, SizeName, string];
  const locked = name.endsWith('-ltt');
  const image = { ...vitaminSizes[size], ...(locked ? { embedDim: 768 } : {}) };
  const declared = declaredShapes(image, Number(pixels), locked ? textTowers.large : textTowers[size]);
  return new Map([...declared].map(([key, shape]) => [key, { shape }]));
}

it.each(vitamins.map(({ name, imageSize }) => [name, imageSize] as const))('%s is known by its shapes alone', (name, imageSize) => {
  const shapes = shapesOf(name);
  const config = inferConfig(shapes);
  const size = /^vitamin-(\w+)-/u.exec(name)![1] as SizeName;
  const locked = name.endsWith('-ltt');
  expect(config.image).toEqual({ ...vitaminSizes[size], ...(locked ? { embedDim: 768 } : {}) });
  expect(config.text).toEqual(locked ? textTowers.large : textTowers[size]);
  // ViTamin-XL has no position embeddings, hence no grid.
  expect(config.imageSize).toBe(size === 'xlarge' ? undefined : imageSize);
  expect(variantName(shapes, imageSize)).toBe(name.replace('-s13b', ''));
});

it.each([
  ['vitamin-small-224', 438],
  ['vitamin-large-336', 710],
  ['vitamin-large2-224', 854],
  ['vitamin-xlarge-384', 905],
])('%s has as many tensors as the published file', (name, tensors) => {
  expect(shapesOf(name).size + 1).toBe(tensors); // and logit_scale
});

it('gives sizes that nobody published a name of their own', () => {
  const image = { widths: [16, 32, 192], depths: [2, 4, 6], heads: 3, embedDim: 128, positions: true } as const;
  const shapes = new Map([...declaredShapes(image, 96)].map(([key, shape]) => [key, { shape }]));
  const config = inferConfig(shapes);
  expect(config).toEqual({ family: 'vitamin', image, imageSize: 96, head: true });
  expect(variantName(shapes, 96)).toBe('vitamin-nano-96');
  shapes.set('visual.trunk.patch_embed.backbone.stem.conv1.weight', { shape: [24, 3, 3, 3] });
  expect(variantName(shapes, 96)).toBe('vitamin-custom-96');
});

it('refuses widths whose heads nobody knows, and grids that are no square', () => {
  const shapes = new Map([...declaredShapes(vitaminSizes.nano, 64)].map(([key, shape]) => [key, { shape }]));
  const change = (name: string, shape: number[]): typeof shapes => new Map([...shapes, [name, { shape }]]);
  const pool = 'visual.trunk.patch_embed.backbone.pool.proj.weight';
  expect(() => inferConfig(change(pool, [100, 32, 3, 3]))).toThrow(/known number of heads but the image tower has 100/u);
  expect(() => inferConfig(change('visual.trunk.pos_embed', [1, 15, 64]))).toThrow(/square grid but found 15/u);
  expect(() => inferConfig(change(pool, [64, 32]))).toThrow(/pool\.proj\.weight with 4 axes but found \[64, 32\]/u);
});

/** A layout as one line. */
const form = (names: string[], prefix?: string): string => {
  const layout = recognizeLayout(names, prefix);
  return `${layout.form}|${layout.prefix}|${[...layout.names].map(([to, from]) => `${to}<${from}`).join()}|${layout.ignored.join()}`;
};

it('tells the layouts apart by names', () => {
  const marker = 'patch_embed.backbone.stem.conv1.weight';
  const clip = `visual.trunk.${marker}`;
  expect(form([clip, 'text.text_projection', 'text.attn_mask'])).toBe(
    `clip||${clip}<${clip},text.text_projection<text.text_projection|text.attn_mask`,
  );
  expect(form([clip, 'text_projection', 'transformer.resblocks.0.ln_1.bias'])).toBe(
    `clip-builtin-text||${clip}<${clip},text.text_projection<text_projection,text.transformer.resblocks.0.ln_1.bias<transformer.resblocks.0.ln_1.bias|`,
  );
  expect(form([marker, 'head.weight'])).toBe(`timm||${clip}<${marker},visual.head.proj.weight<head.weight|`);
  expect(form([`backbone.clip_model.${clip}`, 'sem_seg_head.x'])).toBe(
    `clip|backbone.clip_model.|${clip}<backbone.clip_model.${clip}|sem_seg_head.x`,
  );
  expect(form([`a.${clip}`, `b.${clip}`], 'b')).toBe(`clip|b.|${clip}<b.${clip}|a.${clip}`);
  expect(() => recognizeLayout([`a.${clip}`, `b.${clip}`])).toThrow(/one image tower but found 2: ViTamin at a\., ViTamin at b\./u);
  expect(() => recognizeLayout([clip, 'text_projection', 'text.text_projection'])).toThrow(
    /found text_projection and text\.text_projection/u,
  );
  expect(() => recognizeLayout(['visual.conv1.weight'])).toThrow(/Expected an image tower but found visual\.conv1\.weight/u);
});
