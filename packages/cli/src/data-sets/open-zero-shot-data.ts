import { VitaminError } from '@vitamin-vlm/core';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { openAssociations } from './associations.ts';
import { openClassFolders } from './class-folders.ts';
import { dataCompKey } from './datacomp-tasks.data.ts';
import { openWebDataset } from './web-dataset.ts';
import type { ZeroShotData } from './zero-shot-data.ts';

/** Folders that hold the part which is evaluated. */
const PARTS = ['test', 'val', 'validation'] as const;

/**
 * Opens a data set by its layout: a webdataset (`classnames.txt`, `test/*.tar`; or captions), a folder for each class, or WinoGAViL's list of associations.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` for a folder that is none of these; `INPUT_UNREADABLE` for a damaged one.
 */
export async function openZeroShotData(folder: string): Promise<ZeroShotData> {
  const root = resolve(folder);
  const names = await readdir(root).catch((cause: unknown) => {
    throw new VitaminError('INPUT_NOT_FOUND', `Expected a data set at ${folder} but found ${(cause as NodeJS.ErrnoException).code}`, {
      cause,
    });
  });
  const name = dataCompKey(basename(root)) ?? basename(root);
  const parts = [...PARTS.filter((part) => names.includes(part)).map((part) => join(root, part)), root];
  for (const part of parts) {
    if (!(await stat(part)).isDirectory()) continue;
    const entries = await readdir(part, { withFileTypes: true });
    const tars = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.tar')).map((entry) => entry.name);
    if (tars.length > 0) return await openWebDataset(name, root, part, tars);
    const list = entries.find((entry) => /^(?:test|winogavil)\.(?:csv|jsonl)$/u.test(entry.name));
    if (list) return await openAssociations(name, join(part, list.name), root);
    const classes = await openClassFolders(name, root, part);
    if (classes) return classes;
  }
  throw new VitaminError(
    'INPUT_NOT_FOUND',
    `Expected a data set in ${folder} but found neither ${PARTS[0]}/*.tar nor a folder of pictures for each class`,
    {
      hint: 'A webdataset has classnames.txt, zeroshot_classification_templates.txt and test/0.tar, test/1.tar, ...; else each class is a folder, also below test/ or val/.',
    },
  );
}
