/** Masks as they stand in annotation files: lists of numbers in a list, or an object that holds no other. */
const MASK = String.raw`(?:\[\s*(?:\[[\d\s.,eE+-]*\]\s*(?:,\s*)?)*\]|\{[^{}]*\})`;

/**
 * A JSON text without one key whose values are masks, at any depth: what is left parses in a fraction of the time. Values of another form stay. Commas
 * around the key must be where they belong, or it stays too and the fault is found by who parses the text; what is inside a mask is not looked at.
 *
 * No white space can be matched in two ways, so the time follows the length whatever the text.
 *
 * @param key plain ASCII letters
 */
export function cutMasks(text: string, key: string): string {
  const value = String.raw`\s*:\s*${MASK}`;
  // With the comma in front of it, which stands behind another member.
  const later = String.raw`,\s*"${key}"(?<![{,]\s*,\s*"${key}")${value}`;
  // Where it comes first, with the comma behind it, unless it is the only one.
  const first = String.raw`"${key}"(?<=\{\s*"${key}")${value}(?:\s*,(?=\s*")|(?=\s*\}))`;
  return text.replaceAll(new RegExp(`${later}|${first}`, 'g'), '');
}
