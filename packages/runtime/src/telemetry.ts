import process from 'node:process';

/**
 * ONNX Runtime 1.29 and later reports its use to Microsoft unless `ORT_DISABLE_TELEMETRY` is set before it loads, and on Linux its reporter
 * overflows the stack on long command lines (onnxruntime#32173). Libraries do not phone home: it is off unless the user set the variable.
 * Only the main thread's environment reaches the native library, so a program that opens its first session in a worker sets it itself.
 */
export function disableTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
}
