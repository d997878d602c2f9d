import type { Facts } from './captions.ts';
import { kinds } from './kinds/catalog.ts';
import type { Question, Thing } from './types.ts';
import { coloredPart, crowdOf, describe, hasColor, list, noun, withArticle } from './words.ts';

/** Questions whose answers follow from the annotations: what, where, how many, which color. */
export function writeQuestions({ things, random }: Facts): Question[] {
  const shuffled = random.shuffle(things);
  const alone = shuffled.filter((thing) => !thing.crowd && things.filter((other) => other.category === thing.category).length === 1);
  const questions = [what(things, shuffled[0]), where(alone[0]), color(alone.find((thing) => hasColor(thing.category)))];
  const present = [...new Set(shuffled.map((thing) => thing.category))].filter(
    (kind) => !things.some((thing) => thing.crowd && thing.category === kind),
  );
  if (present[0]) questions.push(howMany(things, present[0]));
  const absent = random.pick(kinds).name;
  if (!things.some((thing) => thing.category === absent)) questions.push(howMany(things, absent));
  return questions.filter((question) => question !== undefined);
}

/**
 * All that `questions` of a scene may hold: what is in each place, where each thing is that is alone of its kind, its color, and how many there are of each kind that
 * shows. How many there are of kinds that do not show is left to `countQuestion`.
 *
 * @example
 * ```ts
 * import { everyQuestion, renderScene } from '@vitamin-vlm/picture-world';
 * for (const { type, question, answer } of everyQuestion(renderScene(42))) console.log(type, question, answer);
 * ```
 */
export function everyQuestion({ things }: Pick<Facts, 'things'>): Question[] {
  const alone = things.filter((thing) => !thing.crowd && things.filter((other) => other.category === thing.category).length === 1);
  const places = things.filter((thing, i) => things.findIndex((other) => other.where === thing.where) === i);
  const counted = [...new Set(things.map((thing) => thing.category))].filter(
    (kind) => !things.some((thing) => thing.crowd && thing.category === kind),
  );
  const questions = [
    ...places.map((thing) => what(things, thing)),
    ...alone.map(where),
    ...alone.filter((thing) => hasColor(thing.category)).map(color),
    ...counted.map((kind) => howMany(things, kind)),
  ];
  return questions.filter((question) => question !== undefined);
}

/**
 * How many things of a kind a scene shows; 0 of one that does not show.
 *
 * @example
 * ```ts
 * import { countQuestion, renderScene } from '@vitamin-vlm/picture-world';
 * console.log(countQuestion(renderScene(42), 'dog')); // { type: 'how many', question: 'How many dogs are there?', answer: '0' }
 * ```
 */
export function countQuestion({ things }: Pick<Facts, 'things'>, kind: string): Question {
  return howMany(things, kind);
}

function what(things: readonly Thing[], about: Thing | undefined): Question | undefined {
  if (!about) return undefined;
  const there = things.filter((thing) => thing.where === about.where);
  const names = [...new Set(there.map((thing) => (thing.crowd ? `crowd ${thing.category}` : thing.category)))].map((key) => {
    const kind = key.replace('crowd ', '');
    if (key !== kind) return crowdOf(kind);
    const count = there.filter((thing) => thing.category === kind && !thing.crowd).length;
    return count === 1 ? withArticle(noun(kind, 1)) : noun(kind, 2);
  });
  return { type: 'what', question: `What is ${about.where}?`, answer: list(names) };
}

function where(thing: Thing | undefined): Question | undefined {
  if (!thing) return undefined;
  const side = thing.side === 'middle' ? 'in the middle' : `on the ${thing.side}`;
  const verb = /^(skis|scissors)$/.test(thing.category) ? 'are' : 'is';
  return { type: 'where', question: `Where ${verb} the ${thing.category}?`, answer: `${thing.where}, ${side}` };
}

function color(thing: Thing | undefined): Question | undefined {
  if (!thing) return undefined;
  const part = coloredPart(thing.category);
  const subject = part ? `the ${part} of the ${thing.category}` : `the ${thing.category}`;
  const verb = (part ?? (/^(skis|scissors)$/.test(thing.category) ? 's' : '')).endsWith('s') ? 'are' : 'is';
  return { type: 'which colour', question: `Which colour ${verb} ${subject}?`, answer: thing.color };
}

function howMany(things: readonly Thing[], kind: string): Question {
  const count = things.filter((thing) => thing.category === kind).length;
  return { type: 'how many', question: `How many ${noun(kind, 2)} are there?`, answer: String(count) };
}

/** The words a single picture is told with, e.g. "a red car on the road". */
export function describeAlone(thing: Thing): string {
  return `${describe(thing, 1)} ${thing.where}`;
}
