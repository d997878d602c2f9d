// Makes a release of all packages, which share one version:
//
//   node .ci/release.mjs version 0.2.0        writes the version into every manifest; look at it, add to CHANGELOG.md, commit
//   node .ci/release.mjs publish --dry-run    checks and packs everything, uploads nothing
//   node .ci/release.mjs publish              the same, then uploads in the order of dependencies and tags the commit
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';

process.chdir(resolve(import.meta.dirname, '..'));
const [command, argument] = process.argv.slice(2);
if (command === 'version') setVersion(argument);
else if (command === 'publish') publish(argument === '--dry-run');
else fail('Expected `version X.Y.Z` or `publish [--dry-run]`');

/** Writes one version into all manifests, also where they name each other, and into the lock file. */
function setVersion(version) {
  if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/u.test(version ?? '')) fail(`Expected a version X.Y.Z but received ${version}`);
  const all = [...manifestsOf('packages'), ...manifestsOf('tools')];
  const ours = new Set(all.map(({ manifest }) => manifest.name));
  for (const { file, manifest } of all) {
    manifest.version = version;
    for (const kind of ['dependencies', 'devDependencies', 'peerDependencies']) {
      for (const name of Object.keys(manifest[kind] ?? {})) if (ours.has(name)) manifest[kind][name] = version;
    }
    writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
  }
  run('npm', 'install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund');
  run('npx', '--no-install', 'oxfmt', ...all.map(({ file }) => file));
  console.log(`${all.length} manifests have version ${version}. Next: CHANGELOG.md, a commit, publish --dry-run.`);
}

/** Checks, builds from nothing, packs; then uploads unless it is a dry run. */
function publish(isDry) {
  const packages = inOrder(manifestsOf('packages'));
  const versions = new Set(packages.map(({ manifest }) => manifest.version));
  if (versions.size !== 1) fail(`Expected one version but found ${[...versions].join(', ')}`);
  const [version] = versions;
  const open = problems(version, packages);
  for (const problem of open) console.error(`${isDry ? 'open' : 'error'}: ${problem}`);
  if (open.length > 0 && !isDry) process.exit(1);

  // Files of modules that are gone would be packed as well.
  for (const { folder } of packages) rmSync(join(folder, 'dist'), { recursive: true, force: true });
  run('node', 'setup.mjs', '--skip-nx-cache');
  const tarballs = mkdtempSync(join(tmpdir(), 'vitamin-release-'));
  try {
    for (const { folder, manifest } of packages) {
      const output = execFileSync('npm', ['pack', `./${folder}`, '--json', '--pack-destination', tarballs], { encoding: 'utf8' });
      const [{ filename, size, unpackedSize, files }] = Object.values(JSON.parse(output));
      console.log(`${manifest.name}@${version}  ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} in ${files.length} files`);
      if (!isDry) run('npm', 'publish', join(tarballs, filename), '--access', 'public');
    }
  } finally {
    rmSync(tarballs, { recursive: true, force: true });
  }
  if (isDry) console.log(`Nothing was uploaded. ${open.length === 0 ? 'Ready.' : `${open.length} open.`}`);
  else run('git', 'tag', '-a', `v${version}`, '-m', `Release ${version}`);
}

/** What stands between this tree and a release. */
function problems(version, packages) {
  const found = [];
  if (git('status', '--porcelain') !== '') found.push('Expected a clean tree but found changes');
  if (git('tag', '-l', `v${version}`) !== '') found.push(`Expected a new version but ${version} has a tag`);
  if (!new RegExp(`^## ${version.replaceAll('.', '\\.')}$`, 'mu').test(readFileSync('CHANGELOG.md', 'utf8'))) {
    found.push(`Expected a heading "## ${version}" in CHANGELOG.md but found none`);
  }
  for (const { folder } of packages) {
    const index = `${folder}/src/index.ts`;
    if (existsSync(index) && readFileSync(index, 'utf8').trim() === 'export {};')
      found.push(`Expected something in ${folder} but it exports nothing`);
  }
  const origin = git('config', '--get', 'remote.origin.url');
  const { url } = packages[0].manifest.repository;
  if (origin !== url.replace(/^git\+/u, ''))
    found.push(`Expected the repository ${url} of the manifests but the origin is ${origin || 'not set'}`);
  return found;
}

function manifestsOf(group) {
  return readdirSync(group).map((name) => {
    const file = `${group}/${name}/package.json`;
    return { folder: `${group}/${name}`, file, manifest: JSON.parse(readFileSync(file, 'utf8')) };
  });
}

/** Packages after those that they depend on. */
function inOrder(packages) {
  const byName = new Map(packages.map((entry) => [entry.manifest.name, entry]));
  const ordered = new Set();
  const add = (entry) => {
    for (const name of Object.keys(entry.manifest.dependencies)) if (byName.has(name)) add(byName.get(name));
    ordered.add(entry);
  };
  for (const entry of packages) add(entry);
  return [...ordered];
}

function git(...args) {
  return (spawnSync('git', args, { encoding: 'utf8' }).stdout ?? '').trim();
}

function run(program, ...args) {
  const { status } = spawnSync(program, args, { stdio: ['inherit', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) fail(`${program} ${args.join(' ')} ended with ${status}`);
}

function kilobytes(bytes) {
  return `${Math.ceil(bytes / 1000)} kB`;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
