import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const packageFolder = join(import.meta.dirname, '..');
let project = '';
let installed = '';

function run(command: string, args: string[], cwd = project): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

// What a user gets: the packed files alone, unpacked where an install would put them.
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'coco-eval-packed-'));
  installed = join(project, 'node_modules/coco-eval-js');
  mkdirSync(installed, { recursive: true });
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', project], packageFolder);
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'))!;
  run('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed]);
  const dataset = {
    images: [{ id: 1 }],
    categories: [{ id: 1, name: 'cat' }],
    annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 10, 10], area: 100, iscrowd: 0 }],
  };
  writeFileSync(join(project, 'gt.json'), JSON.stringify(dataset));
  writeFileSync(join(project, 'dt.json'), JSON.stringify([{ image_id: 1, category_id: 1, bbox: [0, 0, 10, 9], score: 0.5 }]));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

interface Manifest {
  bin: Record<string, string>;
  dependencies: Record<string, string>;
}

it('has no dependency and leaves tests and sources at home', () => {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
  expect(manifest.dependencies).toEqual({});
  expect(readdirSync(installed).filter((name) => !['bin', 'dist', 'package.json', 'README.md', 'LICENSE', 'docs'].includes(name))).toEqual(
    [],
  );
});

it('runs as a command', () => {
  const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Manifest;
  const program = join(installed, bin['coco-eval']!);
  chmodSync(program, 0o755);
  const text = run(program, ['gt.json', 'dt.json']);
  expect(text.split('\n')).toHaveLength(13);
  expect(text).toMatch(/^ Average Precision {2}\(AP\) @\[ IoU=0\.50:0\.95 \| area= {3}all \| maxDets=100 \] = 0\.900\n/);
  expect((JSON.parse(run(program, ['gt.json', 'dt.json', '--json'])) as { stats: number[] }).stats).toHaveLength(12);
});

it.each(['coco-eval-js', 'coco-eval-js/node'])('%s can be required and imported, with the same names', (name) => {
  const required = run(process.execPath, ['-p', `Object.keys(require('${name}')).toSorted().join()`]);
  const imported = run(process.execPath, [
    '--input-type=module',
    '-e',
    `import * as all from '${name}'; console.log(Object.keys(all).toSorted().join())`,
  ]);
  expect(required.trim()).not.toBe('');
  expect(required.replace(/__esModule,?/, '')).toBe(imported);
});
