import { VitaminError } from '@vitamin-vlm/core';
import type { TowerFamily } from './family.ts';
import type { LayoutForm, TowerLayout } from './layouts.ts';
import { coatnet } from './coatnet.ts';
import { convnext } from './convnext.ts';
import { eva02 } from './eva02.ts';
import { peCore, siglip2 } from './pooled-vit.ts';
import { vit } from './vit.ts';
import { vitamin } from './vitamin.ts';

/** The kinds of image tower that can be read. A checkpoint belongs to the one whose tensors it has. */
export const towerFamilies: readonly TowerFamily[] = [vitamin, vit, eva02, convnext, siglip2, peCore, coatnet];

/** The tensors of a model under the names of open_clip's custom text form, whatever form the file has. */
export interface WeightLayout {
  readonly family: TowerFamily['name'];
  readonly form: LayoutForm;
  /** What stands before the names in the file, e.g. `backbone.` in a detector's checkpoint. Usually empty. */
  readonly prefix: string;
  /** Name in open_clip -> name in the file. */
  readonly names: ReadonlyMap<string, string>;
  /** Tensors that have an extent of 1 in front in the file, by their names in open_clip. */
  readonly squeezed: ReadonlySet<string>;
  /** Tensors that lack an extent of 1 in front in the file, by their names in open_clip. */
  readonly unsqueezed: ReadonlySet<string>;
  /** Names in the file that belong to no tensor of a model, or lie outside the prefix. */
  readonly ignored: readonly string[];
}

/** Text towers that stand at the root of the file: open_clip's form without `custom_text`. */
const BUILTIN_TEXT = /^(?:text_projection$|positional_embedding$|token_embedding\.|transformer\.|ln_final\.)/u;
/** Scalars of OpenAI's archives. */
const OPENAI = ['input_resolution', 'context_length', 'vocab_size'];
/** Buffers and scalars that hold no weights. */
const BUFFERS = new Set(OPENAI);
/** The mask of a text tower, which TorchScript may keep with every block. */
const MASK = /(?:^|\.)attn_mask$/u;
/** What a model has under its canonical names. */
const OWN = /^(?:visual\.|text\.|logit_scale$|logit_bias$)/u;

/** The record of a family. */
export function familyOf(name: TowerFamily['name']): TowerFamily {
  return towerFamilies.find((family) => family.name === name)!;
}

/**
 * Recognizes family and layout of a checkpoint by its names.
 *
 * @param prefix - Where the model stands inside a larger one. Default: found by itself.
 * @throws VitaminError `MODEL_UNKNOWN` when no tower is inside, `USAGE` when several are and no prefix says which,
 *   `WEIGHTS_MISMATCH` when two tensors claim one place.
 */
export function recognizeLayout(stored: Iterable<string>, prefix?: string): WeightLayout {
  const all = [...stored];
  const {
    family,
    layout,
    prefix: base,
  } = findTower(all, prefix === undefined || prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`);
  const inside = all.filter((name) => name.startsWith(base)).map((name) => name.slice(base.length));
  const builtin = layout.form === 'clip' && inside.includes('text_projection');
  const openai = builtin && OPENAI.every((name) => inside.includes(name));
  const names = new Map<string, string>();
  const ignored = all.filter((name) => !name.startsWith(base));
  for (const name of inside) {
    const canonical = canonicalName(name, layout, builtin);
    // A larger model has parts of its own beside the tower; at the root everything must be accounted for.
    const foreign = base !== '' && !OWN.test(canonical);
    if (foreign || BUFFERS.has(canonical) || MASK.test(canonical) || layout.buffers?.test(name)) ignored.push(base + name);
    else names.set(canonical, unclaimed(names, canonical, base + name));
  }
  const matching = (pattern?: RegExp): Set<string> => new Set([...names.keys()].filter((name) => pattern?.test(name)));
  const [squeezed, unsqueezed] = [matching(layout.squeezed), matching(layout.unsqueezed)];
  const form = openai ? 'openai' : builtin ? 'clip-builtin-text' : layout.form;
  return { family: family.name, form, prefix: base, names, squeezed, unsqueezed, ignored };
}

function canonicalName(name: string, { renames = [] }: TowerLayout, builtin: boolean): string {
  if (builtin && BUILTIN_TEXT.test(name)) return `text.${name}`;
  const renamed = renames.reduce((given, [from, to]) => given.replace(from, to), name);
  return renamed === 'text.logit_scale' ? 'logit_scale' : renamed; // as some of EVA-CLIP's files have it
}

/** Both forms of a text tower in one file would leave open which of them counts. */
function unclaimed(names: ReadonlyMap<string, string>, canonical: string, stored: string): string {
  const other = names.get(canonical);
  if (other === undefined) return stored;
  throw new VitaminError('WEIGHTS_MISMATCH', `Expected one tensor for ${canonical} but found ${other} and ${stored}`);
}

/** Where a CLIP model has the tower that timm names from the root. */
const TRUNKS = ['visual.', 'visual.trunk.'];

/** A tower in a file. */
interface FoundTower {
  readonly family: TowerFamily;
  readonly layout: TowerLayout;
  /** What stands before the names of the layout. */
  readonly prefix: string;
}

function findTower(all: readonly string[], prefix: string | undefined): FoundTower {
  const found = towersIn(all);
  const fitting = prefix === undefined ? found : found.filter((tower) => tower.prefix === prefix);
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length > 1) {
    throw new VitaminError('USAGE', `Expected one image tower but found ${fitting.length}: ${fitting.map(describe).join(', ')}`, {
      hint: 'Pass one of these prefixes.',
    });
  }
  const wanted = towerFamilies.map(({ title, layouts }) => `${title} (${layouts[0]!.has[0]})`).join(', ');
  const seen = all.slice(0, 5).join(', ') || 'no tensor at all';
  const where = prefix === undefined || prefix === '' ? '' : ` below ${prefix}`;
  throw new VitaminError('MODEL_UNKNOWN', `Expected an image tower${where} but found ${seen}`, {
    hint:
      found.length > 0
        ? `There is one: ${found.map(describe).join(', ')}.`
        : `Looked for the tensors of ${wanted}, and for their names in timm and transformers.`,
  });
}

function describe({ family, prefix }: FoundTower): string {
  return `${family.title} at ${prefix === '' ? 'the root' : prefix}`;
}

/** Every tower of a file. One that timm names too is that of the CLIP model around it. */
function towersIn(all: readonly string[]): FoundTower[] {
  const names = new Set(all);
  const found = towerFamilies.flatMap((family) =>
    family.layouts.flatMap((layout) => {
      const [marker] = layout.has as [string];
      const starts = all.filter((name) => name === marker || name.endsWith(`.${marker}`)).map((name) => name.slice(0, -marker.length));
      return starts
        .filter((start) => layout.has.every((name) => names.has(start + name)) && !layout.lacks?.some((name) => names.has(start + name)))
        .map((start) => ({ family, layout, prefix: start }));
    }),
  );
  return found.filter(({ prefix }) => !found.some((other) => TRUNKS.some((trunk) => other.prefix + trunk === prefix)));
}
