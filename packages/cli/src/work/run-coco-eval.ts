import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * Runs the command of coco-eval-js in a process of its own and returns its status.
 *
 * @param stdout - Where its result goes: to ours, or nowhere.
 */
export async function runCocoEval(args: readonly string[], signal: AbortSignal, stdout: 'inherit' | 'ignore' = 'inherit'): Promise<number> {
  const manifest = new URL(import.meta.resolve('coco-eval-js/package.json'));
  const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin: Record<string, string> };
  const program = fileURLToPath(new URL(bin['coco-eval']!, manifest));
  const child = spawn(process.execPath, [program, ...args], { stdio: ['inherit', stdout, 'inherit'] });
  // Ctrl-C reaches the whole process group, other signals only this process.
  signal.addEventListener('abort', () => child.kill());
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    // A shell's own way to tell of a signal: also of one that no program can handle, as when memory has run out.
    child.once('exit', (code, name) => resolve(code ?? 128 + constants.signals[name!]));
  });
}
