import { describe, expect, it } from 'vitest';
import { filesBelow, floors, textOf, workspaces } from '../src/index.ts';

const all = workspaces();
const folderOf = new Map(all.map(({ name, folder }) => [name, folder]));

/** Package names a file imports; `node:` modules, relative paths and examples in docstrings are left out. */
function importsOf(file: string): string[] {
  const text = textOf(file);
  const statements = text.matchAll(/^(?:import|export)\b[^';]*?from '([^']+)'/gm);
  const calls = text.matchAll(/^[^*\n]*\bimport\('([^']+)'\)/gm);
  return [...statements, ...calls].map((match) => match[1]!).filter((name) => !name.startsWith('node:') && !name.startsWith('.'));
}

describe.each(all)('$folder', ({ folder, name, dependencies }) => {
  const ours = dependencies.filter((dependency) => folderOf.has(dependency));

  it('depends on lower floors only', () => {
    if (folder.startsWith('tools/')) return;
    expect(floors, `${folder} has no floor`).toHaveProperty([folder]);
    for (const dependency of ours) expect(floors[folderOf.get(dependency)!], `${name} -> ${dependency}`).toBeLessThan(floors[folder]!);
  });

  it('imports what it declares, by package name', () => {
    for (const file of filesBelow(`${folder}/src`, ['.ts'])) {
      for (const specifier of importsOf(file)) {
        const owner = specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
        expect([...dependencies, name], `${file} imports ${specifier}`).toContain(owner);
        if (folderOf.has(owner)) expect([owner, 'coco-eval-js/node'], `${file} reaches into ${owner}`).toContain(specifier);
      }
      expect(textOf(file), `${file} leaves its package`).not.toMatch(/from '(\.\.\/)+[\w-]+\/src\//);
    }
  });
});
