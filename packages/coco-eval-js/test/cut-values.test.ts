import { describe, expect, it } from 'vitest';
import { parseJson } from '../src/json/parse-json.ts';
import { cutValues } from '../src/node/cut-values.ts';
import { random } from './shared.ts';

function cut(text: string): string {
  return new TextDecoder().decode(cutValues(new TextEncoder().encode(text), 'mask'));
}

describe('cutValues', () => {
  it('takes a key, its value and one comma out', () => {
    expect(cut('{"mask": [[1, 2], []], "a": 1}')).toBe('{ "a": 1}');
    expect(cut('{"a": 1, "mask": {"counts": "]}\\"[{", "x": [{}]} }')).toBe('{"a": 1}');
    expect(cut('[{"mask":null},{"a":1,"mask":"x","b":2}]')).toBe('[{},{"a":1,"b":2}]');
  });

  it('leaves strings that only look like the key', () => {
    for (const text of ['{"task":"mask","a":["mask"]}', '{"a\\"mask": [1], "a": "\\"mask\\": 1"}', '{"unmask": 1, "masks": 2}', '[]']) {
      expect(cut(text)).toBe(text);
    }
  });

  it('what is left parses to what a full parse without the key gives', () => {
    const r = random(8);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(r() * list.length)]!;
    const value = (depth: number): unknown => {
      if (depth > 3 || r() < 0.3) return pick([1, -2.5, null, true, 'mask', '"mask":', ']', '{"mask', 'a\\']);
      if (r() < 0.4) return Array.from({ length: Math.floor(r() * 4) }, () => value(depth + 1));
      return Object.fromEntries(Array.from({ length: Math.floor(r() * 4) }, () => [pick(['mask', 'a', 'b"mask', 'c']), value(depth + 1)]));
    };
    for (let i = 0; i < 500; i++) {
      const text = JSON.stringify(value(0), undefined, pick([0, 1, 2]));
      expect(JSON.parse(cut(text))).toEqual(parseJson(new TextEncoder().encode(text), ['mask']));
    }
  });
});
