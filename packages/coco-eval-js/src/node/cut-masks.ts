/** Masks as they stand in annotation files: lists of numbers in a list, or an object that holds no other. */
const MASK = String.raw`(?:\[\s*(?:\[[\d\s.,eE+-]*\]\s*(?:,\s*)?)*\]|\{[^{}]*\})`;

/**
 * A JSON text without one key whose values are masks, at any depth: what is left parses in a fraction of the time. Values of another form stay, and
 * a faulty text stays faulty.
 *
 * No white space can be matched in two ways, so the time follows the length whatever the text.
 *
 * @param key plain ASCII letters
 */
export function cutMasks(text: string, key: string): string {
  const member = String.raw`"${key}"\s*:\s*${MASK}`;
  // With the comma in front of it or, where it comes first, the one behind it. After a backslash the quote is a character of a longer string.
  return text.replaceAll(new RegExp(String.raw`,\s*${member}|(?<!\\)${member}\s*,?`, 'g'), '');
}
