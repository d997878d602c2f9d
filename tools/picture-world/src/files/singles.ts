import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted, VitaminError, type WorkOptions, writeFileAtomic } from '@vitamin-vlm/core';
import { encodePng } from '@vitamin-vlm/image';
import { kinds } from '../kinds/catalog.ts';
import { renderSingle, type SingleOptions } from '../single.ts';

/** Which pictures of single things. */
export interface SinglesOptions extends SingleOptions, WorkOptions {
  /** Pictures of each kind, 1 to 10,000. */
  readonly count: number;
  /** Seed of the first picture of each kind (default 1); the others follow. */
  readonly seed?: number;
  /** Kinds that are drawn (default: all 65). */
  readonly kinds?: readonly string[];
}

/**
 * Writes pictures of single things as a data set for classification: a folder for each kind, with `classnames.txt` (the kinds in the order of their folders) and
 * `zeroshot_classification_templates.txt`. Files that exist already are replaced.
 *
 * @param root folder, made if missing
 * @throws VitaminError `USAGE` for options out of range, `ABORTED` when the signal fires; the system's error if a file cannot be written
 * @example
 * ```ts
 * import { writeSingles } from '@vitamin-vlm/picture-world';
 * await writeSingles('singles', { count: 4, split: 'val', width: 96 });
 * ```
 */
export async function writeSingles(root: string, options: SinglesOptions): Promise<void> {
  const { count, seed = 1, kinds: chosen = kinds.map(({ name }) => name), signal, onProgress, ...single } = options;
  if (!Number.isInteger(count) || count < 1 || count > 10_000) {
    throw new VitaminError('USAGE', `Expected 1 to 10000 pictures of each kind but received ${count}`);
  }
  for (const kind of chosen) renderSingle(seed + count - 1, kind, single); // if the last can be drawn, all options hold
  const names = chosen.toSorted();
  for (const [done, name] of names.entries()) {
    await mkdir(join(root, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      throwIfAborted(signal);
      const { picture } = renderSingle(seed + i, name, single);
      await writeFileAtomic(join(root, name, `${String(seed + i).padStart(12, '0')}.png`), await encodePng(picture));
      await setImmediate(); // the canvas frees its memory there
    }
    onProgress?.({ phase: 'run', done: done + 1, total: names.length });
  }
  await writeFileAtomic(join(root, 'classnames.txt'), `${names.join('\n')}\n`);
  await writeFileAtomic(join(root, 'zeroshot_classification_templates.txt'), 'a {c}.\na photo of a {c}.\n');
}
