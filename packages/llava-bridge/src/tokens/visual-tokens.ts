import { createHash } from 'node:crypto';
import type { Recipe } from '@vitamin-vlm/backbone';
import { type Tensor, VitaminError } from '@vitamin-vlm/core';
import type { GridRule } from '../models/grid-features.ts';
import type { PictureRule } from '../picture/prepare-picture.ts';

/** How the tokens of a picture were made. */
export interface TokenRecipe extends Recipe {
  readonly rule: PictureRule;
  /** Index into the results of the tower's blocks: -1 after the last one, -2 before it. */
  readonly layer: number;
  /** Whether the norm of CLIP's head was applied. LLaVA: no. */
  readonly finalNorm: boolean;
  /** What became of the tower's grid before the projector. LLaVA: nothing. */
  readonly grid: GridRule;
}

/** What the tower sees of a picture, as embeddings that a language model reads in place of words. */
export interface VisualTokens {
  /** [tokens, hidden], finite; row by row of the grid. */
  readonly data: Tensor<'float32'>;
  readonly tokens: number;
  /** Width of the language model. */
  readonly hidden: number;
  readonly grid: { readonly height: number; readonly width: number };
  /** Which weights, 64 hexadecimal digits each. */
  readonly identity: { readonly tower: string; readonly projector: string };
  readonly recipe: TokenRecipe;
}

/**
 * A name for the content, 64 hexadecimal digits: of the numbers, the tower and the projector. Servers that keep answers by such a name (vLLM's `uuid`) give the
 * old answer for a new picture under an old name, so nothing less will do.
 */
export function tokensHash({ data, identity }: Pick<VisualTokens, 'data' | 'identity'>): string {
  const hash = createHash('sha256').update(`${identity.tower} ${identity.projector} ${data.shape.join()} `);
  return hash.update(new Uint8Array(data.data.buffer, data.data.byteOffset, data.data.byteLength)).digest('hex');
}

/**
 * NaN or an infinity in a prompt spoils a server for the next request, whoever sends it: nothing that is not finite may leave.
 *
 * @throws VitaminError `RUNTIME` that says where the first such number stands.
 */
export function expectFinite({ data, shape }: Tensor<'float32'>, what: string): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at === -1) return;
  const width = shape.at(-1)!;
  throw new VitaminError(
    'RUNTIME',
    `Expected finite numbers in ${what} but found ${data[at]} at token ${Math.floor(at / width)}, number ${at % width}`,
    {
      hint: 'The weights of tower and projector do not belong together, or the file is damaged.',
    },
  );
}
