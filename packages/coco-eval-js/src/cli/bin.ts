import { readFileSync } from 'node:fs';
import { CocoEvalError } from '../errors.ts';
import { failure } from './failure.ts';
import { main } from './main.ts';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that stops early (`coco-eval ... | head`) is no error.
  if (error.code === 'EPIPE') process.exit(0);
  const cause = new CocoEvalError('OUTPUT_UNWRITABLE', `Expected to write the result but failed: ${error.message}`, { cause: error });
  const { text, status } = failure(cause);
  process.stderr.write(text);
  process.exit(status);
});
// Nobody can be told that nobody reads the messages; the result and the exit status still count.
process.stderr.on('error', () => undefined);

process.exitCode = await main(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr, version: manifest.version });
