import { VitaminError } from '@vitamin-vlm/core';
import { checkShard, type Shard } from './shard.ts';

/** Variables of a process, by name. */
type Variables = Readonly<Record<string, string | undefined>>;

/** What a launcher tells its tasks. */
interface ArrayTask {
  readonly launcher: string;
  /** From 1. */
  readonly index: number;
  /** Undefined where the launcher does not tell it. */
  readonly count: number | undefined;
}

/**
 * The shard of a task that Slurm, Kubernetes or AWS Batch has started as one of many, by the variables that they set: `auto`, or `auto/20`
 * with the number of tasks, which Kubernetes does not tell.
 *
 * - Slurm, `--array=1-20`: the shard is `SLURM_ARRAY_TASK_ID`. Where only some are started again, `--array=3,7`, the number must be given.
 * - Kubernetes, an Indexed Job: `JOB_COMPLETION_INDEX` counts from 0.
 * - AWS Batch, an array job: `AWS_BATCH_JOB_ARRAY_INDEX` counts from 0, `AWS_BATCH_JOB_ARRAY_SIZE` is their number.
 *
 * @param text - `auto`, `auto/N`; for anything else undefined is returned.
 * @throws VitaminError `USAGE` where no launcher has set its variables, or their number is not known.
 * @example
 * ```ts
 * import { parseShard, shardOfArrayTask } from '@vitamin-vlm/runs';
 * const text = process.argv[2] ?? 'auto/20';
 * console.log(shardOfArrayTask(text, process.env) ?? parseShard(text));
 * ```
 */
export function shardOfArrayTask(text: string, variables: Variables): Shard | undefined {
  const [whole, given] = /^auto(?:\/(\d{1,7}))?$/u.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const task = slurm(variables) ?? awsBatch(variables) ?? kubernetes(variables);
  if (!task) {
    throw new VitaminError(
      'USAGE',
      `Expected a task of Slurm, Kubernetes or AWS Batch for the shard ${text} but found none of their variables`,
      {
        hint: 'SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or AWS_BATCH_JOB_ARRAY_INDEX. Elsewhere name the shard: 3/20.',
      },
    );
  }
  const count = given === undefined ? task.count : Number(given);
  if (count === undefined) {
    throw new VitaminError('USAGE', `Expected the number of tasks beside ${task.launcher}'s index but received ${text}`, {
      hint: 'Write auto/20 for 20 of them, the same for every task.',
    });
  }
  return checkShard({ index: task.index, count }, `${task.index}/${count} (${text}, by ${task.launcher})`);
}

/** Of an array that is not 1 to its end some tasks are missing, and the number of all is not known. */
function slurm(variables: Variables): ArrayTask | undefined {
  const index = wholeOf(variables, 'SLURM_ARRAY_TASK_ID');
  if (index === undefined) return undefined;
  const [count, least, most] = ['COUNT', 'MIN', 'MAX'].map((name) => wholeOf(variables, `SLURM_ARRAY_TASK_${name}`));
  return { launcher: 'Slurm', index, count: least === 1 && most === count ? count : undefined };
}

function awsBatch(variables: Variables): ArrayTask | undefined {
  const index = wholeOf(variables, 'AWS_BATCH_JOB_ARRAY_INDEX');
  return index === undefined
    ? undefined
    : { launcher: 'AWS Batch', index: index + 1, count: wholeOf(variables, 'AWS_BATCH_JOB_ARRAY_SIZE') };
}

function kubernetes(variables: Variables): ArrayTask | undefined {
  const index = wholeOf(variables, 'JOB_COMPLETION_INDEX');
  return index === undefined ? undefined : { launcher: 'Kubernetes', index: index + 1, count: undefined };
}

function wholeOf(variables: Variables, name: string): number | undefined {
  const text = variables[name];
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,7}$/u.test(text)) return Number(text);
  throw new VitaminError('USAGE', `Expected a whole number in ${name} but found ${JSON.stringify(text)}`);
}
