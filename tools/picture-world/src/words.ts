import type { Pattern } from './colors.ts';
import { kindNamed } from './kinds/catalog.ts';
import type { Thing } from './types.ts';

/** Plurals that are not the name with an s, and names that need a counting word. */
const irregular: Readonly<Record<string, readonly [one: string, many: string]>> = {
  person: ['person', 'people'],
  sheep: ['sheep', 'sheep'],
  bus: ['bus', 'buses'],
  bench: ['bench', 'benches'],
  couch: ['couch', 'couches'],
  sandwich: ['sandwich', 'sandwiches'],
  knife: ['knife', 'knives'],
  mouse: ['mouse', 'mice'],
  toothbrush: ['toothbrush', 'toothbrushes'],
  skis: ['pair of skis', 'pairs of skis'],
  scissors: ['pair of scissors', 'pairs of scissors'],
  broccoli: ['piece of broccoli', 'pieces of broccoli'],
};

/** Kinds whose color is a part's: the part, and whether the part is counted. */
const parts: Readonly<Record<string, readonly [before: string, one: string, many: string]>> = {
  person: ['in', 'a # shirt', '# shirts'],
  fork: ['with', 'a # handle', '# handles'],
  knife: ['with', 'a # handle', '# handles'],
  spoon: ['with', 'a # handle', '# handles'],
  donut: ['with', '# icing', '# icing'],
  cake: ['with', '# icing', '# icing'],
  boat: ['with', 'a # sail', '# sails'],
  bed: ['with', 'a # blanket', '# blankets'],
  airplane: ['with', '# wings', '# wings'],
};

const numbers = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

/** A small number as a word. */
export function numberWord(n: number): string {
  return numbers[n] ?? String(n);
}

/** The name of one or several things of a kind, without article: "knife", "pairs of skis". */
export function noun(kind: string, count: number): string {
  const pair = irregular[kind];
  if (pair) return count === 1 ? pair[0] : pair[1];
  return count === 1 ? kind : `${kind}s`;
}

/** "a" or "an" before a word. */
export function withArticle(words: string): string {
  return `${/^[aeio]|^u(?!ni)/.test(words) ? 'an' : 'a'} ${words}`;
}

/** The part whose color a thing's color is, e.g. "shirt" for a person; undefined if it is the thing's own. */
export function coloredPart(kind: string): string | undefined {
  return parts[kind]?.[1].replace(/^a /, '').replace('# ', '');
}

/** True if the kind comes in several colors, so that naming one tells something. */
export function hasColor(kind: string): boolean {
  return new Set(kindNamed(kind)!.colors).size > 1;
}

function adjectives(color: string, pattern: Pattern): string {
  return pattern === 'plain' ? color : `${color} ${pattern}`;
}

/** Things told alike, e.g. "two people in red striped shirts", "an orange kite", "a zebra". All must share kind, color and pattern. */
export function describe(thing: Pick<Thing, 'category' | 'color' | 'pattern'>, count: number): string {
  const { category: kind, color, pattern } = thing;
  const counted = (words: string): string => (count === 1 ? withArticle(words) : `${numberWord(count)} ${words}`);
  if (!hasColor(kind)) return counted(noun(kind, count));
  const look = adjectives(color, pattern);
  const part = parts[kind];
  if (part) {
    const words = part[count === 1 ? 1 : 2].replace('#', look);
    return `${counted(noun(kind, count))} ${part[0]} ${words.startsWith('a ') ? withArticle(words.slice(2)) : words}`;
  }
  const pair = irregular[kind];
  if (pair?.[0].includes(' of ')) return counted(noun(kind, count).replace(' of ', ` of ${look} `));
  return counted(`${look} ${noun(kind, count)}`);
}

/** "a", "a and b", "a, b and c". */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`;
}

const crowds: Readonly<Record<string, string>> = {
  sheep: 'a flock of sheep',
  bird: 'a flock of birds',
  cow: 'a herd of cows',
  zebra: 'a herd of zebras',
  elephant: 'a herd of elephants',
  book: 'a row of books',
};

/** A crowd's name, e.g. "a flock of sheep". */
export function crowdOf(kind: string): string {
  return crowds[kind] ?? (kind === 'person' ? 'a crowd of people' : `a group of ${noun(kind, 2)}`);
}
