import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { list, readJson, readJsonLines, record, textOf } from './read-file.ts';
import { type MmeTruth, mmeKey } from './mme.ts';
import { pythonLines, pythonStrip } from '../text/python-text.ts';
import { VitaminError } from '@vitamin-vlm/core';

/** Where a benchmark lies. */
export interface BenchmarkPaths {
  /** The question file. */
  readonly questions: string;
  /** What answers are compared with: a file, or a folder with the official names. Default: beside the questions. */
  readonly truth?: string | undefined;
  /** The folder of pictures. MME's own files lie there. */
  readonly images?: string | undefined;
  /** Of the picture-world questions only the first were asked. */
  readonly limit?: number | undefined;
}

/** The first of these names that is there: in `truth` when it is a folder, `truth` itself when it is a file, else beside the questions. */
export async function findTruth({ questions, truth }: BenchmarkPaths, names: readonly string[]): Promise<string | undefined> {
  const found = truth === undefined ? undefined : await stat(truth).catch(() => undefined);
  if (truth !== undefined && !found) throw new VitaminError('INPUT_NOT_FOUND', `Expected ${truth} but found nothing`);
  if (found?.isFile()) return truth;
  for (const name of names) {
    const path = join(truth ?? dirname(questions), name);
    if (await stat(path).catch(() => undefined)) return path;
  }
  return undefined;
}

/** The folder of POPE's labels: `coco`, or one that holds them itself. Labels by category. */
export async function findPopeLabels(paths: BenchmarkPaths): Promise<Map<string, string[]> | undefined> {
  for (const folder of [await findTruth(paths, ['coco']), paths.truth, dirname(paths.questions)]) {
    const names = folder === undefined ? [] : await readdir(folder).catch(() => []);
    const files = names.filter((name) => /^coco_pope_.+\.jsonl?$/u.test(name)).toSorted();
    if (files.length === 0) continue;
    const labels = new Map<string, string[]>();
    for (const file of files) {
      const path = join(folder!, file);
      const lines = await readJsonLines(path);
      labels.set(
        basename(file.replace(/\.jsonl?$/u, '').slice('coco_pope_'.length)),
        lines.map((line, i) => textOf(line, 'label', `line ${i + 1} of ${path}`)),
      );
    }
    return labels;
  }
  return undefined;
}

const MME = 'MME_Benchmark_release_version';

/** What MME's own files say: a folder a task, with a file a picture, `question TAB answer` a line. */
export async function findMmeTruth(paths: BenchmarkPaths): Promise<MmeTruth | undefined> {
  for (const folder of [await findTruth(paths, [MME]), paths.truth, paths.images]) {
    const truth = folder === undefined ? new Map<string, string>() : await readMmeTruth(folder);
    if (truth.size > 0) return truth;
  }
  return undefined;
}

async function readMmeTruth(folder: string): Promise<Map<string, string>> {
  const truth = new Map<string, string>();
  for (const task of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!task.isDirectory()) continue;
    const own = join(folder, task.name, 'questions_answers_YN');
    const place = (await stat(own).catch(() => undefined)) ? own : join(folder, task.name);
    for (const file of await readdir(place)) {
      if (!file.endsWith('.txt')) continue;
      for (const line of pythonLines(await readFile(join(place, file), 'utf8'))) {
        const [question, answer, ...rest] = pythonStrip(line).split('\t');
        if (answer === undefined || rest.length > 0) {
          throw new VitaminError(
            'INPUT_UNREADABLE',
            `Expected a question and an answer in ${join(place, file)} but found ${JSON.stringify(line)}`,
          );
        }
        truth.set(mmeKey(task.name, file, question!), answer);
      }
    }
  }
  return truth;
}

/** A JSON file as an object. @throws VitaminError `INPUT_UNREADABLE` for another value. */
export async function readObject(path: string): Promise<Record<string, unknown>> {
  return record(await readJson(path), path);
}

/** A list in a JSON object. @throws VitaminError `INPUT_UNREADABLE` for another value. */
export async function readListIn(path: string, name: string): Promise<readonly unknown[]> {
  return list((await readObject(path))[name], `${name} of ${path}`);
}
