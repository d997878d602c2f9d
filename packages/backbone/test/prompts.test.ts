import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseLabelsFile, parseLabels } from '../src/text/labels.ts';
import { promptSets } from '../src/text/prompt-sets.ts';
import { fillPrompts } from '../src/text/prompts.ts';

it.each([
  ['simple', 1],
  ['imagenet7', 7],
  ['imagenet80', 80],
  ['fcclip', 14],
  ['fvit', 63],
] as const)('%s has %i different sentences', (name, count) => {
  expect(new Set(fillPrompts('cat', name)).size).toBe(count);
  expect(promptSets[name].templates).toHaveLength(count);
});

it('builds the sentences of the originals', () => {
  const all = fillPrompts('tench', 'imagenet80');
  for (const sentence of ['a bad photo of a tench.', 'a origami tench.', 'the toy tench.', 'a photo of many tench.', 'itap of my tench.']) {
    expect(all).toContain(sentence);
  }
  expect(all).toEqual(expect.arrayContaining(fillPrompts('tench', 'imagenet7')));
  expect(fillPrompts('sky', 'fcclip').filter((sentence) => !sentence.endsWith('.'))).toHaveLength(4);
  const fvit = fillPrompts('apple', 'fvit');
  expect(fvit.filter((sentence) => sentence.startsWith('This is '))).toHaveLength(58);
  for (const sentence of [
    'There is an apple in the scene.',
    'This is an embroidered apple.',
    'This is a good photo of an apple.',
    'itap of my apple.',
  ]) {
    expect(fvit).toContain(sentence);
  }
  expect(fillPrompts('Tree_House/shed.', 'fvit')).toContain('There is a tree house or shed in the scene.');
});

it('takes own templates and leaves odd names alone', () => {
  expect(fillPrompts('{article} $& {}', ['see {article} {}, {}'])).toEqual(['see a {article} $& {}, {article} $& {}']);
  expect(() => fillPrompts('cat', ['a photo'])).toThrow('{}');
  expect(() => fillPrompts('cat', [])).toThrow('templates');
  expect(() => fillPrompts('cat', 'toString' as 'simple')).toThrow('imagenet80');
});

it('reads labels with synonyms', () => {
  expect(parseLabels(['cat | kitten', 'dog'])).toEqual([
    { name: 'cat', synonyms: ['cat', 'kitten'] },
    { name: 'dog', synonyms: ['dog'] },
  ]);
  expect(() => parseLabels([])).toThrow('labels');
  expect(() => parseLabels(['cat', ' | '])).toThrow('empty name');
  expect(parseLabelsFile('\ufeff# mine\r\n0:invalid_class_id\r\n\r\n7: person, child\r\nred: umbrella\r\n')).toEqual([
    { name: 'person', synonyms: ['person', 'child'], id: 7 },
    { name: 'red: umbrella', synonyms: ['red: umbrella'] },
  ]);
  expect(() => parseLabelsFile('\n\n')).toThrow('labels');
});

it.each(['\n', '\r\n', '\r', '\u2028', '\u2029', '\u0085'])('reads lines that end with %j', (end) => {
  const names = parseLabelsFile(['sheep', 'cat,kitten', '', '3:truck'].join(end)).map(({ synonyms }) => synonyms);
  expect(names).toEqual([['sheep'], ['cat', 'kitten'], ['truck']]);
});

it('takes names in JSON as they are', () => {
  expect(parseLabelsFile('["sheep", "salt, pepper"]')).toEqual([
    { name: 'sheep', synonyms: ['sheep'] },
    { name: 'salt, pepper', synonyms: ['salt, pepper'] },
  ]);
  expect(parseLabelsFile('\ufeff {"images": [], "categories": [{"id": 7, "name": "red: car"}]}')).toEqual([
    { name: 'red: car', synonyms: ['red: car'], id: 7 },
  ]);
  for (const text of ['["sheep", ', '{"sheep": 1}', '[["sheep"]]', '["sheep", 3]', '[{"id": 1}]', '[]', '[" "]', '["a", null]'])
    expect(() => parseLabelsFile(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  // A bracket alone makes no JSON.
  expect(parseLabelsFile('[unknown]\nsheep')).toHaveLength(2);
});

const folder = join(process.env['VITAMIN_SHARED']!, 'data/vocabularies');
it.skipIf(!existsSync(folder)).each([
  ['coco_panoptic', 133, 254],
  ['ade20k_150', 150, 403],
  ['cityscapes', 19, 60],
  ['pascal_voc_21', 21, 153],
  ['ade20k_847', 847, 1342],
])('reads the classes of %s (needs the shared vocabularies)', (name, classes, synonyms) => {
  const labels = parseLabelsFile(readFileSync(join(folder, `${name}_with_prompt_eng.txt`), 'utf8'));
  expect(labels).toHaveLength(classes);
  expect(labels.flatMap((label) => label.synonyms)).toHaveLength(synonyms);
});
