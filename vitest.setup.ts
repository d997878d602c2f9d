import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const compiler = fileURLToPath(new URL('node_modules/typescript/bin/tsc', import.meta.url));

/**
 * Before the tests of a package run, its sources and those of the packages below it are built where they have changed: what a test imports by a
 * package's name, and the workers and commands that it starts, are `dist`, which must not be older than the sources.
 *
 * @throws Error when they do not compile.
 */
export default function setup(project: TestProject): void {
  build(project.config.root);
  project.onTestsRerun(() => build(project.config.root));
  const shared = project.config.env['VITAMIN_SHARED']!;
  if (!existsSync(shared)) console.warn(`No reference data at ${shared}: tests that compare with it are skipped.`);
}

function build(folder: string): void {
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-b', '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`Expected sources that compile but found\n${stdout}`);
}
