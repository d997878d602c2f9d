import { VitaminError } from '@vitamin-vlm/core';

/** How the tensors of a checkpoint are named. `timm`: an image tower alone; `builtin-text`: CLIP with the text tower at the root. */
export type LayoutForm = 'clip' | 'clip-builtin-text' | 'timm';

/** The tensors of a model under the names of open_clip's custom text form, whatever form the file has. */
export interface WeightLayout {
  readonly form: LayoutForm;
  /** What stands before the names in the file, e.g. `backbone.` in a detector's checkpoint. Usually empty. */
  readonly prefix: string;
  /** Name in open_clip -> name in the file. */
  readonly names: ReadonlyMap<string, string>;
  /** Names in the file that belong to no tensor of a model, or lie outside the prefix. */
  readonly ignored: readonly string[];
}

/** The tensor by which a ViTamin is known. */
const MARKER = 'patch_embed.backbone.stem.conv1.weight';
const TRUNK = 'visual.trunk.';
/** Text towers that stand at the root of the file: open_clip's form without `custom_text`. */
const BUILTIN_TEXT = /^(?:text_projection$|positional_embedding$|token_embedding\.|transformer\.|ln_final\.)/u;
/** Buffers and scalars that hold no weights. */
const BUFFERS = new Set(['attn_mask', 'text.attn_mask', 'logit_bias', 'input_resolution', 'context_length', 'vocab_size']);

/**
 * Recognizes the layout of a checkpoint by its names.
 *
 * @param prefix - Where the model stands inside a larger one. Default: found by itself.
 * @throws VitaminError `MODEL_UNKNOWN` when no ViTamin is inside, `USAGE` when several are and no prefix says which,
 *   `WEIGHTS_MISMATCH` when two tensors claim one place.
 */
export function recognizeLayout(stored: Iterable<string>, prefix?: string): WeightLayout {
  const all = [...stored];
  const start = findTower(all, prefix === undefined || prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`);
  const clip = start.endsWith(TRUNK);
  const base = clip ? start.slice(0, -TRUNK.length) : start;
  const inside = all.filter((name) => name.startsWith(base)).map((name) => name.slice(base.length));
  const builtin = clip && inside.includes('text_projection');
  const rename = clip ? (builtin ? fromBuiltinText : (name: string) => name) : fromTimm;
  const names = new Map<string, string>();
  const ignored = all.filter((name) => !name.startsWith(base));
  for (const name of inside) {
    const canonical = rename(name);
    // A larger model has parts of its own beside the tower; at the root everything must be accounted for.
    const foreign = base !== '' && !/^(?:visual\.|text\.|logit_scale$)/u.test(canonical);
    if (foreign || BUFFERS.has(canonical)) ignored.push(base + name);
    else names.set(canonical, unclaimed(names, canonical, base + name));
  }
  return { form: clip ? (builtin ? 'clip-builtin-text' : 'clip') : 'timm', prefix: base, names, ignored };
}

/** Both forms of a text tower in one file would leave open which of them counts. */
function unclaimed(names: ReadonlyMap<string, string>, canonical: string, stored: string): string {
  const other = names.get(canonical);
  if (other === undefined) return stored;
  throw new VitaminError('WEIGHTS_MISMATCH', `Expected one tensor for ${canonical} but found ${other} and ${stored}`);
}

/** What stands before the marker: `''` in timm's form, `visual.trunk.` in CLIP's, more in larger models. */
function findTower(all: readonly string[], prefix: string | undefined): string {
  const found = all.filter((name) => isTower(name) && name.startsWith(prefix ?? '')).map((name) => name.slice(0, -MARKER.length));
  const fitting = prefix === undefined ? found : found.filter((start) => start === prefix || start === prefix + TRUNK);
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length > 1) {
    throw new VitaminError('USAGE', `Expected one image tower but found ${fitting.length}, at ${fitting.join(', ')}`, {
      hint: `Pass one of them as the prefix, without "${TRUNK}".`,
    });
  }
  const seen = all.slice(0, 5).join(', ') || 'no tensor at all';
  throw new VitaminError('MODEL_UNKNOWN', `Expected a ViTamin, with a tensor ${prefix ?? ''}${TRUNK}${MARKER}, but found ${seen}`, {
    hint: found.length > 0 ? `There is one at ${found.join(', ')}.` : 'Other image towers cannot be read yet.',
  });
}

function isTower(name: string): boolean {
  return name === MARKER || name.endsWith(`.${MARKER}`);
}

function fromBuiltinText(name: string): string {
  return BUILTIN_TEXT.test(name) ? `text.${name}` : name;
}

/** timm's models end in a classifier, which in CLIP is the projection into the joint space. */
function fromTimm(name: string): string {
  return name.startsWith('head.') ? `visual.head.proj.${name.slice('head.'.length)}` : TRUNK + name;
}
