/** How JSON is written. */
export interface PythonJsonOptions {
  /** Spaces of a level; absent: on one line. */
  readonly indent?: number | undefined;
  /** Other characters than ASCII as `\uXXXX`. Default true. */
  readonly ascii?: boolean | undefined;
}

/** A number that Python holds as a float: `1.0` stays `1.0`. */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/**
 * JSON as Python's `json.dumps` writes it, byte for byte: `", "` and `": "`, ASCII escapes. Files for evaluation servers and other programs are compared with
 * those of the original scripts.
 *
 * @param value - Plain data, in which `PythonFloat` stands for a float, and a map for an object whose names are in this order: JavaScript's own puts whole
 *   numbers first.
 * @example
 * ```ts
 * import { pythonJson, PythonFloat } from '@vitamin-vlm/llava-bridge';
 * console.log(pythonJson({ id: 1, score: new PythonFloat(1), text: 'é' })); // {"id": 1, "score": 1.0, "text": "\u00e9"}
 * ```
 */
export function pythonJson(value: unknown, { indent, ascii = true }: PythonJsonOptions = {}): string {
  const write = (item: unknown, depth: number): string => {
    if (item instanceof PythonFloat) return floatText(item.value);
    if (typeof item === 'string') return ascii ? escaped(JSON.stringify(item)) : JSON.stringify(item);
    if (typeof item !== 'object' || item === null) return JSON.stringify(item) ?? 'null';
    const [open, close] = Array.isArray(item) ? '[]' : '{}';
    const members = (): [string, unknown][] => (item instanceof Map ? [...(item as Map<string, unknown>)] : Object.entries(item));
    const inner = Array.isArray(item)
      ? item.map((element) => write(element, depth + 1))
      : members().map(([name, member]) => `${write(name, depth)}: ${write(member, depth + 1)}`);
    if (inner.length === 0) return `${open}${close}`;
    if (indent === undefined) return `${open}${inner.join(', ')}${close}`;
    const line = (level: number): string => `\n${' '.repeat(indent * level)}`;
    return `${open}${line(depth + 1)}${inner.join(`,${line(depth + 1)}`)}${line(depth)}${close}`;
  };
  return write(value, 0);
}

/** A float as Python's `repr` writes it: the shortest digits, an exponent from 1e16 and below 1e-4. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/u, 'e$10$2');
  }
  const text = size >= 1e21 ? BigInt(value).toString() : String(value);
  return Number.isInteger(value) ? `${text}.0` : text;
}

function escaped(json: string): string {
  return json.replaceAll(/[\u007f-\u{10ffff}]/gu, (character) =>
    Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
}
