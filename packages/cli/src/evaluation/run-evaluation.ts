import { type Outcome, parseShard, readOutcomes, type RunEvent, runItems, type Shard, shardOfArrayTask } from '@vitamin-vlm/runs';
import { VitaminError, writeFileAtomic } from '@vitamin-vlm/core';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../command.ts';
import { SOME_FAILED } from '../exit-code.ts';
import type { Failure } from '../inputs.ts';
import { formatSeconds } from '../text.ts';
import type { Evaluation, Scorer, Scores, TaskName } from './evaluation.ts';
import type { evaluationFlags, runFlags } from './run-flags.ts';
import { resultVersions } from './versions.ts';

/** Off a terminal: a line after this long. */
const LOG_MS = 60_000;
/** Names of broken items in a warning. */
const NAMED = 10;

/** What an evaluation writes over. */
const RESULTS = ['detections.json', 'panoptic.json', 'panoptic', 'semantic', 'instances.json', 'metrics.json'];

type ScoreContext = Context<typeof evaluationFlags>;
type RunContext = Context<typeof runFlags & typeof evaluationFlags>;
type WorkContext = Pick<Context<Pick<typeof runFlags, 'retryBroken'>>, 'flags' | 'output' | 'progress' | 'signal'>;

/** Where -o leads. @throws VitaminError `USAGE` without -o, or for a folder with an evaluation's files that no run of ours has left. */
export async function evaluationFolder({ flags }: Pick<Context, 'flags'>, results: readonly string[] = RESULTS): Promise<string> {
  const { output: folder, force } = flags;
  if (folder === undefined) throw new VitaminError('USAGE', 'Expected -o DIR, where the evaluation lives, but received none');
  const isThere = async (name: string): Promise<boolean> =>
    access(join(folder, name)).then(
      () => true,
      () => false,
    );
  if (force || (await isThere('run.json'))) return folder;
  let found: string | undefined;
  for (const name of results) if (found === undefined && (await isThere(name))) found = name;
  if (found === undefined) return folder;
  throw new VitaminError('USAGE', `Expected an evaluation or no results in ${folder} but found a ${found} of something else`, {
    hint: 'Use a new folder, or --force to write over it.',
  });
}

/**
 * Runs an evaluation in a folder, or goes on with it, however it was stopped; then scores it. A shard is not scored.
 *
 * @returns The exit status.
 * @throws VitaminError as `runItems`.
 */
export async function runEvaluation<R>(context: RunContext, folder: string, evaluation: Evaluation<R>): Promise<number> {
  const { flags, output } = context;
  const shard = flags.shard === undefined ? undefined : (shardOfArrayTask(flags.shard, process.env) ?? parseShard(flags.shard));
  const total = await workThrough(context, folder, evaluation, shard);
  if (shard === undefined || shard.count === 1) return await scoreEvaluation(context, folder, evaluation.task, evaluation);
  const failed: Failure[] = [];
  for await (const outcome of readOutcomes(folder)) collect(failed, outcome);
  const text = `Shard ${shard.index} of ${shard.count} is done: ${total} items in ${folder}. Join them with vitamin eval merge.`;
  await output.whole(text, { task: evaluation.task, shard, items: total, folder, ...failures(failed) });
  return statusOf(context, failed);
}

/** Makes the results of all items, or of a shard. @returns How many those are. */
export async function workThrough<R>(
  context: WorkContext,
  folder: string,
  { task, items, settings, work, places }: Evaluation<R>,
  shard?: Shard,
): Promise<number> {
  const { flags, signal } = context;
  const { total } = await runItems<R>({
    folder,
    items,
    settings: { task, ...settings, versions: await resultVersions() },
    shard,
    work: (_, index, stop) => work(index, stop),
    retryBroken: flags.retryBroken,
    signal,
    onEvent: (event) => tell(context, event),
  });
  await writeFileAtomic(placesOf(folder), `${JSON.stringify(places, null, 2)}\n`);
  return total;
}

/** Where the data set lay when it was evaluated. */
export const placesOf = (folder: string): string => join(folder, 'places.json');

/** Scores a finished run, and tells: the files of its task, and metrics.json. @returns The exit status. */
export async function scoreEvaluation<R>(context: ScoreContext, folder: string, task: TaskName, scorer: Scorer<R>): Promise<number> {
  const { metrics, text, failed } = await scoreRun(folder, scorer);
  if (context.flags.report && scorer.report) context.output.note(`Wrote ${await scorer.report(folder)}`);
  await context.output.whole(text.trimEnd(), { task, metrics, folder, ...failures(failed) });
  return statusOf(context, failed);
}

/** Scores a finished run: the files of its task, and metrics.json. */
export async function scoreRun<R>(folder: string, scorer: Scorer<R>): Promise<Scores & { readonly failed: readonly Failure[] }> {
  const failed: Failure[] = [];
  const outcomes = async function* (): AsyncGenerator<Outcome<R>, void> {
    for await (const outcome of readOutcomes<R>(folder)) {
      collect(failed, outcome);
      yield outcome;
    }
  };
  const scores = await scorer.score(folder, outcomes());
  await writeFileAtomic(join(folder, 'metrics.json'), `${JSON.stringify(scores.metrics, null, 2)}\n`);
  return { ...scores, failed };
}

/** Writes metrics.json and prints the numbers. Returns the exit status. */
export async function writeScores(context: Context, folder: string, task: TaskName, { metrics, text }: Scores): Promise<number> {
  await writeFileAtomic(join(folder, 'metrics.json'), `${JSON.stringify(metrics, null, 2)}\n`);
  await context.output.whole(text.trimEnd(), { task, metrics, folder });
  return 0;
}

function collect(failed: Failure[], outcome: Outcome): void {
  if ('error' in outcome) failed.push({ file: outcome.item, ...outcome.error });
}

export function failures(failed: readonly Failure[]): { failed?: readonly Failure[] } {
  return failed.length > 0 ? { failed } : {};
}

/** Warns of what failed, if anything. @returns The exit status. */
export function statusOf({ output }: Pick<Context, 'output'>, failed: readonly Failure[]): number {
  if (failed.length === 0) return 0;
  const names = failed.slice(0, NAMED).map(({ file }) => file);
  const more = failed.length > NAMED ? `, and ${failed.length - NAMED} more` : '';
  output.warn(`${failed.length} without a result, counted as if nothing was found in them: ${names.join(', ')}${more}`);
  return SOME_FAILED;
}

function tell({ output, progress }: Pick<Context, 'output' | 'progress'>, event: RunEvent): void {
  if (event.kind === 'broken') {
    output.error(event.code, event.message.includes(event.item) ? event.message : `${event.item}: ${event.message}`);
    return;
  }
  const { done, total, broken, perSecond, secondsLeft } = event;
  process.send?.({ progress: { done, total, broken } }); // to `vitamin work`, if that has started this process
  const parts = [
    `${done} of ${total}`,
    ...(broken > 0 ? [`${broken} broken`] : []),
    ...(perSecond === undefined ? [] : [`${perSecond.toPrecision(2)}/s`]),
    ...(secondsLeft === undefined ? [] : [`${formatSeconds(secondsLeft)} left`]),
  ];
  progress.update(parts.join('  '), total === 0 ? undefined : done / total, LOG_MS);
}
