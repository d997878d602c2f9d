import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { probeTensorflow } from '@vitamin-vlm/engine-tfjs';
import { expect, it, onTestFinished } from 'vitest';

it('says that the package for a GPU is not there', async () => {
  expect(await probeTensorflow()).toEqual({
    name: '@tensorflow/tfjs-node-gpu',
    installed: false,
    loads: false,
    gpu: false,
    detail: 'not installed (optional)',
    requirement: expect.stringMatching(/Node below 23.*CUDA 11\.2.*cuDNN 8\.1/u) as string,
  });
});

/** What `npm install` leaves behind when a package's native part was not fetched: the package is there and throws. */
it('takes no slower backend where the package for a GPU is installed and does not load', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const modules = join(folder, 'node_modules');
  const { resolve } = createRequire(import.meta.url);
  for (const name of ['@vitamin-vlm/engine-tfjs', '@vitamin-vlm/core', '@bufbuild/protobuf']) {
    const [home = ''] = resolve(name).split(/[\\/]dist[\\/]/u);
    await cp(home, join(modules, name), { recursive: true, dereference: true });
  }
  const broken = join(modules, '@tensorflow', 'tfjs-node-gpu');
  await mkdir(broken, { recursive: true });
  await writeFile(join(broken, 'package.json'), JSON.stringify({ name: '@tensorflow/tfjs-node-gpu', main: 'index.js' }));
  await writeFile(join(broken, 'index.js'), `throw new Error('libtensorflow.so.2: cannot open shared object file\\nRequire stack');`);
  const script = join(folder, 'script.mjs');
  await writeFile(
    script,
    `import { loadBackend, probeTensorflow } from '@vitamin-vlm/engine-tfjs';
     const error = await loadBackend().catch(({ code, message, hint }) => ({ code, message, hint }));
     console.log(JSON.stringify([await probeTensorflow(), error]));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  const told = 'Expected @tensorflow/tfjs-node-gpu to load but received: libtensorflow.so.2: cannot open shared object file';
  expect(JSON.parse(stdout)).toMatchObject([
    { name: '@tensorflow/tfjs-node-gpu', installed: true, loads: false, gpu: false, detail: told },
    { code: 'UNSUPPORTED', message: told, hint: expect.stringContaining('Node below 23') as string },
  ]);
});
