import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import setup from '../../../vitest.setup.ts';
import { root } from '../src/index.ts';

const folder = join(root, 'node_modules', '.setup');
const source = join(folder, 'src', 'a.ts');

beforeAll(() => {
  mkdirSync(join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), '{ "extends": "../../tsconfig.base.json" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('builds what has changed before tests run, and again before they run again', () => {
  const again: (() => void)[] = [];
  const project = { config: { root: folder, env: { VITAMIN_SHARED: root } }, onTestsRerun: (build: () => void) => again.push(build) };
  const prepare = (): void => setup(project as unknown as Parameters<typeof setup>[0]);
  writeFileSync(source, 'export const a: number = 1;\n');
  prepare();
  const built = (): string => readFileSync(join(folder, 'dist', 'a.js'), 'utf8');
  expect(built()).toContain('a = 1');
  writeFileSync(source, 'export const a: number = 2;\n');
  again[0]!();
  expect(built()).toContain('a = 2');
  writeFileSync(source, "export const a: number = 'three';\n");
  expect(prepare).toThrow(/^Expected sources that compile but found\n.*a\.ts.*not assignable to type 'number'/u);
});
