import { kindNamed } from './kinds/catalog.ts';
import type { Random } from './random.ts';
import type { Light } from './stuff/brush.ts';
import type { StuffSegment, Thing } from './types.ts';
import { crowdOf, describe, list, noun, numberWord, withArticle } from './words.ts';

/** What sentences are made from. */
export interface Facts {
  readonly things: readonly Thing[];
  readonly stuff: readonly StuffSegment[];
  readonly place: string;
  readonly light: Light;
  readonly random: Random;
}

/** Things that can be told together: same kind, color and pattern, in one place. */
interface Party {
  readonly first: Thing;
  readonly members: readonly Thing[];
  readonly words: string;
}

function parties(things: readonly Thing[]): Party[] {
  const found = new Map<string, Thing[]>();
  for (const thing of things) {
    const key = thing.crowd ? `crowd ${thing.segmentId}` : [thing.category, thing.color, thing.pattern, thing.where].join();
    found.set(key, [...(found.get(key) ?? []), thing]);
  }
  return [...found.values()].map((members) => {
    const first = members[0]!;
    return { first, members, words: first.crowd ? crowdOf(first.category) : describe(first, members.length) };
  });
}

/** Several true sentences about a scene, no two alike; the first names everything. */
export function writeCaptions(facts: Facts): string[] {
  const { random } = facts;
  const all = random.shuffle(parties(facts.things));
  if (all.length === 0) return [`${list(facts.stuff.map((s) => s.name))} ${facts.place}`];
  const largest = all.toSorted((a, b) => b.first.area - a.first.area);
  const sentences = [
    complete(all),
    atPlace(facts, largest.slice(0, 3)),
    besides(facts),
    byPosture(random.pick(all)),
    byCount(facts),
    byKinds(facts),
  ];
  return [...new Set(sentences.filter((sentence) => sentence !== undefined))];
}

/** "two brown sheep and a dog on the grass, a red kite in the sky" */
function complete(all: readonly Party[]): string {
  const places = new Map<string, string[]>();
  for (const { first, words } of all) places.set(first.where, [...(places.get(first.where) ?? []), words]);
  return [...places].map(([where, words]) => `${list(words)} ${where}`).join(', ');
}

/** "a scene at the beach with a dog and a kite" and its variants */
function atPlace({ place, light, stuff, random }: Facts, some: readonly Party[]): string {
  const what = list(some.map((party) => party.words));
  const outdoors = stuff.some((s) => s.name === 'sky');
  const time = outdoors && light === 'sunset' ? ' at sunset' : outdoors && light === 'overcast' ? ' under a gray sky' : '';
  return random.pick([
    `a scene ${place} with ${what}${time}`,
    `${what} ${place}${time}`,
    `a drawing of ${what} ${place}${time}`,
    `${place}, there ${some[0]!.members.length === 1 ? 'is' : 'are'} ${what}`,
  ]);
}

/** How two things lie to each other, e.g. "a dog to the left of a red car"; undefined if there are not two single things. */
function besides({ things, random }: Facts): string | undefined {
  const single = random.shuffle(
    things.filter((thing) => !thing.crowd && things.filter((other) => other.category === thing.category).length === 1),
  );
  const [a, b] = single;
  if (!a || !b) return undefined;
  const relation = relationOf(a, b);
  return relation && `${describe(a, 1)} ${relation} ${describe(b, 1)}`;
}

/** The relation of two boxes, if it is plain: wholly beside, or wholly above or below. */
function relationOf(a: Thing, b: Thing): string | undefined {
  const [ax, ay, aw, ah] = a.box;
  const [bx, by, bw, bh] = b.box;
  if (ax + aw <= bx) return 'to the left of';
  if (bx + bw <= ax) return 'to the right of';
  if (ay + ah <= by) return 'above';
  if (by + bh <= ay) return 'below';
  return undefined;
}

/** "a cat sits on the carpet, on the left", "three kites fly in the sky" */
function byPosture({ first, members, words }: Party): string {
  const one = members.length === 1;
  const verb = one ? ({ fly: 'flies', lie: 'lies' }[posture(first)] ?? `${posture(first)}s`) : posture(first);
  const side = !one || first.crowd ? '' : first.side === 'middle' ? ', in the middle' : `, on the ${first.side}`;
  return `${words} ${verb} ${first.where}${side}`;
}

const seated = new Set(['cat', 'vase', 'cup', 'bowl', 'bottle', 'cake', 'toaster', 'microwave', 'laptop', 'keyboard']);

function posture(thing: Thing): string {
  const { lies, supercategory } = kindNamed(thing.category)!;
  if (thing.where === 'in the sky') return 'fly';
  if (thing.where === 'on the water') return 'float';
  if (thing.on.endsWith('wall')) return 'hang';
  if (seated.has(thing.category)) return 'sit';
  return lies === true || supercategory === 'food' || thing.category === 'book' ? 'lie' : 'stand';
}

/** "there are three people" counts one kind over the whole picture; a kind with a crowd is not counted. */
function byCount({ things, random }: Facts): string | undefined {
  const kinds = [...new Set(things.map((thing) => thing.category))].filter(
    (kind) => !things.some((thing) => thing.crowd && thing.category === kind),
  );
  if (kinds.length === 0) return undefined;
  const kind = random.pick(kinds);
  const count = things.filter((thing) => thing.category === kind).length;
  if (count === 1) return `a picture with one ${noun(kind, 1)}`;
  return random.pick([
    `there are ${numberWord(count)} ${noun(kind, count)} in the picture`,
    `a picture of ${numberWord(count)} ${noun(kind, count)}`,
  ]);
}

/** Kinds and stuff without looks: "a dog, two people, grass and sky" */
function byKinds({ things, stuff }: Facts): string {
  const counts = new Map<string, number>();
  for (const thing of things) if (!thing.crowd) counts.set(thing.category, (counts.get(thing.category) ?? 0) + 1);
  const named = [...counts].map(([kind, count]) =>
    count === 1 ? withArticle(noun(kind, 1)) : `${numberWord(count)} ${noun(kind, count)}`,
  );
  const crowds = things.filter((thing) => thing.crowd).map((thing) => crowdOf(thing.category));
  return list([...named, ...crowds, ...stuff.slice(-2).map((s) => s.name)]);
}
