import { runCommandLine } from './program.ts';
import { stopOnSignals } from './signals.ts';

// ONNX Runtime 1.29 and later reports its use to Microsoft unless this is set before it loads. It also matches the command line with a recursive
// regular expression for that, which overflows the stack from about 13 kB on: a thousand file names.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';

const stop = stopOnSignals(process.stderr);
// A reader that stops early (`vitamin list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  stop.abandon();
});
// Not process.exit(): an engine that still computes must end its step first, and stdout must drain.
process.exitCode = await runCommandLine(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr }, stop);
