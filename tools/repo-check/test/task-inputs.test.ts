import { describe, expect, it } from 'vitest';
import { filesBelow, textOf, workspaces } from '../src/index.ts';

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly nx?: { readonly namedInputs?: { readonly elsewhere?: readonly string[] } };
}

/** What a test reads outside its package and the packages that it depends on must be known to the task runner, which else keeps an old result. */
describe.each(workspaces())('$folder', ({ folder }) => {
  const manifest = JSON.parse(textOf(`${folder}/package.json`)) as Manifest;
  const tests = filesBelow(`${folder}/test`, ['.ts']).map((file) => textOf(file));

  it('names under nx.namedInputs.elsewhere what its tests read elsewhere', () => {
    if (folder === 'tools/repo-check') return; // its tests always run
    const named = (manifest.nx?.namedInputs?.elsewhere ?? []).map((input) =>
      input.replace('{workspaceRoot}/', '').replace(/\/?\*.*$/u, ''),
    );
    const read = tests.flatMap((text) =>
      Array.from(text.matchAll(/'(?:\.\.\/){2,3}((?:models|tools|packages)\/[^']+)'/gu), (match) => match[1]!),
    );
    if (tests.some((text) => /EMBEDDED_MODEL|\bload\('nano'/u.test(text))) read.push('models/nano');
    expect(read.filter((path) => !named.some((start) => path.startsWith(start)))).toEqual([]);
  });

  it('runs its tests, and says so when there are none', () => {
    const command = 'vitest run --config ../../vitest.config.base.ts --root .';
    expect(manifest.scripts?.['test']).toBe(tests.length > 0 ? command : `${command} --passWithNoTests`);
  });
});
