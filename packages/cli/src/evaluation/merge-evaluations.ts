import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { mergeRuns, readManifest } from '@vitamin-vlm/runs';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../command.ts';
import type { OpenScorer, Places, TaskName } from './evaluation.ts';
import type { evaluationFlags } from './run-flags.ts';
import { evaluationFolder, placesOf, scoreEvaluation } from './run-evaluation.ts';

/** How the evaluations of each task are scored. */
const openScorer: Readonly<Record<TaskName, OpenScorer>> = {
  classify: async (...args) => await (await import('./score-classification.ts')).openZeroShotScorer(...args),
  detect: async (...args) => await (await import('./score-detections.ts')).openDetectionScorer(...args),
  answer: async (settings, places) => await (await import('./score-answers.ts')).openAnswerScorer(settings, places),
  segment: async (...args) => await (await import('./score-segments.ts')).openSegmentScorer(...args),
};

/**
 * Joins the finished shards of an evaluation into a folder, with the same bytes as those of one run over everything, and scores it.
 *
 * @param moved - Places of the data set that are not where they were.
 * @returns The exit status.
 * @throws VitaminError as `mergeRuns` and the scorer.
 */
export async function mergeEvaluations(context: Context<typeof evaluationFlags>, parts: readonly string[], moved: Places): Promise<number> {
  const folder = await evaluationFolder(context);
  const settings = (await readManifest(parts[0]!))?.settings;
  if (!settings) throw new VitaminError('INPUT_NOT_FOUND', `Expected a shard of an evaluation in ${parts[0]} but found none`);
  const { task } = settings;
  if (typeof task !== 'string' || !Object.hasOwn(openScorer, task)) {
    const known = Object.keys(openScorer).join(', ');
    throw new VitaminError(
      'USAGE',
      `Expected a shard of an evaluation (${known}) in ${parts[0]} but found ${JSON.stringify(task) ?? 'none'}`,
    );
  }
  const places = { ...(await readPlaces(parts)), ...moved };
  const scorer = await openScorer[task as TaskName](settings, places, context.signal);
  await mergeRuns(folder, parts);
  for (const name of scorer.folders ?? []) {
    for (const part of parts) await cp(join(part, name), join(folder, name), { recursive: true, force: true });
  }
  await writeFileAtomic(placesOf(folder), `${JSON.stringify(scorer.places, null, 2)}\n`);
  return await scoreEvaluation(context, folder, task as TaskName, scorer);
}

/** Where the first part that knows saw the data set. */
async function readPlaces(parts: readonly string[]): Promise<Places> {
  for (const part of parts) {
    const text = await readFile(placesOf(part), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    try {
      const places = JSON.parse(text) as Record<string, unknown>;
      return Object.fromEntries(Object.entries(places).filter(([, place]) => typeof place === 'string')) as Places;
    } catch {
      // another part may know
    }
  }
  return {};
}
