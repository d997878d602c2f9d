import type { Writable } from 'node:stream';
import { CocoEvalError } from '../errors.ts';
import type { Warning } from '../coco/types.ts';
import { detectionDocument, detectionText } from './detection-output.ts';
import { runDetection } from './detection.ts';
import { stem, writeNew } from './files.ts';
import { helpText } from './help.ts';
import { readCommandLine } from './options.ts';
import type { CommandLine } from './options.ts';
import { evaluatePanopticFiles } from '../node/panoptic-files.ts';
import { commonParameters, refuse } from './parameters.ts';
import { Progress } from './progress.ts';
import type { ProgressStream } from './progress.ts';

/** Where the command writes, and how it names its version. */
export interface CommandStreams {
  /** The result and nothing else. */
  readonly stdout: Writable;
  /** Progress, warnings, errors. */
  readonly stderr: ProgressStream;
  readonly version: string;
}

/** What one run shows; each part is made when it is asked for. */
interface Shown {
  readonly text: () => string;
  readonly document: () => object;
  readonly page: () => Promise<string>;
  readonly warnings: readonly Warning[];
}

/**
 * The command `coco-eval`: reads two files, prints the table or the document, writes the report.
 *
 * @param args - without the program's name
 * @returns the exit status: 0 done, 1 internal error, 2 wrong flags, 3 a file cannot be used
 */
export async function main(args: readonly string[], streams: CommandStreams): Promise<number> {
  const { stdout, stderr } = streams;
  try {
    const line = readCommandLine(args);
    if (line.action === 'help') stdout.write(helpText());
    else if (line.action === 'version') stdout.write(`${streams.version}\n`);
    else await evaluateFiles(line, streams);
    return 0;
  } catch (error) {
    if (!(error instanceof CocoEvalError)) {
      stderr.write(`coco-eval: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      return 1;
    }
    stderr.write(`coco-eval: ${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`);
    return error.code === 'USAGE' ? 2 : 3;
  }
}

async function evaluateFiles(line: CommandLine, { stdout, stderr }: CommandStreams): Promise<void> {
  const quiet = line.values.quiet === true;
  const progress = new Progress(stderr, quiet);
  const shown = await (line.values.panoptic ? panoptic(line, progress) : detection(line, progress)).finally(() => progress.clear());
  if (!quiet) {
    for (const { count, message, firstIndex } of shown.warnings)
      stderr.write(`warning: ${count} ${message} (first: entry ${firstIndex})\n`);
  }
  if (line.values.report !== undefined) {
    const path = await writeNew(line.values.report, stem(line.results), 'html', await shown.page(), line.values.force === true);
    if (!quiet) stderr.write(`report: ${path}\n`);
  }
  stdout.write(line.values.json ? `${JSON.stringify(shown.document(), null, 2)}\n` : shown.text());
}

async function detection(line: CommandLine, progress: Progress): Promise<Shown> {
  refuse(line, 'boxes, masks and keypoints (it belongs to --panoptic)', ['gt-folder', 'dt-folder']);
  if (line.values['no-cats']) refuse(line, '--no-cats', ['tide', 'confusion', 'split']);
  const outcome = await runDetection(line, progress);
  return {
    text: () => detectionText(outcome, line),
    document: () => detectionDocument(outcome, line),
    // Loaded late: the drawings would double the time to start.
    page: async () => (await import('./detection-page.ts')).detectionPage(outcome, line),
    warnings: outcome.evaluation.warnings,
  };
}

async function panoptic(line: CommandLine, progress: Progress): Promise<Shown> {
  refuse(line, '--panoptic', ['iou-type', 'lvis', 'split', 'no-cats', 'max-dets', 'area', 'tide', 'confusion', 'threads']);
  const { panopticDocument, panopticPage, panopticText } = await import('./panoptic-output.ts');
  const outcome = await evaluatePanopticFiles(line.groundTruth, line.results, {
    ...(await commonParameters(line)),
    gtFolder: line.values['gt-folder'],
    dtFolder: line.values['dt-folder'],
    onProgress: ({ done, total }) => progress.step('images', done, total),
  });
  return {
    text: () => panopticText(outcome, line),
    document: () => panopticDocument(outcome, line),
    page: async () => panopticPage(outcome, line),
    warnings: [],
  };
}
