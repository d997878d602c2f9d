import type { Writable } from 'node:stream';
import { showDetection } from './detection-output.ts';
import { failure } from './failure.ts';
import { stem, writeNew } from './files.ts';
import { helpText } from './help.ts';
import { readCommandLine } from './options.ts';
import type { CommandLine } from './options.ts';
import { printable, printableJson } from './printable.ts';
import { Progress } from './progress.ts';
import type { ProgressStream } from './progress.ts';
import { warningText } from './shown.ts';
import type { Shown } from './shown.ts';

/** Where the command writes, and how it names its version. */
export interface CommandStreams {
  /** The result and nothing else. */
  readonly stdout: Writable;
  /** Progress, warnings, errors. */
  readonly stderr: ProgressStream;
  readonly version: string;
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
    const { text, status } = failure(error);
    stderr.write(text);
    return status;
  }
}

async function evaluateFiles(line: CommandLine, { stdout, stderr }: CommandStreams): Promise<void> {
  const quiet = line.values.quiet === true;
  const progress = new Progress(stderr, quiet);
  const shown = await show(line, progress).finally(() => progress.clear());
  if (!quiet) {
    for (const warning of shown.warnings) stderr.write(`warning: ${printable(warningText(warning))}\n`);
  }
  // Before the report: a folder that cannot be written must not cost the numbers.
  stdout.write(line.values.json ? `${printableJson(shown.document())}\n` : shown.text());
  if (line.values.report !== undefined) {
    const path = await writeNew(line.values.report, stem(line.results), 'html', await shown.page(), line.values.force === true);
    if (!quiet) stderr.write(`report: ${path}\n`);
  }
}

/** Panoptic evaluation is loaded late: it would only lengthen the start of the others. */
async function show(line: CommandLine, progress: Progress): Promise<Shown> {
  return line.values.panoptic ? (await import('./panoptic-output.ts')).showPanoptic(line, progress) : showDetection(line, progress);
}
