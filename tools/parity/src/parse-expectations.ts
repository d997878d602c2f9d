import { textTowers, windowGrid } from '@vitamin-vlm/backbone';
import { VitaminError } from '@vitamin-vlm/core';
import type {
  ClipExpectation,
  Expectation,
  Expected,
  ExpectedTensors,
  ImageExpectation,
  PositionsExpectation,
  SlidingExpectation,
  TextExpectation,
} from './expectation.ts';
import { arrayAt, formatError, integerAt, type JsonObject, membersOf, numberAt, objectAt, stringAt } from './json.ts';
import { parityModel } from './models.ts';
import { clipFields, imageFields, positionsFields, slidingFields, textFields } from './fields.ts';

/** Limits of what a file may ask for: beyond every published size, within what a machine can hold. */
const MAX_SIDE = 4096;
const MAX_WIDTH = 4096;
const MAX_LAYERS = 64;
const MAX_ROWS = 256;
const MAX_GRID = 256;
const { context, vocabulary } = textTowers.small;

/**
 * Reads an expectation file. Everything in it is checked before any work begins.
 *
 * @param text - JSON; the format is described in README.md.
 * @throws VitaminError `USAGE` that names the place in the file, `MODEL_UNKNOWN` for a model that was not published.
 * @example
 * ```ts
 * import { parseExpectations } from '@vitamin-vlm/parity';
 * const [image] = parseExpectations('{"image":{"nano":{"embedding":{"shape":[1,48]}}}}');
 * console.log(image?.kind, image?.tensors.get('embedding')?.shape); // image [ 1, 48 ]
 * ```
 */
export function parseExpectations(text: string): Expectation[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new VitaminError('USAGE', `Expected JSON but found: ${(cause as Error).message}`, { cause });
  }
  const expectations = membersOf(objectAt(json, 'the top'), (name) => sections.has(name)).flatMap(([section, value]) => {
    const parse = sections.get(section);
    if (!parse) throw formatError('the top', `only the sections ${[...sections.keys()].join(', ')}`, section);
    return parse(value);
  });
  if (expectations.length === 0) throw formatError('the top', `one of the sections ${[...sections.keys()].join(', ')}`, json);
  return expectations;
}

const sections: ReadonlyMap<string, (value: unknown) => Expectation[]> = new Map([
  ['image', imagesAt],
  ['text', (value: unknown) => listAt(value, 'text', textAt)],
  ['sliding', (value: unknown) => listAt(value, 'sliding', slidingAt)],
  ['clip', (value: unknown) => listAt(value, 'clip', clipAt)],
  ['positions', (value: unknown) => listAt(value, 'positions', positionsAt)],
]);

function imagesAt(value: unknown): Expectation[] {
  return membersOf(objectAt(value, 'image'), () => true).map(([name, entry]): ImageExpectation => {
    const model = parityModel(name);
    return { kind: 'image', model, tensors: tensorsAt(objectAt(entry, `image.${name}`), `image.${name}`, [], imageFields(model)) };
  });
}

function listAt(value: unknown, place: string, parse: (entry: JsonObject, place: string) => Expectation): Expectation[] {
  return arrayAt(value, place).map((entry, i) => parse(objectAt(entry, `${place}[${i}]`), `${place}[${i}]`));
}

function textAt(entry: JsonObject, place: string): TextExpectation {
  const width = integerAt(entry['width'], `${place}.width`, 1, MAX_WIDTH);
  const heads = integerAt(entry['heads'], `${place}.heads`, 1, width);
  if (width % heads !== 0) throw formatError(`${place}.heads`, `a divisor of the width ${width}`, heads);
  const layers = integerAt(entry['layers'], `${place}.layers`, 1, MAX_LAYERS);
  const embedDim = integerAt(entry['embedDim'], `${place}.embedDim`, 1, MAX_WIDTH);
  const tensors = tensorsAt(entry, place, ['width', 'heads', 'layers', 'embedDim', 'ids'], textFields(layers));
  return { kind: 'text', config: { width, heads, layers, embedDim, vocabulary, context }, ids: idsAt(entry, place), tensors };
}

