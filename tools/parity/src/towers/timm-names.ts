import { join } from 'node:path';
import { Backbone, openModel } from '@vitamin-vlm/backbone';
import { type OpenedCase, inputOf } from './opened.ts';
import { writeCase } from './case-weights.ts';

/** CLIPSelf's names to timm's. */
const RENAMES: readonly (readonly [RegExp, string])[] = [
  [/\.attn\.([qv])_bias$/u, '.attn.$1_proj.bias'],
  [/\.attn\.inner_attn_ln\./u, '.attn.norm.'],
  [/\.mlp\.w1\./u, '.mlp.fc1_g.'],
  [/\.mlp\.w2\./u, '.mlp.fc1_x.'],
  [/\.mlp\.w3\./u, '.mlp.fc2.'],
  [/\.mlp\.ffn_ln\./u, '.mlp.norm.'],
];

function toTimm(name: string): string | undefined {
  if (!name.startsWith('visual.')) return undefined;
  return RENAMES.reduce((given, [from, to]) => given.replace(from, to), name.slice('visual.'.length));
}

/** The same tower in timm's names: the map, and the embedding. */
export async function compareTimmNames({ golden, weights, backbone, context }: OpenedCase): Promise<void> {
  const timm = golden.at('timm');
  const names = [...weights.shapes].flatMap(([name, shape]) => {
    const own = toTimm(name);
    return own === undefined ? [] : [{ name, own, shape }];
  });
  timm.at('trunkTensors').equal(names.length);
  const byName = new Map(names.map((entry) => [entry.own, entry]));
  for (const own of timm.at('mapBlock0').keys()) timm.at('mapBlock0', own).equal(byName.get(own)?.name);
  for (const own of timm.at('shapesBlock0').keys()) timm.at('shapesBlock0', own).equal(byName.get(own)?.shape);
  const path = join(context.folder, 'timm.safetensors');
  await writeCase(path, weights, toTimm);
  const session = { threads: context.threads, signal: context.signal, cacheDir: join(context.folder, 'cache') };
  const model = await openModel(path, { hints: weights.hints, ...session });
  timm.at('missing').equal([]); // a missing tensor would have been refused
  await using other = Backbone.from(model, session);
  const input = inputOf(golden.at('imageInput'), weights.seedSuffix);
  const [ours, theirs] = [await backbone.embedPixels(input), await other.embedPixels(input)];
  timm
    .at('embeddingMaxAbsDiffTo_CLIPSelf')
    .numbers([ours.data.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs.data[i]!)), 0)], 1);
}
