import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder, writePicture, writeTinyDetector, writeTinyModel } from './support.ts';

/**
 * What a user gets: every package is packed by npm, unpacked into an empty project, and used there. Other people's packages are links to those of the
 * repository, and only those that the packed manifests declare, so that a forgotten dependency or file fails here.
 */
const temporary = temporaryFolder();
const root = fileURLToPath(new URL('../../..', import.meta.url));
const embedded = existsSync(join(root, 'models', 'nano'));
const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifests = new Map<string, Manifest>();
const project = (...parts: string[]): string => temporary('project', ...parts);

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Runs a program in the project. Nothing of this repository's settings reaches it. */
async function inProject(file: string, ...args: string[]): Promise<string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:npm_|VITAMIN_|NODE_OPTIONS|VITEST|HF_)/iu.test(name));
  const env = {
    ...Object.fromEntries(kept),
    VITAMIN_CACHE_DIR: project('cache'),
    ...(embedded ? {} : { VITAMIN_MODEL: project('model') }),
  };
  return (await run(file, args, { cwd: project(), env, shell: process.platform === 'win32' })).stdout;
}

/** Puts a tarball where npm would install it. */
async function unpack(tarball: string): Promise<void> {
  const folder = project('unpacked', tarball);
  await mkdir(folder, { recursive: true });
  await run('tar', ['-xzf', project('tarballs', tarball), '-C', folder]);
  const manifest = await readManifest(join(folder, 'package'));
  manifests.set(manifest.name, manifest);
  await mkdir(dirname(project('node_modules', manifest.name)), { recursive: true });
  await rename(join(folder, 'package'), project('node_modules', manifest.name));
}

