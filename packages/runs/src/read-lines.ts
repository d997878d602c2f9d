import type { FileHandle } from 'node:fs/promises';

/** One line of a file, without its line feed. */
export interface Line {
  /** Valid until the next line is asked for. */
  readonly bytes: Buffer;
  /** Whether a line feed ends it: only the last line of a file may lack one. */
  readonly ended: boolean;
}

const BLOCK = 1 << 20;
const LINE_FEED = 10;

/** The lines of a file from its beginning, in memory of one block and the longest line. */
export async function* readLines(file: FileHandle): AsyncGenerator<Line> {
  const block = Buffer.alloc(BLOCK);
  let rest: Buffer[] = []; // parts of a line that began in an earlier block
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(block, 0, BLOCK, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const filled = block.subarray(0, bytesRead);
    let start = 0;
    for (let end = filled.indexOf(LINE_FEED); end >= 0; end = filled.indexOf(LINE_FEED, start)) {
      const part = filled.subarray(start, end);
      yield { bytes: rest.length > 0 ? Buffer.concat([...rest, part]) : part, ended: true };
      rest = [];
      start = end + 1;
    }
    if (start < bytesRead) rest.push(Buffer.from(filled.subarray(start)));
  }
  if (rest.length > 0) yield { bytes: Buffer.concat(rest), ended: false };
}
