/** Something that is wrong with a file: with an error an evaluation stops or its numbers are wrong, with a warning they may not be what they seem. */
export interface Finding {
  readonly level: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly count: number;
  /** The first entries: `annotations[12]`. */
  readonly places: readonly string[];
}

/** Places that are told. */
const TOLD = 5;

/** Counts what is found, one line for each kind however often it happens. */
export class Findings {
  readonly #byCode = new Map<string, { level: Finding['level']; message: string; count: number; places: string[] }>();

  error(code: string, place: string, message: string, count = 1): void {
    this.#add('error', code, place, message, count);
  }

  warning(code: string, place: string, message: string): void {
    this.#add('warning', code, place, message, 1);
  }

  #add(level: Finding['level'], code: string, place: string, message: string, count: number): void {
    const found = this.#byCode.get(code);
    if (found === undefined) {
      this.#byCode.set(code, { level, message, count, places: [place] });
      return;
    }
    found.count += count;
    if (found.places.length < TOLD) found.places.push(place);
  }

  /** Errors first, each in the order in which they were met. */
  list(): Finding[] {
    const all = [...this.#byCode].map(([code, { level, message, count, places }]): Finding => ({ level, code, message, count, places }));
    return all.toSorted((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning'));
  }
}

/** Four finite numbers, or undefined. */
export function boxOf(value: unknown): [number, number, number, number] | undefined {
  const fits = Array.isArray(value) && value.length === 4 && value.every((item) => typeof item === 'number' && Number.isFinite(item));
  return fits ? (value as [number, number, number, number]) : undefined;
}
