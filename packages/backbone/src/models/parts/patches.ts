import { concat, conv2d, expand, type Params, reshape, slice, transpose, type Value } from '@vitamin-vlm/graph';

/** A picture cut into patches: their vectors as a map and as tokens, row by row. */
export interface Patches {
  /** [N, D, H/patch, W/patch] */
  readonly map: Value;
  /** [N, H/patch · W/patch, D] */
  readonly tokens: Value;
}

/** One vector for each patch of a picture: a convolution as wide as its stride. image: [N, 3, H, W], sides multiples of the patch. */
export function patchEmbedding(
  p: Params,
  image: Value,
  { width, patch, bias }: { readonly width: number; readonly patch: number; readonly bias: boolean },
): Patches {
  const map = conv2d(p, image, width, { kernel: patch, stride: patch, padding: 0, bias });
  return { map, tokens: mapToTokens(map) };
}

/** [N, D, h, w] -> [N, h·w, D], row by row */
export function mapToTokens(map: Value): Value {
  const [n, width, h, w] = map.shape as [number, number, number, number];
  return transpose(reshape(map, [n, width, h * w]), [0, 2, 1]);
}

/** Tokens of a grid as a map; `first` tokens that stand before it are left out. [N, first + h·w, D] -> [N, D, h, w] */
export function tokensToMap(tokens: Value, [h, w]: readonly [number, number], first = 0): Value {
  const [n, length, width] = tokens.shape as [number, number, number];
  const grid = first === 0 ? tokens : slice(tokens, { axis: 1, start: first, end: length });
  return reshape(transpose(grid, [0, 2, 1]), [n, width, h, w]);
}

/** One more token in front of all others. token: [D] or [1, 1, D]; tokens: [N, L, D] -> [N, 1 + L, D] */
export function withClassToken(token: Value, tokens: Value): Value {
  const [n, , width] = tokens.shape;
  return concat([expand(reshape(token, [1, 1, width!]), [n!, 1, width!]), tokens], 1);
}

/** The first token alone. [N, L, D] -> [N, D] */
export function firstToken(tokens: Value): Value {
  const [n, , width] = tokens.shape;
  return reshape(slice(tokens, { axis: 1, start: 0, end: 1 }), [n!, width!]);
}
