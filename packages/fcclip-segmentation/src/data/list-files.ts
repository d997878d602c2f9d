import { readdir } from 'node:fs/promises';
import { extname } from 'node:path';

/** Files of a folder and those below, by their path without its ending, with forward slashes. What is no file is passed over; of files that differ in the ending alone the first in order counts. */
export async function filesByStem(folder: string, endings: readonly string[]): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true });
  const files = new Map<string, string>();
  for (const entry of entries.map((name) => name.replaceAll('\\', '/')).toSorted()) {
    const ending = extname(entry);
    const stem = entry.slice(0, entry.length - ending.length);
    if (endings.includes(ending.toLowerCase()) && !files.has(stem)) files.set(stem, entry);
  }
  return files;
}

export const PICTURE_ENDINGS = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.avif'] as const;
export const MAP_ENDINGS = ['.png', '.tif', '.tiff'] as const;
