import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../command.ts';
import { dataCompTasks } from '../data-sets/datacomp-tasks.data.ts';
import { openZeroShotData } from '../data-sets/open-zero-shot-data.ts';
import type { modelFlags } from '../flags.ts';
import type { Failure } from '../inputs.ts';
import { loadModel } from '../model.ts';
import { zeroShotEvaluation } from './evaluate-classification.ts';
import { evaluationFolder, failures, scoreRun, statusOf, workThrough } from './run-evaluation.ts';
import type { runFlags } from './run-flags.ts';
import type { SuiteEntry } from './suite-list.ts';
import { percent } from './segment-scores.ts';
import { type SuiteResult, suiteScores } from './suite-scores.ts';

type SuiteContext = Context<typeof modelFlags & Pick<typeof runFlags, 'limit' | 'retryBroken'>>;

/**
 * Runs the data sets of a suite, one after the other, each in a folder of its own below -o; one that is finished is scored again.
 *
 * @returns The exit status.
 * @throws VitaminError as `runEvaluation`; every data set is opened before the first is run.
 */
export async function runSuite(context: SuiteContext, suite: readonly SuiteEntry[]): Promise<number> {
  const { flags, output } = context;
  const folder = await evaluationFolder(context);
  for (const { dataset } of suite) await (await openZeroShotData(dataset)).close();
  await mkdir(folder, { recursive: true });
  await using backbone = await loadModel(context);
  const settings = { task: 'suite', datasets: suite, limit: flags.limit ?? null, model: { identity: backbone.model.identity } };
  await writeFileAtomic(join(folder, 'run.json'), `${JSON.stringify({ settings }, null, 2)}\n`);
  const results: SuiteResult[] = [];
  const failed: Failure[] = [];
  for (const { name, dataset, templates, metric } of suite) {
    const data = await openZeroShotData(dataset);
    try {
      const part = join(folder, folderName(name));
      const evaluation = await zeroShotEvaluation(context, backbone, data, { folder: dataset, templates, limit: flags.limit });
      await workThrough(context, part, evaluation);
      const { metrics, failed: missed } = await scoreRun(part, evaluation);
      const chosen = metric ?? dataCompTasks[data.name]?.metric ?? Object.keys(metrics)[1]!;
      const value = metrics[chosen];
      if (value === undefined)
        throw new VitaminError('USAGE', `Expected a metric of ${name} (${Object.keys(metrics).join(', ')}) but received "${chosen}"`);
      results.push({ name, key: data.name, metric: chosen, value });
      failed.push(...missed.map((one) => ({ ...one, file: `${name}: ${one.file}` })));
      output.note(`${name}  ${chosen} ${percent(value)}`);
    } finally {
      await data.close();
    }
  }
  const { metrics, text } = suiteScores(results);
  await writeFileAtomic(join(folder, 'metrics.json'), `${JSON.stringify(metrics, null, 2)}\n`);
  await output.whole(text, { task: 'suite', metrics, datasets: results, folder, ...failures(failed) });
  return statusOf(context, failed);
}

/** A name that is safe as a folder's. */
function folderName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^\.+/u, '') || 'data';
}
