import { expect, it } from 'vitest';
import { FORMAT_KEYS } from '../src/json/format-keys.data.ts';
import { JsonScanner } from '../src/json/scanner.ts';
import { readValue } from '../src/json/value.ts';

it('keys of the formats are never decoded, others once', () => {
  const entry = Object.fromEntries([...FORMAT_KEYS, 'another'].map((key) => [key, 0]));
  const list = Array.from({ length: 5 }, () => entry);
  const scanner = new JsonScanner(new TextEncoder().encode(JSON.stringify(list)));
  expect(readValue(scanner)).toEqual(list);
  expect(scanner.newKeys).toBe(1);
});
