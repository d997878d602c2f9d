import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { floors, root, textOf, workspaces } from '../src/index.ts';

interface Config {
  readonly references?: readonly { readonly path: string }[];
}

const all = workspaces();
const folderOf = new Map(all.map(({ name, folder }) => [name, folder]));

/** A package is several files and rows; what is missing is named here. */
describe.each(all)('$folder', ({ folder, dependencies }) => {
  it('has its files', () => {
    const source = folder.endsWith('/cli') || folder.startsWith('tools/') ? [] : ['src/index.ts'];
    const wanted = ['package.json', 'tsconfig.json', 'test/tsconfig.json', ...source];
    expect(wanted.filter((file) => !existsSync(join(root, folder, file)))).toEqual([]);
  });

  it('references the packages that it depends on', () => {
    const { references = [] } = JSON.parse(textOf(`${folder}/tsconfig.json`)) as Config;
    const referenced = references.map(({ path }) => join(folder, path));
    const ours = dependencies.flatMap((name) => folderOf.get(name) ?? []);
    expect(ours.filter((wanted) => !referenced.includes(wanted))).toEqual([]);
    expect(referenced.filter((path) => !existsSync(join(root, path, 'tsconfig.json')))).toEqual([]);
  });

  it.skipIf(folder.startsWith('tools/'))('has a floor, a line in ARCHITECTURE.md and one in README.md', () => {
    expect(floors).toHaveProperty([folder]);
    expect(textOf('ARCHITECTURE.md')).toContain(`\`${folder}\``);
    expect(textOf('README.md')).toContain(`](${folder}/README.md)`);
  });
});
