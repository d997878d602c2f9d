import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url));

export interface Workspace {
  /** Relative to the root, e.g. `packages/graph`. */
  readonly folder: string;
  readonly name: string;
  readonly dependencies: readonly string[];
}

/** Every package and tool of the repository. */
export function workspaces(): Workspace[] {
  return ['packages', 'tools'].flatMap((group) =>
    readdirSync(join(root, group))
      .filter((name) => existsSync(join(root, group, name, 'package.json')))
      .map((name) => {
        const manifest = JSON.parse(readFileSync(join(root, group, name, 'package.json'), 'utf8')) as {
          name: string;
          dependencies?: Record<string, string>;
          peerDependencies?: Record<string, string>;
        };
        const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
        return { folder: `${group}/${name}`, name: manifest.name, dependencies };
      }),
  );
}

/** Files below a folder with one of these endings; `dist` and `node_modules` are left out. Paths are relative to the root. */
export function filesBelow(folder: string, endings: readonly string[]): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ['dist', 'node_modules', '.git', '.nx'].includes(entry.name) ? [] : filesBelow(path, endings);
    return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : [];
  });
}

/** A file's text by its path relative to the root. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
