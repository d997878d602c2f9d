import { runCommandLine } from './program.ts';
import { stopOnSignals } from './signals.ts';

const stop = stopOnSignals(process.stderr);
// A reader that stops early (`vitamin list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  stop.abandon();
});
// Not process.exit(): an engine that still computes must end its step first, and stdout must drain.
process.exitCode = await runCommandLine(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr }, stop);
