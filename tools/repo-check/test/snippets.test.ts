import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, expect, it } from 'vitest';
import { root, snippets } from '../src/index.ts';

// Inside the repository, so that package names resolve as they do for a user.
const folder = join(root, 'node_modules', '.snippets');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('compiles every example of the documents and docstrings', () => {
  const all = snippets();
  expect(all.length).toBeGreaterThan(20);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  all.forEach(({ code }, i) => writeFileSync(join(folder, `snippet-${i}.ts`), `${code}\nexport {};\n`));
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
    types: ['node'],
    module: 'NodeNext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
  const errors = stdout.replaceAll(/^.*snippet-(\d+)\.ts/gm, (_, i) => all[Number(i)]!.place);
  expect(errors).toBe('');
});
