import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readLog } from '../src/index.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'training-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

// The built packages: a process that can be killed has no test runner around it.
const script = `
  const { train } = await import(${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)});
  const g = await import(${JSON.stringify(import.meta.resolve('@vitamin-vlm/graph'))});
  const { tensor, sizeOf } = await import(${JSON.stringify(import.meta.resolve('@vitamin-vlm/core'))});
  const [folder, pause] = [process.argv[1], Number(process.argv[2])];
  const waves = (shape, seed) => tensor('float32', shape, Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(seed * 7919 + i * i)));
  const graph = new g.Graph('step');
  const parameters = new g.Parameters(graph, { trainable: () => true });
  const hidden = g.gelu(g.linear(parameters.root.at('one'), graph.input('x', 'float32', [16, 8]), 32));
  const running = graph.input('norm.running_mean', 'float32', [32]);
  graph.output('norm.running_mean:next', g.add(g.mul(running, 0.9), g.mul(g.reshape(g.reduceMean(hidden, [0]), [32]), 0.1)));
  const miss = g.sub(g.linear(parameters.root.at('two'), hidden, 1), graph.input('target', 'float32', [16, 1]));
  const optimizer = { beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.01, clipNorm: 1 };
  g.addTrainingStep(g.reshape(g.reduceMean(g.mul(miss, miss), [0, 1]), []), parameters.trained, optimizer);
  const initial = new Map([...parameters.declared].map(([path, shape], i) => [path, waves(shape, i)]));
  initial.set('norm.running_mean', tensor('float32', [32]));
  await train({
    folder, initial, graphs: { step: g.toOnnx(graph) }, settings: { steps: 60, optimizer }, steps: 60,
    rate: g.warmUp(g.cosineRate(0.05, { to: 60 }), { steps: 10 }),
    batch: async (index) => {
      await new Promise((done) => setTimeout(done, pause));
      return { feeds: { x: waves([16, 8], index), target: waves([16, 1], -index) } };
    },
    evaluation: {
      every: 7,
      best: { figure: 'sum', better: 'lower' },
      run: (values) => ({ sum: values.get('two.weight').data.reduce((sum, value) => sum + value, 0) }),
    },
    saveEvery: 3,
    session: { threads: 2 },
    onLog: () => process.stdout.write('.'),
  });
`;

function start(folder: string, pause: number): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', script, folder, `${pause}`], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Everything in a folder; of the log, what does not depend on a clock. */
async function contentsOf(folder: string): Promise<Record<string, unknown>> {
  const contents: Record<string, unknown> = {};
  for (const name of await readdir(folder)) {
    if (name === 'log.jsonl') contents[name] = (await readLog(join(folder, name))).map((entry) => ({ ...entry, seconds: undefined }));
    else contents[name] = await readFile(join(folder, name));
  }
  return contents;
}

it('comes to the same bytes after kills at random moments', { timeout: 180_000 }, async () => {
  const undisturbed = join(root, 'undisturbed');
  expect((await once(start(undisturbed, 0), 'close'))[0]).toBe(0);
  const folder = join(root, 'killed');
  await mkdir(folder);
  await writeFile(join(folder, 'state.safetensors.0123456789ab.tmp'), 'of a save that a kill met');
  let kills = 0;
  for (;;) {
    const child = start(folder, 15);
    const closed = once(child, 'close');
    await Promise.race([once(child.stdout!, 'data'), closed]);
    const killed = setTimeout(60 + Math.random() * 240).then(() => child.kill('SIGKILL'));
    child.stdout!.resume();
    const [code] = (await closed) as [number | null];
    await killed;
    if (code === 0) break;
    kills++;
  }
  expect(kills).toBeGreaterThan(1);
  expect(await contentsOf(folder)).toEqual(await contentsOf(undisturbed));
  expect(Object.keys(await contentsOf(undisturbed)).toSorted()).toEqual([
    'best.safetensors',
    'log.jsonl',
    'state.safetensors',
    'training.json',
  ]);
});