beforeAll(async () => {
  // npm packs copies, because packing writes into the folder of the package.
  const packages = await readdir(join(root, 'packages'));
  for (const name of packages) {
    const unpacked = new Set(['src', 'test', 'bench', 'node_modules'].map((part) => join(root, 'packages', name, part)));
    await cp(join(root, 'packages', name), temporary('packages', name), { recursive: true, filter: (from) => !unpacked.has(from) });
  }
  if (embedded) await cp(join(root, 'models', 'nano'), temporary('models', 'nano'), { recursive: true });
  await mkdir(project('tarballs'), { recursive: true });
  const folders = packages.map((name) => `./packages/${name}`);
  const options = embedded ? [] : ['--ignore-scripts']; // the one script copies the embedded model
  await run('npm', ['pack', ...folders, ...options, '--pack-destination', project('tarballs')], {
    cwd: temporary(),
    shell: process.platform === 'win32',
  });
  await Promise.all((await readdir(project('tarballs'))).map(unpack));
  const others = new Set(
    [...manifests.values()].flatMap(({ dependencies = {} }) => Object.keys(dependencies)).filter((name) => !manifests.has(name)),
  );
  for (const name of others) {
    await mkdir(dirname(project('node_modules', name)), { recursive: true });
    await symlink(join(root, 'node_modules', name), project('node_modules', name), 'junction');
  }
  await mkdir(project('node_modules', '.bin'));
  for (const { name, bin = {} } of manifests.values()) {
    for (const [command, file] of Object.entries(bin)) await symlink(join('..', name, file), project('node_modules', '.bin', command));
  }
  await writeFile(project('package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  await writePicture(project('a.png'), 120, 90);
  if (!embedded) await writeTinyModel(project('model'));
}, 120_000);

describe('an empty project with the packed packages', () => {
  it('runs the command', async () => {
    for (const name of ['vitamin', 'vitamin-vlm']) expect((await inProject('npx', name, '--version')).trim()).toBe('0.1.0');
    const vitamin = project('node_modules', '.bin', 'vitamin');
    const document = JSON.parse(await inProject(vitamin, 'classify', 'a.png', '--labels', 'cat,dog', '--json')) as object;
    expect(document).toMatchObject({ schemaVersion: 1, images: [{ file: 'a.png', width: 120, height: 90 }] });
    expect(await inProject(vitamin, 'eval', '--help')).toContain('coco-eval');
    await writeTinyDetector(project('detector.pth'));
    const found = JSON.parse(await inProject(vitamin, 'detect', 'a.png', '--model', 'detector.pth', '--jsonl')) as object;
    expect(found).toMatchObject({ file: 'a.png', width: 120, height: 90, detections: expect.any(Array) as object[] });
  });

  it('can import and require every library', async () => {
    const libraries = [...manifests.values()].filter((manifest) => manifest.exports?.['.']).map(({ name }) => name);
    expect(libraries).toEqual(expect.arrayContaining(['@vitamin-vlm/backbone', '@vitamin-vlm/checkpoint', 'coco-eval-js']));
    const names = JSON.stringify(libraries);
    await writeFile(project('import.mjs'), `for (const name of ${names}) console.log(name, Object.keys(await import(name)).length > 0);`);
    await writeFile(project('require.cjs'), `for (const name of ${names}) console.log(name, Object.keys(require(name)).length > 0);`);
    // A room that is still empty has an index that exports nothing; the release script refuses to publish it.
    const isEmpty = (name: string): boolean =>
      readFileSync(project('node_modules', name, 'dist', 'index.js'), 'utf8').startsWith('export {};');
    const expected = libraries.map((name) => `${name} ${!isEmpty(name)}\n`).join('');
    expect(await inProject(process.execPath, 'import.mjs')).toBe(expected);
    expect(await inProject(process.execPath, 'require.cjs')).toBe(expected);
  });

  it('type-checks a program that uses them, their declarations included', async () => {
    await writeFile(
      project('program.ts'),
      `import { Backbone } from '@vitamin-vlm/backbone';
import { openCheckpoint } from '@vitamin-vlm/checkpoint';
await using backbone = await Backbone.load('nano');
const [best] = await backbone.classify('a.png', ['cat', 'dog']);
const label: string | undefined = best?.label;
// @ts-expect-error a score is a number
const score: string | undefined = best?.score;
await using checkpoint = await openCheckpoint('model.safetensors');
console.log(label, score, checkpoint.tensors.size);
`,
    );
    await mkdir(project('node_modules', '@types'), { recursive: true });
    await symlink(join(root, 'node_modules', '@types', 'node'), project('node_modules', '@types', 'node'), 'junction');
    const options = {
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable', 'dom'],
      types: ['node'],
      strict: true,
      noEmit: true,
    };
    await writeFile(project('tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['program.ts'] }));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    // The compiler's complaints are on stdout.
    const complaints = await inProject(process.execPath, compiler, '-p', '.').catch((error: { stdout: string }) => error.stdout);
    expect(complaints).toBe('');
  });

  it('has license, pictures of the README, and maps that hold their sources', async () => {
    for (const name of manifests.keys()) {
      const folder = project('node_modules', name);
      const files = await readdir(folder, { recursive: true });
      const readme = await readFile(join(folder, 'README.md'), 'utf8');
      const wanted = ['LICENSE', ...Array.from(readme.matchAll(/!\[[^\]]*\]\((?!https:)([^)]+)\)/gu), (match) => match[1]!)];
      for (const file of files.filter((path) => /\.(?:js|d\.ts)$/u.test(path))) {
        const [, map] = /\n\/\/# sourceMappingURL=(.*)\n?$/u.exec(await readFile(join(folder, file), 'utf8')) ?? [];
        if (map === undefined) continue;
        wanted.push(join(dirname(file), map));
        const { sources, sourcesContent } = JSON.parse(await readFile(join(folder, dirname(file), map), 'utf8')) as Record<
          string,
          string[]
        >;
        expect(sourcesContent).toHaveLength(sources!.length);
      }
      expect(wanted.filter((file) => !files.includes(file))).toEqual([]);
    }
  });

  it('holds neither tests nor sources', async () => {
    for (const name of manifests.keys()) {
      const files = await readdir(project('node_modules', name), { recursive: true });
      expect(files.filter((file) => /(?:^|[/\\])(?:test|src|\.tsbuildinfo)(?:[/\\]|$)/u.test(file))).toEqual([]);
    }
  });
});
