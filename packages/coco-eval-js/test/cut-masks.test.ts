import { describe, expect, it } from 'vitest';
import { parseJson } from '../src/json/parse-json.ts';
import { cutMasks } from '../src/node/cut-masks.ts';
import { random } from './shared.ts';

const cut = (text: string): string => cutMasks(text, 'mask');

describe('cutMasks', () => {
  it('takes a key, its mask and one comma out', () => {
    expect(cut('{"mask": [[1, 2.5e-3], [] ], "a": 1}')).toBe('{ "a": 1}');
    expect(cut('{"a": 1, "mask": {"counts": "0]\\\\[\\"", "size": [2, 3]} }')).toBe('{"a": 1 }');
    expect(cut('[{"mask":[]},{"a":1,"mask":[[-1]],"b":2}]')).toBe('[{},{"a":1,"b":2}]');
  });

  it('leaves other values, what is damaged in or beside it, and strings that only look like the key', () => {
    for (const text of [
      '{"mask":[[1]],}',
      '{,"mask":[[1]]}',
      '{"a":1,,"mask":[[1]]}',
      '{"mask":[[1]] "a":1}',
      '["mask":[[1]]]',
      '{"mask":null,"a":1}',
      '{"mask":[[1,2],"a":1}',
      '{"mask":[["x"]]}',
      '{"task":"mask","a":["mask"]}',
      '{"a\\"mask": [1], "a": "\\"mask\\": [[1]]"}',
      '{"unmask": [[1]], "masks": 2}',
      '[]',
    ]) {
      expect(cut(text)).toBe(text);
    }
  });

  it('what is left parses to what a full parse without the key gives, or still holds the key', () => {
    const r = random(8);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(r() * list.length)]!;
    const masks = [[], [[1, 2.5], [-3e9]], { size: [2, 2], counts: ']["{mask' }, { size: [2, 2], counts: [1, 3] }];
    const value = (depth: number): unknown => {
      if (depth > 3 || r() < 0.3) return pick([1, -2.5, null, true, 'mask', '"mask":', ']', '{"mask', 'a\\', ...masks]);
      if (r() < 0.4) return Array.from({ length: Math.floor(r() * 4) }, () => value(depth + 1));
      const keys = ['mask', 'a', 'b"mask', 'c'].filter(() => r() < 0.6);
      return Object.fromEntries(keys.map((key) => [key, key === 'mask' && r() < 0.8 ? pick(masks) : value(depth + 1)]));
    };
    let clean = 0;
    for (let i = 0; i < 2000; i++) {
      const text = JSON.stringify(value(0), undefined, pick([0, 1, 2]));
      const left = cut(text);
      if (left.includes('"mask"')) continue;
      clean++;
      expect(JSON.parse(left)).toEqual(parseJson(new TextEncoder().encode(text), ['mask']));
    }
    expect(clean).toBeGreaterThan(500);
  });

  it('ends on hostile text', () => {
    const spaces = ' '.repeat(300_000);
    const texts = [
      `"mask":[${spaces}[1]${spaces}x`,
      `,${spaces}"mask"${spaces}:${spaces}[`,
      `"mask":[${'[1],'.repeat(100_000)}`,
      '"mask":['.repeat(50_000),
    ];
    // Quadratic work on these takes minutes.
    for (const text of texts) expect(cut(text)).toBe(text);
  }, 20_000);
});
