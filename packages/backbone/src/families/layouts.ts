/** How the tensors of a checkpoint are named. `timm`: an image tower alone; `builtin-text`: CLIP with the text tower at the root. */
export type LayoutForm = 'clip' | 'clip-builtin-text' | 'openai' | 'timm' | 'transformers';

/** One way in which files name the tensors of a tower. */
export interface TowerLayout {
  /** `clip` where a text tower may stand beside it; whether it stands at the root is found. */
  readonly form: 'clip' | 'timm' | 'transformers';
  /** Tensors by which it is known. The first one is looked for at any depth: what stands before it is the model's prefix. */
  readonly has: readonly string[];
  /** Tensors of others that have all of the former. */
  readonly lacks?: readonly string[];
  /** Names in the file to names in open_clip's custom text form, one rule after the other. */
  readonly renames?: readonly (readonly [from: RegExp, to: string])[];
  /** Buffers that the model computes, by their names in the file. */
  readonly buffers?: RegExp;
  /** Leading extents of 1 that a tensor has in the file and not in the model, by its canonical name. */
  readonly squeezed?: RegExp;
  /** A leading extent of 1 that a tensor has in the model and not in the file, by its canonical name. */
  readonly unsqueezed?: RegExp;
}

/** transformers' names of text towers, and of the blocks of every tower that open_clip builds itself. Blocks must be below `resblocks` by then. */
export const transformersText: NonNullable<TowerLayout['renames']> = [
  [/^text_model\.embeddings\.position_embedding\.weight$/u, 'text.positional_embedding'],
  [/^text_model\.embeddings\./u, 'text.'],
  [/^text_model\.final_layer_norm\./u, 'text.ln_final.'],
  [/^text_model\.encoder\.layers\./u, 'text.transformer.resblocks.'],
  [/(\.resblocks\.\d+)\.layer_norm([12])\./u, '$1.ln_$2.'],
  [/(\.resblocks\.\d+)\.self_attn\./u, '$1.attn.'],
  [/(\.resblocks\.\d+\.mlp)\.fc1\./u, '$1.c_fc.'],
  [/(\.resblocks\.\d+\.mlp)\.fc2\./u, '$1.c_proj.'],
];

/** Where open_clip puts towers that timm builds. */
export const TRUNK = 'visual.trunk.';

/** timm's own file of a tower that open_clip has below `visual.trunk.`; its classifier is the projection into the joint space. */
export function timmLayout(has: readonly string[], lacks: readonly string[] = []): TowerLayout {
  return {
    form: 'timm',
    has,
    lacks,
    renames: [
      [/^(?!head\.(?:weight|bias)$)/u, TRUNK],
      [/^head\.(?=weight$|bias$)/u, 'visual.head.proj.'],
    ],
  };
}
