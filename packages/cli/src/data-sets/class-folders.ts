import { VitaminError } from '@vitamin-vlm/core';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type DataOf, readWords } from './zero-shot-data.ts';

const ENDINGS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.avif', '.gif']);

/**
 * A folder of pictures for each class, in the order of their names as torchvision's ImageFolder has them. Classes are called as `classnames.txt` says, else as their folders with
 * spaces for underscores.
 *
 * @returns undefined for a folder without folders of pictures.
 * @throws VitaminError `INPUT_UNREADABLE` for a list of another number of names.
 */
export async function openClassFolders(title: string, root: string, part: string): Promise<DataOf<'classify'> | undefined> {
  const folders = (await readdir(part, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  folders.sort();
  const pictures: { readonly item: string; readonly target: number }[] = [];
  const used: string[] = [];
  for (const folder of folders) {
    const files = (await readdir(join(part, folder), { recursive: true }))
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => ENDINGS.has(extname(name).toLowerCase()))
      .toSorted();
    if (files.length === 0) continue;
    for (const file of files) pictures.push({ item: `${folder}/${file}`, target: used.length });
    used.push(folder);
  }
  if (pictures.length === 0) return undefined;
  const words = await readWords(root);
  if (words.classes && words.classes.length !== used.length) {
    throw new VitaminError(
      'INPUT_UNREADABLE',
      `Expected ${used.length} names in ${join(root, 'classnames.txt')}, one for each folder of pictures in ${part}, but found ${words.classes.length}`,
    );
  }
  return {
    kind: 'classify',
    name: title,
    classes: words.classes ?? used.map((folder) => folder.replaceAll('_', ' ')),
    templates: words.templates,
    items: pictures.map(({ item }) => item),
    read: async (index) => ({ picture: join(part, pictures[index]!.item), target: pictures[index]!.target }),
    close: async () => undefined,
  };
}
