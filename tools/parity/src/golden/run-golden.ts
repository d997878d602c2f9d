import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VitaminError } from '@vitamin-vlm/core';
import type { SessionOptions } from '@vitamin-vlm/runtime';
import { fcclipConvNeXtCheckpoint } from '../fcclip/convnext-checkpoint.ts';
import { fcclipConvNeXtNano } from '../fcclip/convnext.ts';
import { fcclipFullWidth } from '../fcclip/full-width.ts';
import { fcclipNano } from '../fcclip/nano.ts';
import { fvitEvaNano, fvitEvaTrain } from '../fvit/eva.ts';
import { fvitEvaCheckpoints } from '../fvit/eva-checkpoints.ts';
import { fvitFullWidth } from '../fvit/full-width.ts';
import { fvitNano } from '../fvit/nano.ts';
import { fvitVectors } from '../fvit/vectors.ts';
import { llavaNano } from '../llava/nano.ts';
import { comparePayloads } from '../llava/payloads.ts';
import { llavaPreprocess } from '../llava/preprocess.ts';
import { llavaPrompts } from '../llava/prompts.ts';
import { compareScorers } from '../llava/scorers/compare-scorers.ts';
import { gatherFiles, LIST } from '../llava/scorers/scorer-files.ts';
import { towers } from '../towers/towers.ts';
import type { GoldenChecker } from './checker.ts';
import { Golden, type GoldenResult } from './golden.ts';

/** The formats of golden files. */
const formats: Readonly<Record<string, GoldenChecker>> = {
  'fcclip-convnext-checkpoint': fcclipConvNeXtCheckpoint,
  'fcclip-convnext-nano': fcclipConvNeXtNano,
  'fcclip-full-width': fcclipFullWidth,
  'fcclip-nano': fcclipNano,
  'fvit-eva-checkpoints': fvitEvaCheckpoints,
  'fvit-eva-nano': fvitEvaNano,
  'fvit-eva-train': fvitEvaTrain,
  'fvit-full-width': fvitFullWidth,
  'fvit-nano': fvitNano,
  'fvit-vectors': fvitVectors,
  'llava-nano': llavaNano,
  'llava-preprocess': llavaPreprocess,
  'llava-prompts': llavaPrompts,
  towers,
};

/** Options of `runGolden`. */
export interface GoldenOptions extends Pick<SessionOptions, 'threads' | 'signal'> {
  /** Where a folder for checkpoints is made. Default: the system's folder for temporary files. */
  readonly folder?: string | undefined;
  readonly onResult?: ((result: GoldenResult) => void) | undefined;
}

/** The outcome for one golden file. */
export interface GoldenOutcome {
  /** One per member, and one for each value that was not compared. */
  readonly results: readonly GoldenResult[];
  /** Values compared one by one. */
  readonly compared: number;
}

/** Formats of files that do not state theirs, by a member that no other has. */
const unstated: Readonly<Record<string, string>> = {
  publishedCheckpoints: 'fvit-eva-checkpoints',
  backboneTensors: 'fcclip-convnext-checkpoint',
};

/** Whether a text is a golden file: JSON with a member `format`, or a list of tensors. */
export function isGolden(text: string): boolean {
  try {
    const file = JSON.parse(text) as { format?: unknown } | null;
    return (
      typeof file?.format === 'string' || (typeof file === 'object' && file !== null && Object.keys(unstated).some((name) => name in file))
    );
  } catch {
    return false;
  }
}

/**
 * Computes every value of a golden file with the networks of this repository and compares it. A value that nothing was compared with fails the run.
 *
 * @throws VitaminError `USAGE` for an unknown format, `ABORTED` on the signal.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { runGolden } from '@vitamin-vlm/parity';
 * const { results, compared } = await runGolden(await readFile('fvit_vectors.json', 'utf8'));
 * console.log(compared, results.every(({ pass }) => pass));
 * ```
 */
export async function runGolden(text: string, options: GoldenOptions = {}): Promise<GoldenOutcome> {
  return await check(
    text,
    (golden) => {
      const known = Object.keys(unstated).find((name) => golden.has(name));
      const format = known === undefined ? golden.at('format').takeText() : unstated[known]!;
      if (Object.hasOwn(formats, format)) return formats[format]!;
      throw new VitaminError('USAGE', `Expected a golden file of format ${Object.keys(formats).join(', ')} but found "${format}"`);
    },
    options,
  );
}

/** Golden folders by the file that tells what they are. */
const folders: Readonly<Record<string, GoldenFolder>> = {
  'payloads.json': {
    read: (folder) => readFile(join(folder, 'payloads.json'), 'utf8'),
    checker: (folder) => (golden, context) => comparePayloads(golden, folder, context),
  },
  [LIST]: { read: gatherFiles, checker: () => compareScorers },
};

interface GoldenFolder {
  /** The golden file of the folder, or one made of all its files. */
  readonly read: (folder: string) => Promise<string>;
  readonly checker: (folder: string) => GoldenChecker;
}

/**
 * `runGolden` for a folder of files, such as the payloads of LLaVA, or its benchmarks.
 *
 * @throws VitaminError `INPUT_NOT_FOUND` for a folder that is none of the known ones, `ABORTED` on the signal.
 * @example
 * ```ts
 * import { runGoldenFolder } from '@vitamin-vlm/parity';
 * const { results } = await runGoldenFolder('golden/payloads');
 * console.log(results.every(({ pass }) => pass));
 * ```
 */
export async function runGoldenFolder(folder: string, options: GoldenOptions = {}): Promise<GoldenOutcome> {
  for (const [name, { read, checker }] of Object.entries(folders)) {
    if (await stat(join(folder, name)).catch(() => undefined)) return await check(await read(folder), () => checker(folder), options);
  }
  throw new VitaminError(
    'INPUT_NOT_FOUND',
    `Expected a folder with ${Object.keys(folders).join(' or ')} but found none of them in ${folder}`,
  );
}

async function check(text: string, choose: (golden: Golden) => GoldenChecker, options: GoldenOptions): Promise<GoldenOutcome> {
  const results: GoldenResult[] = [];
  const golden = Golden.parse(text, (result) => {
    results.push(result);
    options.onResult?.(result);
  });
  const checker = choose(golden);
  const folder = await mkdtemp(join(options.folder ?? tmpdir(), 'vitamin-golden-'));
  try {
    await checker(golden, { folder, threads: options.threads, signal: options.signal });
  } catch (error) {
    if (!(error instanceof VitaminError) || error.code === 'ABORTED') throw error;
    golden.fail(`${error.code}: ${error.message}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  for (const field of golden.unchecked()) {
    const missing: GoldenResult = { field, pass: false, error: Infinity, limit: 0, at: 'not checked' };
    results.push(missing);
    options.onResult?.(missing);
  }
  return { results, compared: golden.compared };
}
