import { openCheckpoint } from '@vitamin-vlm/checkpoint';
import { type Tensor, tensor, VitaminError } from '@vitamin-vlm/core';
import * as g from '@vitamin-vlm/graph';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type LogEntry, plotLogs, readLog, type TrainOptions } from '../src/index.ts';
import { fitBatch, fitStep, initial, optimizer } from './fit.ts';
import { bytesOf, logOf, lossesOf, newFolder, rows, run } from './run.ts';

it('learns, logs every step with its rate, and leaves the caller’s arrays alone', async () => {
  const folder = newFolder();
  const kept = fitBatch(1, rows);
  const entries: LogEntry[] = [];
  const done: number[] = [];
  const { step: steps, parameters } = await run(folder, {
    batch: () => ({ feeds: kept }), // the same arrays each time
    samplesPerStep: rows,
    onLog: (entry) => entries.push(entry),
    onProgress: (event) => done.push(event.phase === 'run' ? event.done : -1),
  });
  expect(steps).toBe(20);
  expect([...parameters.keys()]).toEqual(['fc.weight', 'fc.bias']);
  expect(done).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  expect(await readLog(join(folder, 'log.jsonl'))).toEqual(entries);
  expect(entries[3]).toMatchObject({
    step: 4,
    samples: 32,
    rate: expect.closeTo(0.1 * 0.775 * 0.5 * (1 + Math.cos((Math.PI * 3) / 20)), 12),
  });
  const losses = await lossesOf(folder);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 4);
  expect(kept.x.data).toHaveLength(32);
  expect(initial.get('fc.weight')!.data).toHaveLength(8);
  expect((await readdir(folder)).toSorted()).toEqual(['log.jsonl', 'state.safetensors', 'training.json']);
});

it.each(['worker', 'inline'] as const)('stops on the signal and goes on to the same bytes (%s)', async (execution) => {
  const session = { threads: 1, execution };
  const whole = newFolder();
  await run(whole, { session });
  const parts = newFolder();
  for (const stop of [7, 8, 15]) {
    const controller = new AbortController();
    const onLog = ({ step: at }: LogEntry): void => (at === stop ? controller.abort() : undefined);
    await expect(run(parts, { session, signal: controller.signal, onLog })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await lossesOf(parts)).toHaveLength(stop);
  }
  await run(parts, { session });
  expect(await bytesOf(parts)).toEqual(await bytesOf(whole));
  expect(await logOf(parts)).toEqual(await logOf(whole));
});

it('asks for batches one ahead and in order, and saves the state when one cannot be made', async () => {
  const folder = newFolder();
  const events: string[] = [];
  const options: Partial<TrainOptions> = {
    saveEvery: 100,
    onLog: (entry) => events.push(`step ${entry.step}`),
    batch: async (index) => {
      events.push(`batch ${index}`);
      if (index === 4 && !events.includes('again')) throw new VitaminError('INPUT_UNREADABLE', 'Expected a picture');
      return { feeds: fitBatch(index, rows) };
    },
  };
  await expect(run(folder, options)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  expect(events).toEqual(['batch 1', 'batch 2', 'step 1', 'batch 3', 'step 2', 'batch 4', 'step 3']);
  events.push('again');
  await run(folder, options);
  expect(events.slice(8, 12)).toEqual(['batch 4', 'batch 5', 'step 4', 'batch 6']);
  const whole = newFolder();
  await run(whole, { saveEvery: 100 });
  expect(await bytesOf(folder)).toEqual(await bytesOf(whole));
});

it('feeds running outputs back, names further scalars in the log, and keeps the best parameters', async () => {
  // A running mean of the outputs, as a batch norm keeps one.
  const graphs = {
    step: fitStep(rows, (graph, y) => {
      const running = graph.input('norm.running_mean', 'float32', [2]);
      const mean = g.reshape(g.reduceMean(y, [0]), [2]);
      graph.output('norm.running_mean:next', g.add(g.mul(running, 0.9), g.mul(mean, 0.1)));
      graph.output('largest', g.reshape(g.reduceMax(y, [0, 1]), []));
    }),
  };
  const folder = newFolder();
  const figures = [0.2, 0.7, 0.4, 0.6];
  const evaluated: number[] = [];
  const best: Tensor['data'][] = [];
  const { parameters, best: found } = await run(folder, {
    graphs,
    initial: new Map([...initial, ['norm.running_mean', tensor('float32', [2])]]),
    steps: 14,
    evaluation: {
      every: 4,
      best: { figure: 'AP', better: 'higher' },
      run: (values, at) => {
        best.push(values.get('fc.weight')!.data.slice());
        return { AP: figures[evaluated.push(at) - 1]!, steps: at };
      },
    },
  });
  expect(evaluated).toEqual([4, 8, 12, 14]); // the last step too
  expect(found).toEqual({ step: 8, value: 0.7 });
  expect([...parameters.keys()].toSorted()).toEqual(['fc.bias', 'fc.weight', 'norm.running_mean']);
  expect(parameters.get('norm.running_mean')!.data.every((value) => value !== 0)).toBe(true);
  await using file = await openCheckpoint(join(folder, 'best.safetensors'));
  expect((await file.read('fc.weight')).data).toEqual(best[1]);
  expect(file.metadata).toMatchObject({ step: '8', AP: '0.7' });
  const log = await readLog(join(folder, 'log.jsonl'));
  expect(log[4]).toEqual({ step: 4, evaluation: { AP: 0.2, steps: 4 } });
  expect(log[0]).toMatchObject({ step: 1, values: { largest: expect.any(Number) } });

  const output = join(folder, 'plot.svg');
  await plotLogs(new Map([['fit', join(folder, 'log.jsonl')]]), output, { title: 'A fit', panels: ['loss', 'largest', 'AP'] });
  const svg = await readFile(output, 'utf8');
  for (const text of ['A fit', 'loss', 'largest', 'AP', 'step']) expect(svg).toContain(`>${text}</text>`);
  expect(svg.match(/<path[^>]*stroke="#5070dd"/g)?.length).toBeGreaterThanOrEqual(3);
  const absent = plotLogs(new Map([['fit', join(folder, 'log.jsonl')]]), output, { title: '', panels: ['PQ'] });
  await expect(absent).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('"PQ"') });
});

