import { exitCodes } from './exit-code.ts';
import { runCommandLine } from './program.ts';
import { stopOnSignals, stopWithParent } from './signals.ts';

const stop = stopOnSignals(process.stderr);
stopWithParent(stop);
// A reader that stops early (`vitamin list | head`) is no error.
let lost = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && !lost) {
    lost = true;
    process.stderr.write(`error RUNTIME: Expected to write the result to standard output but received ${error.code ?? error.message}\n`);
    process.exitCode = exitCodes.RUNTIME;
  }
  stop.abandon();
});
// Nobody is left to be told.
process.stderr.on('error', () => undefined);
// Not process.exit(): an engine that still computes must end its step first, and stdout must drain.
const status = await runCommandLine(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr }, stop);
process.exitCode = lost ? exitCodes.RUNTIME : status;
