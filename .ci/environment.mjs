// What a test's result depends on beside files of the repository: printed for the task runner, which keeps results.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';

const shared = process.env.VITAMIN_SHARED ?? resolve(import.meta.dirname, '../../shared');

/** Names and sizes of the reference data, or that there is none. */
function describe(folder) {
  if (!existsSync(folder)) return 'absent';
  const hash = createHash('sha256');
  const names = readdirSync(folder, { recursive: true }).map(String);
  for (const name of names.toSorted((a, b) => a.localeCompare(b, 'en'))) {
    const status = statSync(join(folder, name), { throwIfNoEntry: false });
    hash.update(`${name} ${status?.isFile() ? status.size : ''}\n`);
  }
  return hash.digest('hex');
}

console.log(process.version, process.platform, process.arch, describe(shared));
