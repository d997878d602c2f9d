import type { EntryReader } from './fields.ts';
import type { Id, IdKeys } from './id-keys.ts';
import type { IdIndex } from './ids.ts';

/** The id that differs from this one in quotes only, if it is known: 1 for "1". */
export function twinOf(id: Id, known: IdIndex, keys: IdKeys): Id | undefined {
  const twin = typeof id === 'string' ? wholeNumber(id) : String(id);
  const key = twin === undefined ? undefined : keys.find(twin);
  return key !== undefined && known.get(key) >= 0 ? twin : undefined;
}

function wholeNumber(text: string): Id | undefined {
  if (!/^-?\d{1,300}$/.test(text)) return undefined;
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
}

/** What to write instead of an id that has a twin. */
export function twinAdvice(twin: Id): string {
  return typeof twin === 'string'
    ? `The annotation file has the text "${twin}": write it in quotes.`
    : `The annotation file has the number ${twin}: write it without quotes.`;
}

/** Throws for an id that is unknown only because of its quotes. */
export function throwIfQuoted(reader: EntryReader, index: number, field: string, id: Id, known: IdIndex, keys: IdKeys): void {
  const twin = twinOf(id, known, keys);
  if (twin !== undefined) throw reader.fail(index, `an id of the annotation file for "${field}"`, id, twinAdvice(twin));
}
