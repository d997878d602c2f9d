/** Control characters, marks that turn the direction of writing, and separators of lines: names in foreign files may hold them to move the cursor or forge lines. */
const HIDDEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text for a terminal: what would act there becomes a visible sign. */
export function printable(text: string): string {
  return text.replace(HIDDEN, '\uFFFD');
}

/** A document that holds no such character, and means the same: they stand in strings only, where JSON can escape them. */
export function printableJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return text.replace(HIDDEN, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
