import { expect, it } from 'vitest';
import { formatBytes, formatPercent, formatSeconds, oneLine, printable, table, toJson } from '../src/text.ts';

it('writes sizes, shares and times as people read them', () => {
  expect([0, 999, 1000, 12_345_678, 1.3e9, 5e15].map(formatBytes)).toEqual(['0 B', '999 B', '1.0 kB', '12.3 MB', '1.3 GB', '5000.0 TB']);
  expect([0, 0.034, 0.5, 1].map(formatPercent)).toEqual(['0.0 %', '3.4 %', '50 %', '100 %']);
  expect([0.4, 59, 65, 7322].map(formatSeconds)).toEqual(['0 s', '59 s', '1 min 5 s', '2 h 2 min']);
});

it('takes the power out of control characters', () => {
  expect(printable('a\u001b[31mred\rb\u0007\u009b2J')).toBe('a\ufffd[31mred\ufffdb\ufffd\ufffd2J');
  expect(printable('two\n\tlines')).toBe('two\n\tlines');
});

it('turns no text round and breaks no line', () => {
  const name = 'photo\u202egpj.exe\u2066\u2028\u2029\u200f';
  expect(printable(name)).toBe(`photo\ufffdgpj.exe${'\ufffd'.repeat(4)}`);
  expect(oneLine('a\nb\tc')).toBe('a\ufffdb\ufffdc');
  for (const value of [{ [name]: '\u009b2J\u007f\n' }, 'é', ['猫']]) expect(JSON.parse(toJson(value, 2))).toEqual(value);
  expect(toJson({ a: '\u009b\u007f\u202e\n' })).toBe('{"a":"\\u009b\\u007f\\u202e\\n"}');
});

it('lines up columns', () => {
  expect(
    table(
      [
        ['a', '10', 'x'],
        ['long', '5', ''],
      ],
      [1],
    ),
  ).toBe('a     10  x\nlong   5');
});
