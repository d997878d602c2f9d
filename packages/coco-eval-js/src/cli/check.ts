import { checkAnnotations, type CheckResult } from '../check/check-annotations.ts';
import { checkResults } from '../check/check-results.ts';
import type { Finding } from '../check/findings.ts';
import { CocoEvalError, inFile } from '../errors.ts';
import { readJsonFile } from '../node/files.ts';
import { type CommandLine } from './options.ts';
import { printable } from './printable.ts';
import type { Shown } from './shown.ts';
import { counted } from './words.ts';

/** A file cannot be used as it is. */
const UNUSABLE = 3;

/** `coco-eval check GT [DT]` */
export async function showCheck(line: CommandLine): Promise<Shown> {
  const dataset = await readJsonFile(line.groundTruth);
  const annotations = within(line.groundTruth, () => checkAnnotations(dataset));
  const results =
    line.results === '' ? undefined : within(line.results, async () => checkResults(await readJsonFile(line.results), dataset));
  const files = [{ file: line.groundTruth, ...(await annotations) }, ...(results ? [{ file: line.results, ...(await results) }] : [])];
  const errors = files.flatMap(({ findings }) => findings).filter(({ level }) => level === 'error');
  return {
    text: () => files.map(({ file, ...result }) => fileText(file, result)).join('\n'),
    document: () => ({ schemaVersion: 1, style: 'check', ok: errors.length === 0, files }),
    warnings: [],
    status: errors.length === 0 ? 0 : UNUSABLE,
  };
}

async function within<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof CocoEvalError && !error.message.includes(path) ? inFile(error, path) : error;
  }
}

function fileText(file: string, { findings, counts }: CheckResult): string {
  const held = Object.entries(counts).map(([name, count]) => `${count} ${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`);
  const errors = findings.filter(({ level }) => level === 'error').length;
  const kinds = [
    counted(errors, 'kind of error', 'kinds of errors'),
    counted(findings.length - errors, 'kind of warning', 'kinds of warnings'),
  ];
  const verdict = findings.length === 0 ? 'nothing wrong was found' : kinds.join(', ');
  const lines = [`${file}: ${held.join(', ')}; ${verdict}`, ...findings.map(findingText)];
  return lines.map((text) => `${printable(text)}\n`).join('');
}

function findingText({ level, count, message, places }: Finding): string {
  const more = count > places.length ? ', ...' : '';
  return `  ${level.padEnd(7)} ${String(count).padStart(7)} ${message} (${places.join(', ')}${more})`;
}
