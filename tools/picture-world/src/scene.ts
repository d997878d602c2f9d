import { VitaminError } from '@vitamin-vlm/core';
import { annotate } from './annotate.ts';
import { arrange } from './arrange.ts';
import { writeCaptions } from './captions.ts';
import { compose } from './compose.ts';
import { kindNamed, kinds } from './kinds/catalog.ts';
import { writeQuestions } from './questions.ts';
import { Random } from './random.ts';
import { settingsOf } from './settings/catalog.ts';
import type { Scene, SceneOptions } from './types.ts';

/** Refuses seeds and sizes that cannot be drawn. */
export function checkSeedAndSize(seed: number, width: number, height: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new VitaminError('USAGE', `Expected a whole number from 0 to 2^53 - 1 for the seed but received ${seed}`, {
      hint: 'Count scenes from 0.',
    });
  }
  for (const [name, side] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (!Number.isInteger(side) || side < 32 || side > 4096) {
      throw new VitaminError('USAGE', `Expected a whole number from 32 to 4096 for the ${name} but received ${side}`, {
        hint: 'Smaller pictures show nothing; larger ones need no exactness that a resize would not give.',
      });
    }
  }
}

function checkKinds(names: readonly string[]): void {
  const unknown = names.filter((name) => !kindNamed(name));
  if (names.length > 0 && unknown.length === 0) return;
  throw new VitaminError(
    'USAGE',
    `Expected names of known kinds but received ${unknown.length > 0 ? unknown.join(', ') : 'an empty list'}`,
    {
      hint: 'baseKinds and novelKinds list the names.',
    },
  );
}

/**
 * Draws a scene and everything known about it. The same seed and options give the same bytes.
 *
 * The canvas gives its memory back when the event loop turns: a long loop of calls must await something now and then
 * (a timer, a message, a session's run), or it holds about a quarter of a megabyte for each scene of 128 x 128 pixels.
 *
 * @param seed whole number from 0 to 2^53 - 1
 * @throws VitaminError `USAGE` if the seed, a size, a kind or the number of things is out of range
 * @example
 * ```ts
 * import { renderScene } from '@vitamin-vlm/picture-world';
 * const scene = renderScene(42, { width: 128, split: 'train' });
 * console.log(scene.captions[0], scene.things.map((thing) => thing.category));
 * ```
 */
export function renderScene(seed: number, options: SceneOptions = {}): Scene {
  const { width = 256, height = width, split = 'train', maxThings = 7 } = options;
  checkSeedAndSize(seed, width, height);
  if (!Number.isInteger(maxThings) || maxThings < 1 || maxThings > 30) {
    throw new VitaminError('USAGE', `Expected a whole number from 1 to 30 for maxThings but received ${maxThings}`, {
      hint: 'The default is 7.',
    });
  }
  const allowed = options.kinds ?? kinds.map((kind) => kind.name);
  checkKinds(allowed);
  const random = new Random(seed, split, 'scene');
  const hero = kindNamed(random.pick(allowed))!;
  const setting = random.pick(settingsOf.get(hero.name)!)(random);
  const things = 1 + Math.floor(maxThings * random.next() ** 0.75);
  const groups = arrange({ setting, hero, allowed: new Set(allowed), width, height, things, random });
  const composition = compose(setting, groups, width, height, random);
  const annotations = annotate(composition, setting);
  const facts = { things: annotations.things, stuff: annotations.stuff, place: setting.phrase, light: setting.light, random };
  const picture = { width, height, data: composition.data };
  return { seed, split, picture, ...annotations, place: setting.phrase, captions: writeCaptions(facts), questions: writeQuestions(facts) };
}
