import { createHash } from 'node:crypto';
import { VitaminError } from '@vitamin-vlm/core';
import type { WeightPart } from './weights/weight-part.ts';

/**
 * Which weights: a digest of all bytes of each part of a model, 64 hexadecimal digits each. The same tower has the same digest in a CLIP file
 * and in a detector's. What is saved carries those it depends on.
 */
export interface Identity {
  /** The image tower up to its tokens. */
  readonly tower: string;
  /** The projection of images into the joint space, with its norm. */
  readonly head?: string;
  readonly text?: string;
}

/** Which part of a model a tensor belongs to, by its name in open_clip. */
export class ModelParts {
  readonly #head: RegExp;

  /** @param head - The tensors of the family that project into the joint space. */
  constructor(head: RegExp) {
    this.#head = head;
  }

  isHead(name: string): boolean {
    return this.#head.test(name);
  }

  /** Belongs to the image tower up to its tokens. */
  isTower(name: string): boolean {
    return name.startsWith('visual.') && !this.isHead(name);
  }

  /** Belongs to the text tower. */
  isText(name: string): boolean {
    return name.startsWith('text.');
  }
}

/**
 * The identity of a model whose tensors bear open_clip's names.
 *
 * @param reading - What else decides what the towers compute: an activation that is not the usual one. Empty otherwise.
 */
export async function identify(
  part: WeightPart,
  parts: ModelParts,
  { head, reading }: { readonly head: boolean; readonly reading: string },
): Promise<Identity> {
  const names = [...part.weights.keys()];
  const isText = (name: string): boolean => parts.isText(name);
  const read = (digest: string): string => (reading === '' ? digest : createHash('sha256').update(`${digest} ${reading}`).digest('hex'));
  const tower = read(await part.digest((name) => parts.isTower(name)));
  return {
    tower,
    ...(head ? { head: await part.digest((name) => parts.isHead(name)) } : {}),
    ...(names.some(isText) ? { text: read(await part.digest(isText)) } : {}),
  };
}

/**
 * Compares the parts that both sides name.
 *
 * @param what - What is compared, for the message: `the words and the encoding`.
 * @throws VitaminError `WEIGHTS_MISMATCH` that names the part.
 * @example
 * ```ts
 * import { checkSameIdentity, loadImageEncoding, openModel } from '@vitamin-vlm/backbone';
 * const { identity } = await openModel('nano');
 * checkSameIdentity((await loadImageEncoding('street.safetensors')).identity, identity, 'the encoding and the model');
 * ```
 */
export function checkSameIdentity(a: Identity, b: Identity, what: string): void {
  for (const field of ['tower', 'head', 'text'] as const) {
    const [left, right] = [a[field], b[field]];
    if (left === undefined || right === undefined || left === right) continue;
    throw new VitaminError(
      'WEIGHTS_MISMATCH',
      `Expected ${what} to be of one model but found identity.${field} ${left.slice(0, 12)}… and ${right.slice(0, 12)}…`,
      { hint: 'Encode the picture, or make the words, again with the model that is used.' },
    );
  }
}
