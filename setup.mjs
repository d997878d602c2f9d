// Makes a fresh clone ready: installs when package-lock.json has changed since the last install, builds what is stale, and runs the tasks that are
// named, `node setup.mjs test`. Further flags are nx's.
// Plain Node and no dependency, because it runs before there are any.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import process from 'node:process';

const stamp = 'node_modules/.vitamin-install';
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Expected Node 20.19 or later but found ${process.versions.node}. Install a newer Node from https://nodejs.org.`);
  process.exit(1);
}

/** Runs a command with its output on stderr, so that stdout stays free for the result. */
function run(command, args) {
  const result = spawnSync(command, args, { stdio: ['inherit', 2, 2], shell: process.platform === 'win32' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const lock = createHash('sha256').update(readFileSync('package-lock.json')).update(process.version).digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  console.error('Installing dependencies (once) ...');
  // ONNX Runtime's install script would download CUDA libraries; the CPU and WebGPU engines are already in the package.
  process.env.ONNXRUNTIME_NODE_INSTALL = 'skip';
  // Not `npm ci`: it refuses the lock file where a registry lacks some platform's optional binaries. --no-save keeps the lock as it is.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
}
process.env.NX_DAEMON = 'false';
run('npx', ['--no-install', 'nx', 'run-many', '-t', 'build', ...process.argv.slice(2), '--outputStyle=static']);