it('evaluates again what was stopped while it was evaluated', async () => {
  const folder = newFolder();
  const controller = new AbortController();
  const stopped = run(folder, {
    signal: controller.signal,
    evaluation: {
      every: 10,
      run: () => {
        controller.abort();
        throw new VitaminError('ABORTED', 'Aborted on request');
      },
    },
  });
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
  const evaluated: number[] = [];
  const evaluation = { every: 10, run: (_: unknown, at: number) => ({ step: evaluated.push(at) && at }) };
  await run(folder, { evaluation });
  expect(evaluated).toEqual([10, 20]);
  await run(folder, { evaluation });
  expect(evaluated).toEqual([10, 20]);
});

it('refuses what does not belong together', async () => {
  const folder = newFolder();
  await run(folder, { steps: 3 });
  const refusal = async (options: Partial<TrainOptions>, code: string, part: string, where = folder): Promise<void> => {
    await expect(run(where, options)).rejects.toMatchObject({ code, message: expect.stringContaining(part) });
  };
  await refusal({ settings: { rows: 9 } }, 'USAGE', 'Expected rows to be 8');
  const other = new g.Graph('other');
  const parameters = new g.Parameters(other, { trainable: () => true });
  const y = g.linear(parameters.root.at('out'), other.input('x', 'float32', [rows, 4]), 2);
  g.addTrainingStep(g.reshape(g.reduceMean(g.mul(y, y), [0, 1]), []), parameters.trained, optimizer);
  await refusal({ graphs: { step: g.toOnnx(other) } }, 'WEIGHTS_MISMATCH', 'fc.weight');
  await refusal({ initial: new Map() }, 'WEIGHTS_MISSING', 'fc.weight', newFolder());
  const narrow = new Map([...initial, ['fc.weight', tensor('float32', [2, 3])]] as const);
  await refusal({ initial: narrow }, 'WEIGHTS_MISMATCH', '[2, 4] but found float32 [2, 3]', newFolder());
  const { x, target } = fitBatch(1, rows);
  await refusal({ batch: () => ({ feeds: { x, target, y: x } }) }, 'USAGE', '"y"', newFolder());
  await refusal({ batch: () => ({ feeds: { x, target, 'fc.bias': x } }) }, 'USAGE', '"fc.bias"', newFolder());
  await refusal({ batch: () => ({ feeds: { x } }) }, 'USAGE', 'Step 1: Expected input "target"', newFolder());
  const graph = new g.Graph('no loss');
  graph.output('y', g.exp(graph.input('x', 'float32', [2])));
  await refusal({ graphs: { step: g.toOnnx(graph) } }, 'USAGE', 'output "loss"', newFolder());
});

it('stops when the loss is no longer finite, and keeps the state before', async () => {
  const folder = newFolder();
  const broken = fitBatch(8, rows);
  broken.target.data[3] = Number.NaN;
  const stopped = run(folder, { batch: (index) => ({ feeds: index === 8 ? broken : fitBatch(index, rows) }) });
  await expect(stopped).rejects.toMatchObject({ code: 'RUNTIME', message: 'Step 8: Expected a finite loss but found NaN' });
  const { step: steps } = await run(folder); // goes on after step 5, with better data
  expect(steps).toBe(20);
  const whole = newFolder();
  await run(whole);
  expect(await bytesOf(folder)).toEqual(await bytesOf(whole));
});
