import { VitaminError } from '@vitamin-vlm/core';
import { parse } from 'csv-parse/sync';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DataOf } from './zero-shot-data.ts';

const MAX_BYTES = 2 ** 27;
/** Folders that hold WinoGAViL's pictures, beside the list or above it. */
const FOLDERS = ['images', 'winogavil_images', 'imgs', '.'] as const;

/**
 * WinoGAViL's list of cues, with candidates and associations as lists of names, and its folder of pictures (`NAME.jpg`).
 *
 * @param list - `test.csv` or JSON Lines, with the columns cue, candidates, associations.
 * @throws VitaminError `INPUT_UNREADABLE` naming the line, `INPUT_NOT_FOUND` without a folder of pictures.
 */
export async function openAssociations(title: string, list: string, root: string): Promise<DataOf<'associations'>> {
  const { size } = await stat(list);
  if (size > MAX_BYTES) throw new VitaminError('INPUT_UNREADABLE', `Expected at most ${MAX_BYTES} bytes in ${list} but found ${size}`);
  const text = await readFile(list, 'utf8');
  const rows = list.endsWith('.csv') ? csvRows(text, list) : jsonRows(text, list);
  const instances = rows.map((row, i) => {
    const [candidates, associations] = [namesOf(row['candidates']), namesOf(row['associations'])];
    const cue = row['cue'];
    if (typeof cue === 'string' && cue !== '' && candidates && associations) return { cue, candidates, associations };
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected cue, candidates and associations in entry ${i + 1} of ${list} but found ${Object.keys(row).join(', ')}`,
    );
  });
  const folder = await pictureFolder([dirname(list), root], instances[0]?.candidates[0] ?? '');
  return {
    kind: 'associations',
    name: title,
    items: instances.map(({ cue }, i) => `${i} ${cue}`),
    read: async (index) => {
      const { cue, candidates, associations } = instances[index]!;
      return {
        cue,
        candidates: new Map(candidates.map((name) => [name, join(folder, `${name}.jpg`)])),
        associations: new Set(associations),
      };
    },
    close: async () => undefined,
  };
}

async function pictureFolder(roots: readonly string[], name: string): Promise<string> {
  for (const root of roots) {
    for (const folder of FOLDERS) if (await stat(join(root, folder, `${name}.jpg`)).catch(() => undefined)) return join(root, folder);
  }
  throw new VitaminError('INPUT_NOT_FOUND', `Expected the picture ${name}.jpg in ${FOLDERS.join('/, ')} of ${roots.at(-1)} but found none`);
}

type Row = Readonly<Record<string, unknown>>;

function jsonRows(text: string, list: string): Row[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, i) => {
      try {
        return JSON.parse(line) as Row;
      } catch (cause) {
        throw new VitaminError('INPUT_UNREADABLE', `Expected JSON in line ${i + 1} of ${list} but found something else`, {
          cause,
        });
      }
    });
}

function csvRows(text: string, list: string): Row[] {
  try {
    return parse(text, { columns: true, bom: true, skip_empty_lines: true });
  } catch (cause) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected comma-separated values in ${list} but found something else: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** A list as JSON has it or as Python prints it, `['tiger', "cat's eye"]`. Names that lead out of a folder are none. */
function namesOf(value: unknown): string[] | undefined {
  const list =
    typeof value === 'string'
      ? [...value.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/gu)].map(([, single, double]) => (single ?? double)!)
      : value;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  return list.every((name) => typeof name === 'string' && /^[^/\\\0]+$/u.test(name) && name !== '..') ? (list as string[]) : undefined;
}
