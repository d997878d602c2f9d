import { VitaminError } from '@vitamin-vlm/core';

/** Anything with shapes by name: a checkpoint's records, or tensors. Names in open_clip's custom text form. */
export type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/** One extent of a tensor whose rank is known. @throws VitaminError `WEIGHTS_MISMATCH` when it is missing or of another rank. */
export function extent(shapes: Shapes, name: string, rank: number, axis: number): number {
  const shape = shapes.get(name)?.shape;
  if (shape?.length === rank && shape[axis]! > 0) return shape[axis]!;
  const found = shape ? `[${shape.join(', ')}]` : 'none';
  throw new VitaminError('WEIGHTS_MISMATCH', `Expected a tensor ${name} with ${rank} axes but found ${found}`, {
    hint: 'The sizes of the model are read from it. Check that the file is whole and of this model.',
  });
}

/** How many numbered blocks lie below a name. Counted, so that a gap or a wild number shows up as missing and unused tensors. */
export function countBlocks(shapes: Shapes, scope: string): number {
  const indices = new Set<string>();
  for (const name of shapes.keys()) {
    if (name.startsWith(scope)) indices.add(name.slice(scope.length, name.indexOf('.', scope.length)));
  }
  return indices.size;
}

/** The side of a square grid. @throws VitaminError `UNSUPPORTED` when it is none. */
export function gridSide(tokens: number): number {
  const side = Math.sqrt(tokens);
  if (Number.isInteger(side) && side > 0) return side;
  throw new VitaminError('UNSUPPORTED', `Expected position embeddings of a square grid but found ${tokens} of them`);
}

/** Shapes do not show the number of heads; these are the published ones. Other widths have heads of 64, CLIP's rule. */
const known: Readonly<Record<number, number>> = { 64: 2, 192: 3, 384: 6, 512: 8, 768: 12, 1024: 16, 1152: 16 };

/** Heads of a Transformer of this width. @throws VitaminError `UNSUPPORTED` where nobody says how many there are. */
export function headsOf(width: number, tower: 'image' | 'text', stated: number | undefined): number {
  if (stated !== undefined && stated > 0 && Number.isInteger(width / stated)) return stated;
  const count = known[width] ?? width / 64;
  if (Number.isInteger(count)) return count;
  throw new VitaminError('UNSUPPORTED', `Expected a width with a known number of heads but the ${tower} tower has ${width}`, {
    hint: `Known: ${Object.keys(known).join(', ')} and multiples of 64. A configuration beside the weights (open_clip_config.json, config.json) may state it.`,
  });
}
