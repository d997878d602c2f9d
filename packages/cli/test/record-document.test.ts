import { expect, it } from 'vitest';
import { RecordDocument } from '../src/record-document.ts';

async function textOf(head: object, records: readonly object[], tail: object): Promise<string[]> {
  const texts = ['', ''];
  const document = new RecordDocument(
    head,
    'images',
    texts.map((_, i) => async (part) => void (texts[i] += part)),
  );
  for (const record of records) await document.add(record);
  await document.end(tail);
  return texts;
}

it.each([
  [{ schemaVersion: 1, model: { name: 'x' } }, [], {}],
  [{ schemaVersion: 1 }, [{ file: 'a\nb', labels: [] }], {}],
  [{}, [{ a: [1, { b: 2 }] }, { a: null }, {}], { failed: [{ file: 'c' }], n: 3 }],
  [{ model: null }, [], { failed: [] }],
])('writes piece by piece what JSON.stringify writes at once: %j %j %j', async (head, records, tail) => {
  const whole = `${JSON.stringify({ ...head, images: records, ...tail }, null, 2)}\n`;
  expect(await textOf(head, records, tail)).toEqual([whole, whole]);
});
