import { pythonStrip, pythonWords } from '../text/python-text.ts';
import { contractions } from './contractions.data.ts';

/** In the order in which they are taken out: one changes what the next one sees. */
export const punctuation: readonly string[] = Array.from(';/[]"{}()=+\\_-><@`,?!');
export const numberWords: ReadonlyMap<string, string> = new Map(
  Object.entries({
    none: '0',
    zero: '0',
    one: '1',
    two: '2',
    three: '3',
    four: '4',
    five: '5',
    six: '6',
    seven: '7',
    eight: '8',
    nine: '9',
    ten: '10',
  }),
);
export const articles: readonly string[] = ['a', 'an', 'the'];
/** The original passes a flag where the number of replacements is meant, and the flag's value is 32. */
const MOST_PERIODS = 32;

/**
 * An answer as EvalAI's processor normalizes it before VQA servers compare: lower case, no punctuation, digits for number words, no articles, apostrophes in
 * contractions.
 *
 * @example
 * ```ts
 * import { normalizeAnswer } from '@vitamin-vlm/llava-bridge';
 * console.log(normalizeAnswer('Two dogs.'), normalizeAnswer("dont")); // 2 dogs don't
 * ```
 */
export function normalizeAnswer(answer: string): string {
  const lower = answer.toLowerCase().replaceAll(/[,?]/gu, '').replaceAll("'s", " 's");
  return normalizeWords(removePunctuation(oneLine(pythonStrip(lower))));
}

/** Line feeds and tabs as spaces, none at the ends. */
export function oneLine(text: string): string {
  return pythonStrip(text.replaceAll(/[\n\t]/gu, ' '));
}

/** Takes punctuation out, or puts a space in its place: which, is decided by the text before. */
export function removePunctuation(text: string): string {
  const hasDigitComma = /\p{Nd},\p{Nd}/u.test(text);
  let out = text;
  for (const mark of punctuation) {
    const isLoose = text.includes(`${mark} `) || text.includes(` ${mark}`) || hasDigitComma;
    out = out.replaceAll(mark, isLoose ? '' : ' ');
  }
  let periods = 0;
  return out.replaceAll(/\.(?!\p{Nd})/gu, (period) => (periods++ < MOST_PERIODS ? '' : period));
}

/** Lower case, digits for number words, no articles, contractions with their apostrophes. */
export function normalizeWords(text: string): string {
  return pythonWords(text.toLowerCase())
    .map((word) => numberWords.get(word) ?? word)
    .filter((word) => !articles.includes(word))
    .map((word) => contractions.get(word) ?? word)
    .join(' ');
}
