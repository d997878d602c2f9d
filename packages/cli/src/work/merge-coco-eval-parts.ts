import { stat } from 'node:fs/promises';
import { VitaminError } from '@vitamin-vlm/core';
import type { Context } from '../command.ts';
import { runCocoEval } from './run-coco-eval.ts';

/**
 * Hands parts that `coco-eval --shard` has made to `coco-eval merge`: they are files, while those of our own evaluations are folders.
 *
 * @returns The exit status; `undefined` when the first input is no file.
 * @throws VitaminError `USAGE` for flags that belong to folders.
 */
export async function mergeCocoEvalParts({ inputs, flags, signal, sourceOf }: Context): Promise<number | undefined> {
  if (!(await stat(inputs[0]!).catch(() => undefined))?.isFile()) return undefined;
  const foreign = ['output', 'annotations', 'root', 'questions', 'images', 'report'].find((flag) => sourceOf(flag) === 'cli');
  if (foreign !== undefined) {
    throw new VitaminError('USAGE', `Expected no --${foreign} for parts that are files but received one`, {
      hint: 'They are those of coco-eval, whose own command takes its flags: coco-eval merge PART... --report DIR.',
    });
  }
  return await runCocoEval(['merge', ...inputs, ...(flags.json ? ['--json'] : []), ...(flags.quiet ? ['-q'] : [])], signal);
}
