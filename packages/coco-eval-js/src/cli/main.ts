import type { Writable } from 'node:stream';
import { showDetection } from './detection-output.ts';
import { failure } from './failure.ts';
import { stem, writeNamed, writeNew } from './files.ts';
import { helpText } from './help.ts';
import { readCommandLine } from './options.ts';
import type { CommandLine } from './options.ts';
import { refuse } from './parameters.ts';
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
    else return await act(line, streams);
    return 0;
  } catch (error) {
    const { text, status } = failure(error);
    stderr.write(text);
    return status;
  }
}

/** Does what was asked for; returns the exit status. */
async function act(line: CommandLine, { stdout, stderr }: CommandStreams): Promise<number> {
  const { values } = line;
  if (values.json) refuse(line, { beside: '--json' }, ['csv']);
  const quiet = values.quiet === true;
  const force = values.force === true;
  const progress = new Progress(stderr, quiet);
  const note = (text: string): void => void (quiet || stderr.write(`${text}\n`));
  const write = async (content: string | Uint8Array): Promise<void> => {
    if (values.output === undefined) stdout.write(content);
    else await writeNamed(values.output, content, force);
  };
  if (values.shard !== undefined && !values.semantic) {
    const { bytes, warnings } = await (await import('./shard.ts')).matchedShard(line, progress, stdout).finally(() => progress.clear());
    for (const warning of warnings) note(`warning: ${printable(warningText(warning))}`);
    await write(bytes);
    return 0;
  }
  const shown = await show(line, progress).finally(() => progress.clear());
  if (shown.remark !== undefined) note(printable(shown.remark));
  for (const warning of shown.warnings) note(`warning: ${printable(warningText(warning))}`);
  // Before the report: a folder that cannot be written must not cost the numbers.
  await write(values.json ? `${printableJson(shown.document())}\n` : values.csv ? shown.csv!() : shown.text());
  if (values.report !== undefined) {
    const path = await writeNew(values.report, pageName(line), 'html', await shown.page!((text) => note(printable(text))), force);
    note(`report: ${path}`);
  }
  return shown.status ?? 0;
}

/** What a page is called. */
function pageName({ action, results }: CommandLine): string {
  return action === 'compare' ? 'compare' : stem(results);
}

/** All but the usual evaluation is loaded late: it would only lengthen the start of that. */
async function show(line: CommandLine, progress: Progress): Promise<Shown> {
  if (line.action === 'check') return (await import('./check.ts')).showCheck(line);
  if (line.action === 'compare') return (await import('./compare.ts')).showComparison(line, progress);
  if (line.action === 'merge') return (await import('./shard.ts')).showMerged(line);
  if (line.values.semantic) return (await import('./semantic-output.ts')).showSemantic(line, progress);
  return line.values.panoptic ? (await import('./panoptic-output.ts')).showPanoptic(line, progress) : showDetection(line, progress);
}
