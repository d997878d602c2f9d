import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';

/**
 * Binds work to its settings: writes them to a JSON file the first time, compares them ever after. They are taken as JSON holds them.
 *
 * @throws VitaminError `USAGE` that names the first field in which the settings differ from the file's, `INPUT_UNREADABLE` for a file that
 * is not JSON.
 * @example
 * ```ts
 * import { bindSettings } from '@vitamin-vlm/runs';
 * await bindSettings('features/settings.json', { model: 'nano', window: { size: 336, stride: 168 } });
 * ```
 */
export async function bindSettings(file: string, settings: object): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return writeFileAtomic(file, `${JSON.stringify(settings, null, 2)}\n`);
  const difference = firstDifference(parse(file, text), JSON.parse(JSON.stringify(settings)), '');
  if (difference === undefined) return;
  const { path, there, here } = difference;
  throw new VitaminError('USAGE', `Expected ${path} to be ${show(there)} as in ${file} but received ${show(here)}`, {
    hint: 'Go on with the settings of the first start, or use a new folder.',
  });
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VitaminError('INPUT_UNREADABLE', `Expected settings as JSON in ${file} but found something else`, { cause });
  }
}

interface Difference {
  readonly path: string;
  readonly there: unknown;
  readonly here: unknown;
}

/** The first field, in the order of the first value and then of the second, whose values differ. */
export function firstDifference(there: unknown, here: unknown, path: string): Difference | undefined {
  if (isDeepStrictEqual(there, here)) return undefined;
  if (!isRecord(there) || !isRecord(here)) return { path, there, here };
  for (const key of new Set([...Object.keys(there), ...Object.keys(here)])) {
    const found = firstDifference(there[key], here[key], path === '' ? key : `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