function slidingAt(entry: JsonObject, place: string): SlidingExpectation {
  const model = parityModel(stringAt(entry['model'], `${place}.model`));
  const [height, width, window, stride] = ['height', 'width', 'window', 'stride'].map((name) =>
    integerAt(entry[name], `${place}.${name}`, 1, MAX_SIDE),
  ) as [number, number, number, number];
  if (window % 16 !== 0) throw formatError(`${place}.window`, 'a multiple of 16', window);
  windowGrid(height, width, window, stride); // throws for windows that do not fit
  const tensors = tensorsAt(entry, place, ['model', 'height', 'width', 'window', 'stride'], slidingFields);
  return { kind: 'sliding', model, height, width, window, stride, tensors };
}

function clipAt(entry: JsonObject, place: string): ClipExpectation {
  const model = parityModel(stringAt(entry['model'], `${place}.model`));
  return { kind: 'clip', model, ids: idsAt(entry, place), tensors: tensorsAt(entry, place, ['model', 'ids'], clipFields) };
}

function positionsAt(entry: JsonObject, place: string): PositionsExpectation {
  const grid = (name: 'from' | 'to'): readonly [number, number] => {
    const sides = arrayAt(entry[name], `${place}.${name}`).map((side, i) => integerAt(side, `${place}.${name}[${i}]`, 1, MAX_GRID));
    if (sides.length !== 2) throw formatError(`${place}.${name}`, '[height, width]', sides);
    return sides as [number, number];
  };
  const antialias = entry['antialias'] ?? true;
  if (typeof antialias !== 'boolean') throw formatError(`${place}.antialias`, 'true or false', antialias);
  const dim = integerAt(entry['dim'], `${place}.dim`, 1, MAX_WIDTH);
  const tensors = tensorsAt(entry, place, ['from', 'to', 'dim', 'antialias'], positionsFields);
  return { kind: 'positions', from: grid('from'), to: grid('to'), dim, antialias, tensors };
}

function idsAt(entry: JsonObject, place: string): number[][] {
  const rows = arrayAt(entry['ids'], `${place}.ids`);
  if (rows.length === 0 || rows.length > MAX_ROWS) throw formatError(`${place}.ids`, `1 to ${MAX_ROWS} rows`, rows.length);
  return rows.map((row, i) => {
    const ids = arrayAt(row, `${place}.ids[${i}]`);
    if (ids.length === 0 || ids.length > context) throw formatError(`${place}.ids[${i}]`, `1 to ${context} token ids`, ids.length);
    return ids.map((id, j) => integerAt(id, `${place}.ids[${i}][${j}]`, 0, vocabulary - 1));
  });
}

/** All members of an entry but its settings. */
function tensorsAt(entry: JsonObject, place: string, settings: readonly string[], fields: readonly string[]): ExpectedTensors {
  const tensors = new Map<string, Expected>();
  for (const [name, value] of membersOf(entry, (known) => settings.includes(known) || fields.includes(known))) {
    if (settings.includes(name)) continue;
    if (!fields.includes(name)) throw formatError(place, `tensors among ${fields.join(', ')}`, name);
    tensors.set(name, expectedAt(objectAt(value, `${place}.${name}`), `${place}.${name}`));
  }
  return tensors;
}

const expectedMembers: readonly string[] = ['shape', 'mean', 'meanAbs', 'samples', 'sinSum'];

function expectedAt(value: JsonObject, place: string): Expected {
  const members = new Map(membersOf(value, (name) => expectedMembers.includes(name)));
  for (const name of members.keys())
    if (!expectedMembers.includes(name)) throw formatError(place, `only ${expectedMembers.join(', ')}`, name);
  if (members.size === 0) throw formatError(place, `at least one of ${expectedMembers.join(', ')}`, value);
  const number = (name: 'mean' | 'meanAbs' | 'sinSum'): Partial<Record<typeof name, number>> =>
    members.has(name) ? { [name]: numberAt(members.get(name), `${place}.${name}`) } : {};
  const shape = members.has('shape')
    ? arrayAt(members.get('shape'), `${place}.shape`).map((dim, i) => integerAt(dim, `${place}.shape[${i}]`, 0, Number.MAX_SAFE_INTEGER))
    : undefined;
  return {
    ...(shape ? { shape } : {}),
    ...number('mean'),
    ...number('meanAbs'),
    ...number('sinSum'),
    ...(members.has('samples') ? { samples: samplesAt(members.get('samples'), `${place}.samples`) } : {}),
  };
}

function samplesAt(value: unknown, place: string): [number, number][] {
  return Object.entries(objectAt(value, place)).map(([index, sample]) => {
    if (!/^\d{1,15}$/u.test(index)) throw formatError(place, 'flat indices', index);
    return [Number(index), numberAt(sample, `${place}.${index}`)];
  });
}
