import { CocoEvalError } from '../errors.ts';

/** Kinds of faults that are kept; one more ends the reading. */
const MAX_KINDS = 4096;

/**
 * Faults of annotations that nobody may ask for: they count only where the entry's image and category are evaluated. Kept as rows and kinds, since a file for
 * another purpose may have one in every entry.
 */
export class Faults {
  readonly #rows: number[] = [];
  readonly #kinds: number[] = [];
  readonly #known = new Map<string, number>();
  readonly #errors: CocoEvalError[] = [];

  get count(): number {
    return this.#rows.length;
  }

  /** Keeps the fault of a row; `LIMIT` and errors of other kinds are thrown again. */
  add(row: number, error: unknown): void {
    if (!(error instanceof CocoEvalError) || error.code === 'LIMIT') throw error;
    const text = error.message.replace(`annotations[${row}]`, 'annotations[#]');
    let kind = this.#known.get(text);
    if (kind === undefined) {
      if (this.#errors.length === MAX_KINDS) throw error;
      kind = this.#errors.length;
      this.#known.set(text, kind);
      this.#errors.push(error);
    }
    this.#rows.push(row);
    this.#kinds.push(kind);
  }

  /** The first fault among the rows that are asked for. */
  first(isAsked: (row: number) => boolean): CocoEvalError | undefined {
    let best = -1;
    for (let i = 0; i < this.#rows.length; i++) {
      if ((best < 0 || this.#rows[i]! < this.#rows[best]!) && isAsked(this.#rows[i]!)) best = i;
    }
    if (best < 0) return undefined;
    const { code, message, list, index, hint } = this.#errors[this.#kinds[best]!]!;
    const row = this.#rows[best]!;
    // A fault of the image stays with the image.
    if (list !== 'annotations' || index === undefined) return this.#errors[this.#kinds[best]!];
    return new CocoEvalError(code, message.replace(`annotations[${index}]`, `annotations[${row}]`), { list, index: row, hint });
  }
}
