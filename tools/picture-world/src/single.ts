import { VitaminError } from '@vitamin-vlm/core';
import { annotate } from './annotate.ts';
import { compose } from './compose.ts';
import { kindNamed, type Kind } from './kinds/catalog.ts';
import { boundsOf, dressFor, place, type Placement } from './placement.ts';
import { describeAlone } from './questions.ts';
import { Random } from './random.ts';
import { checkSeedAndSize } from './scene.ts';
import { settingsOf } from './settings/catalog.ts';
import type { Setting, Zone } from './settings/setting.ts';
import type { Picture, SceneOptions, Thing } from './types.ts';
import { describe, noun, withArticle } from './words.ts';

/** What a picture of one thing may look like. */
export type SingleOptions = Pick<SceneOptions, 'width' | 'height' | 'split'>;

/** A picture of one thing. */
export interface Single {
  readonly seed: number;
  readonly picture: Picture;
  readonly thing: Thing;
  /** True sentences, from the bare name to the full look. */
  readonly captions: readonly string[];
}

/**
 * Draws one thing, large, on a background where it belongs (or, one time in four, in a bare room): for zero-shot classification.
 *
 * @param seed whole number from 0 to 2^53 - 1
 * @param kind one of `baseKinds` or `novelKinds`
 * @throws VitaminError `USAGE` if the seed, a size or the kind is out of range
 * @example
 * ```ts
 * import { renderSingle } from '@vitamin-vlm/picture-world';
 * const { picture, captions } = renderSingle(7, 'giraffe', { width: 96, split: 'val' });
 * console.log(picture.data.length, captions);
 * ```
 */
export function renderSingle(seed: number, kind: string, options: SingleOptions = {}): Single {
  const { width = 256, height = width, split = 'train' } = options;
  checkSeedAndSize(seed, width, height);
  const known = kindNamed(kind);
  if (!known)
    throw new VitaminError('USAGE', `Expected the name of a known kind but received ${kind}`, {
      hint: 'baseKinds and novelKinds list the names.',
    });
  const random = new Random(seed, split, 'single');
  const setting = random.chance(0.25) ? bareRoom : random.pick(settingsOf.get(kind)!)(random);
  const zone = random.pick(setting.zones.filter((z) => setting === bareRoom || z.kinds.includes(kind)));
  const placement = closeUp(known, zone, width, height, random);
  const composition = compose(setting, [{ members: [placement], crowd: false }], width, height, random);
  const thing = annotate(composition, setting).things[0]!;
  const picture = { width, height, data: composition.data };
  const name = withArticle(noun(kind, 1));
  return { seed, picture, thing, captions: [name, describe(thing, 1), describeAlone(thing), `${name} ${setting.phrase}`] };
}

const bareRoom: Setting = {
  phrase: 'in a room',
  light: 'day',
  layers: [
    { stuff: 'wall', area: [0, 0, 1, 0.7] },
    { stuff: 'wood floor', area: [0, 0.7, 1, 1] },
  ],
  zones: [
    { on: 'wood floor', phrase: 'on the wood floor', kind: 'stands', area: [0.3, 0.85, 0.7, 0.95], near: 1, far: 1, weight: 1, kinds: [] },
  ],
};

/** Half to nine tenths of the picture, wholly inside it. A standing thing keeps its feet in its zone. */
function closeUp(kind: Kind, zone: Zone, width: number, height: number, random: Random): Placement {
  const size = random.range(0.5, 0.9) * Math.min(width, height);
  const scale = size / Math.max(...kind.box);
  const [w, h] = [kind.box[0] * scale, kind.box[1] * scale];
  const x = random.range(w / 2, width - w / 2);
  const dress = dressFor(kind, random);
  const top = Math.max(h + 0.03 * height, zone.area[1] * height);
  const y = zone.kind === 'hangs' ? random.range(h / 2, height - h / 2) : random.range(Math.min(top, 0.97 * height), 0.98 * height);
  const placement = place(kind, dress, zone, x, y, size, random);
  const { left, top: upper, right, bottom } = boundsOf(placement, 0);
  return { ...placement, x: x + inward(left, right, width), y: placement.y + inward(upper, bottom, height) };
}

/** How far a stretch must move to lie within 0 and the side. */
function inward(from: number, to: number, side: number): number {
  return Math.max(0, -from) - Math.max(0, to - side);
}
