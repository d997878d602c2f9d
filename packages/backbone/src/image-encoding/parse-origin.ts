import type { Identity } from '../load/identity.ts';
import type { Recipe } from '../load/recipe.ts';
import type { ImageGeometry } from '../tasks/image-geometry.ts';

/** Sides and pixels that a file may claim: results of this size are allocated from it. A label map of 2^28 pixels takes 512 MiB. */
const MAX_SIDE = 65_535;
const MAX_PIXELS = 2 ** 28;

type Fields = Readonly<Partial<Record<string, unknown>>>;
type Fail = (what: string) => Error;

/** What every saved encoding says of where it comes from. */
export interface Origin {
  readonly identity: Identity;
  readonly recipe: Recipe;
  readonly geometry: ImageGeometry;
}

/**
 * Reads the origin beside the tensors of an encoding: three members in JSON. The file may be hostile, so every value is checked.
 *
 * @param fail - Makes the error from what was expected.
 * @throws whatever `fail` makes.
 * @example
 * ```ts
 * import { parseOrigin } from '@vitamin-vlm/backbone';
 * import { openCheckpoint } from '@vitamin-vlm/checkpoint';
 * await using file = await openCheckpoint('street.safetensors');
 * const { geometry } = parseOrigin(file.metadata, (what) => new Error(`Expected ${what}`));
 * console.log(geometry.width, geometry.height);
 * ```
 */
export function parseOrigin(metadata: Fields, fail: Fail): Origin {
  return {
    identity: parseIdentity(metadata['identity'], fail),
    recipe: parseRecipe(metadata['recipe'], fail),
    geometry: parseGeometry(metadata['geometry'], fail),
  };
}

/** Which values each field of a recipe may have. */
const recipeFields: Readonly<Record<keyof Recipe, (value: unknown) => boolean>> = {
  size: isSide,
  edge: oneOf('shortest', 'longest', 'both'),
  resize: oneOf('bicubic', 'bilinear', 'opencv-bilinear'),
  window: isSide,
  stride: isSide,
  placement: oneOf('floor', 'aligned'),
  padding: oneOf('none', 'zeroBefore', 'zeroAfter', 'mean'),
  normalization: isNormalization,
  posEmbed: oneOf('add', 'skip'),
  precision: oneOf('float32', 'int8'),
};

/** Reads the identity that a file states, as `parseOrigin` does. */
export function parseIdentity(json: unknown, fail: Fail): Identity {
  const { tower, head, text } = parseFields(json);
  const parts = Object.entries({ tower, head, text }).filter(([name, value]) => name === 'tower' || value !== undefined);
  if (parts.every(([, value]) => typeof value === 'string' && /^[0-9a-f]{64}$/u.test(value))) {
    return Object.fromEntries(parts) as unknown as Identity;
  }
  throw fail(`the digests of its weights but found ${shown(json)}`);
}

/** Reads the recipe that a file states. */
function parseRecipe(json: unknown, fail: Fail): Recipe {
  const fields = parseFields(json);
  const wrong = Object.entries(recipeFields).find(([name, fits]) => !fits(fields[name]));
  if (!wrong) return Object.fromEntries(Object.keys(recipeFields).map((name) => [name, fields[name]])) as unknown as Recipe;
  throw fail(`a recipe with ${wrong[0]} but found ${shown(json)}`);
}

/** Reads the geometry of a file that may be hostile: every number is checked, because results of this size are allocated. */
function parseGeometry(json: unknown, fail: Fail): ImageGeometry {
  const value = parseFields(json);
  const region = asFields(value['region']);
  const sides = ['width', 'height', 'inputWidth', 'inputHeight'].map((name) => value[name]);
  const [width, height, inputWidth, inputHeight] = sides as [number, number, number, number];
  const numbers = ['left', 'top', 'width', 'height'].map((name) => region[name]) as [number, number, number, number];
  const [left, top, regionWidth, regionHeight] = numbers;
  if (!sides.every(isSide) || width * height > MAX_PIXELS || !numbers.every(Number.isFinite) || !(regionWidth > 0 && regionHeight > 0)) {
    throw fail(`sizes of at most ${MAX_PIXELS} pixels but found ${shown(json)}`);
  }
  return { width, height, inputWidth, inputHeight, region: { left, top, width: regionWidth, height: regionHeight } };
}

function parseFields(json: unknown): Fields {
  try {
    return asFields(JSON.parse(String(json)));
  } catch {
    return {};
  }
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function shown(json: unknown): string {
  return typeof json === 'string' ? json.slice(0, 120) : 'nothing';
}

function isSide(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_SIDE;
}

function oneOf(...values: readonly string[]): (value: unknown) => boolean {
  return (value) => values.includes(value as string);
}

function isNormalization(value: unknown): boolean {
  const { divisor, mean, std } = asFields(value);
  return (divisor === 1 || divisor === 255) && isTriple(mean) && isTriple(std);
}

function isTriple(list: unknown): boolean {
  return Array.isArray(list) && list.length === 3 && list.every(Number.isFinite);
}
