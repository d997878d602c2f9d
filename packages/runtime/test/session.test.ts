import { sizeOf, tensor, type Tensor } from '@vitamin-vlm/core';
import { Graph, neg, toOnnx, type OnnxModel } from '@vitamin-vlm/graph';
import { Session } from '@vitamin-vlm/runtime';
import { expect, it } from 'vitest';

import { doublingModel, identityModel, reshapeModel, scaleModel, slowModel } from './models.ts';

const SIZE = 384;
const slowFeeds = (): Record<string, Tensor> => ({ x: tensor('float32', [SIZE, SIZE], new Float32Array(SIZE * SIZE).fill(0.5)) });
/** Long enough (about 10 GFLOP) that the test thread's event loop turns many times even on a busy machine. */
const slow = (): OnnxModel => slowModel(SIZE, 90);

it.each(['worker', 'inline'] as const)('runs a network (%s)', async (execution) => {
  await using session = await Session.create(scaleModel([1, 2, 3, 4]), { execution, threads: 1 });
  expect(session.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [4] }]);
  expect(session.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: [4] }]);
  const feeds = { x: tensor('float32', [4], new Float32Array([1, 1, -1, 0.5])) };
  expect(await session.run(feeds)).toEqual({ y: tensor('float32', [4], new Float32Array([1, 2, -3, 2])) });
  expect(feeds.x.data).toEqual(new Float32Array([1, 1, -1, 0.5]));
});

it.each(['worker', 'inline'] as const)('carries every dtype, symbolic, empty and scalar shapes (%s)', async (execution) => {
  const values = {
    float32: tensor('float32', [2, 3], new Float32Array([1, 2, 3, 4, 5, 6])),
    float64: tensor('float64', [1], new Float64Array([Math.PI])),
    float16: tensor('float16', [2], new Uint16Array([0x3c00, 0xc000])),
    int64: tensor('int64', [2], new BigInt64Array([-1n, 2n ** 40n])),
    int32: tensor('int32', [2], new Int32Array([-1, 7])),
    int8: tensor('int8', [2], new Int8Array([-128, 127])),
    uint8: tensor('uint8', [2], new Uint8Array([0, 255])),
    bool: tensor('bool', [], new Uint8Array([1])),
  };
  const entries = Object.entries(values) as [keyof typeof values, Tensor][];
  const model = identityModel(Object.fromEntries(entries.map(([dtype, { shape }]) => [dtype, shape.length])));
  await using session = await Session.create(model, { execution, threads: 1 });
  const outputs = await session.run(Object.fromEntries(entries.map(([dtype, value]) => [`in_${dtype}`, value])));
  for (const [dtype, value] of entries) expect(outputs[`out_${dtype}`]).toEqual(value);
  const empty = { ...values, float32: tensor('float32', [0, 3]) };
  const emptied = await session.run(Object.fromEntries(Object.entries(empty).map(([dtype, value]) => [`in_${dtype}`, value])));
  expect(emptied['out_float32']).toEqual(empty.float32);
});

it('checks feeds before running, and says what was expected and received', async () => {
  const graph = new Graph('negative');
  const input = graph.input('image', 'float32', [1, 'height', 4]);
  graph.output('y', neg(input));
  await using session = await Session.create(toOnnx(graph), { threads: 1 });
  const rejects = (feeds: Record<string, unknown>, message: string) =>
    expect(session.run(feeds as Record<string, Tensor>)).rejects.toMatchObject({ name: 'VitaminError', code: 'USAGE', message });
  await rejects({}, 'Expected input "image" to be float32 [1, height, 4] but received nothing');
  await rejects({ img: tensor('float32', [1]) }, 'Expected feeds for the inputs "image" but received one for "img"');
  await rejects({ image: tensor('int32', [1, 2, 4]) }, 'Expected input "image" to be float32 [1, height, 4] but received int32 [1, 2, 4]');
  await rejects(
    { image: tensor('float32', [1, 2, 5]) },
    'Expected input "image" to be float32 [1, height, 4] but received float32 [1, 2, 5]',
  );
  await rejects({ image: tensor('float32', [2, 4]) }, 'Expected input "image" to be float32 [1, height, 4] but received float32 [2, 4]');
  await rejects(
    { image: { dtype: 'float32', shape: [1, 2, 4], data: new Float64Array(8) } },
    'Expected the data of input "image" to be Float32Array of length 8 but received Float64Array of length 8',
  );
  await rejects(
    { image: { dtype: 'float32', shape: [1, 2, 4], data: new Float32Array(7) } },
    'Expected the data of input "image" to be Float32Array of length 8 but received Float32Array of length 7',
  );
  const image = tensor('float32', [1, 2, 4], new Float32Array(8).fill(-1));
  expect((await session.run({ image }))['y']).toEqual(tensor('float32', [1, 2, 4], new Float32Array(8).fill(1)));
});

it('checks the extents with names: multiples, and one number for one name', async () => {
  const graph = new Graph('named');
  graph.output('y', neg(graph.input('picture', 'float32', ['N', 'h*32', 'w*2'])));
  graph.output('z', neg(graph.input('flat', 'float32', ['h*w*3', 'N'])));
  await using session = await Session.create(toOnnx(graph), { threads: 1 });
  const run = (picture: readonly number[], flat: readonly number[]) =>
    session.run({ picture: tensor('float32', picture), flat: tensor('float32', flat) });
  const { y, z } = await run([2, 64, 6], [18, 2]);
  expect([y!.shape, z!.shape].join(' ')).toBe('2,64,6 18,2');
  await expect(run([2, 33, 6], [18, 2])).rejects.toMatchObject({
    code: 'USAGE',
    message: 'Expected a multiple of 32 on axis 1 of input "picture", float32 [N, h*32, w*2], but received 33',
  });
  await expect(run([2, 64, 6], [19, 2])).rejects.toThrow('a multiple of 3 on axis 0 of input "flat"');
  await expect(run([2, 64, 6], [18, 3])).rejects.toThrow('Expected 2, as "N" is 2 by axis 0 of "picture", on axis 1 of input "flat"');
  const product = 'Expected 18, as "h" is 2 by axis 1 of "picture" and "w" is 3 by axis 2 of "picture", on axis 0 of input "flat"';
  await expect(run([2, 64, 6], [12, 2])).rejects.toThrow(product);
});

it('moves buffers with transfer, and copies views that share or do not fill their buffer', async () => {
  await using session = await Session.create(doublingModel(3, 2), { threads: 1 });
  const shared = new Float32Array([1, 2, 3, 4]);
  const whole = new Float32Array([5, 6]);
  const feeds = {
    in0: tensor('float32', [2], shared.subarray(0, 2)),
    in1: tensor('float32', [2], shared.subarray(2)),
    in2: tensor('float32', [2], whole),
  };
  const outputs = await session.run(feeds, { transfer: true });
  expect([0, 1, 2].map((i) => [...outputs[`out${i}`]!.data])).toEqual([
    [2, 4],
    [6, 8],
    [10, 12],
  ]);
  expect(shared).toEqual(new Float32Array([1, 2, 3, 4]));
  expect(whole.length).toBe(0);
  await using inline = await Session.create(doublingModel(3, 2), { threads: 1, execution: 'inline' });
  const kept = tensor('float32', [2], new Float32Array([1, 2]));
  for (let i = 0; i < 2; i++) await inline.run({ in0: kept, in1: kept, in2: kept }, { transfer: true });
  expect(kept.data).toEqual(new Float32Array([1, 2]));
  // The same array twice: one feed moves it, the other gets a copy.
  const twice = tensor('float32', [2], new Float32Array([7, 8]));
  const again = await session.run({ in0: twice, in1: twice, in2: twice }, { transfer: true });
  expect([0, 1, 2].map((i) => [...again[`out${i}`]!.data])).toEqual([
    [14, 16],
    [14, 16],
    [14, 16],
  ]);
});

const numbers = (...values: number[]): Tensor => tensor('float32', [2], Float32Array.from(values));

it.each(['worker', 'inline'] as const)('gives feeds back among the outputs (%s)', async (execution) => {
  await using session = await Session.create(doublingModel(1, 2), { execution, threads: 1 });
  const handed = numbers(1, 2);
  const once = await session.run({ in0: handed }, { transfer: true, giveBack: ['in0'] });
  expect(once).toEqual({ in0: numbers(1, 2), out0: numbers(2, 4) });
  expect(handed.data.length).toBe(execution === 'worker' ? 0 : 2);
  // Again with what came back: no output has taken its memory.
  expect(await session.run({ in0: once['in0']! }, { transfer: true, giveBack: ['in0'] })).toEqual({
    in0: numbers(1, 2),
    out0: numbers(2, 4),
  });
  await expect(session.run({ in0: numbers(1, 2) }, { giveBack: ['z'] })).rejects.toThrow(/Expected a feed "z" to give back/u);
});

it.each([true, false])('reads a Node Buffer as uint8, and leaves the memory it shares alone (transfer: %s)', async (transfer) => {
  await using session = await Session.create(identityModel({ uint8: 1 }), { threads: 1 });
  const pooled = Buffer.from('abc');
  const neighbor = Buffer.from('def');
  const { out_uint8 } = await session.run({ in_uint8: tensor('uint8', [3], pooled) }, { transfer });
  expect(out_uint8!.data).toEqual(new Uint8Array([97, 98, 99]));
  expect(Buffer.concat([pooled, neighbor]).toString()).toBe('abcdef');
});

it('passes parameters round and round without mixing them up', async () => {
  const count = 40;
  await using session = await Session.create(doublingModel(count, 9), { threads: 1 });
  let parameters = Array.from({ length: count }, (_, i) => tensor('float32', [9], new Float32Array(9).fill(i + 1)));
  const kept: Tensor[] = [];
  for (let step = 1; step <= 20; step++) {
    const outputs = await session.run(Object.fromEntries(parameters.map((p, i) => [`in${i}`, p])), { transfer: true });
    parameters = parameters.map((_, i) => outputs[`out${i}`] as Tensor<'float32'>);
    kept.push(tensor('float32', [9], new Float32Array(parameters[3]!.data)));
    parameters.forEach(({ data }, i) => expect(data).toEqual(new Float32Array(9).fill((i + 1) * 2 ** step)));
  }
  expect(kept[0]!.data[0]).toBe(8);
});

/** How often a timer of this thread fires while a run of about 20 GFLOP is under way. */
async function turnsDuringRun(execution: 'worker' | 'inline'): Promise<number> {
  await using session = await Session.create(slowModel(SIZE, 180), { execution, threads: 1 });
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const outputs = await session.run(slowFeeds()).finally(() => clearInterval(timer));
  expect(outputs['y']!.data[SIZE]).toBe(0.5);
  return turns;
}

it('keeps the event loop free, which an inline session does not', async () => {
  expect(await turnsDuringRun('inline')).toBeLessThanOrEqual(2);
  expect(await turnsDuringRun('worker')).toBeGreaterThan(10);
});

it('serves calls in order; two sessions run at once', async () => {
  const [a, b] = await Promise.all([Session.create(slow(), { threads: 1 }), Session.create(slow(), { threads: 1 })]);
  const done: string[] = [];
  const call = async (session: Session, name: string): Promise<Tensor> => {
    const output = await session.run(slowFeeds());
    done.push(name);
    return output['y']!;
  };
  const outputs = await Promise.all([call(a, 'a1'), call(a, 'a2'), call(b, 'b1'), call(a, 'a3'), call(b, 'b2')]);
  for (const { data } of outputs) expect(data.every((value) => value === 0.5)).toBe(true);
  expect(done.filter((name) => name.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  // Were the sessions served one after the other, all of one would end before the first of the other.
  expect(done.indexOf('b1')).toBeLessThan(done.indexOf('a3'));
  await Promise.all([a.close(), b.close()]);
});

it('aborts a waiting call and a running one at once, and stays usable', async () => {
  await using session = await Session.create(slow(), { threads: 1 });
  const settled: string[] = [];
  const track = async (name: string, signal?: AbortSignal): Promise<void> => {
    const outcome = await session.run(slowFeeds(), { signal }).catch((error: { code: string }) => error.code);
    settled.push(typeof outcome === 'string' ? `${name} ${outcome}` : name);
  };
  const running = new AbortController();
  const waiting = new AbortController();
  const calls = [track('running', running.signal), track('waiting', waiting.signal), track('last')];
  await new Promise((resolve) => setTimeout(resolve, 20));
  waiting.abort();
  await calls[1];
  running.abort();
  await calls[0];
  expect(settled).toEqual(['waiting ABORTED', 'running ABORTED']);
  await calls[2];
  expect(settled).toEqual(['waiting ABORTED', 'running ABORTED', 'last']);
  await expect(session.run(slowFeeds(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
});

it('waits for the running call on close, drops the waiting ones, and closes once', async () => {
  const session = await Session.create(slow(), { threads: 1 });
  const running = session.run(slowFeeds());
  const waiting = session.run(slowFeeds()).catch((error: unknown) => error);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const closed = session.close();
  expect(session.close()).toBe(closed);
  const output = (await running)['y']!;
  await closed;
  expect(await waiting).toMatchObject({ code: 'ABORTED', message: 'Aborted because the session was closed' });
  expect(output.data.length).toBe(sizeOf([SIZE, SIZE]));
  expect(output.data.every((value) => value === 0.5)).toBe(true);
  await expect(session.run(slowFeeds())).rejects.toMatchObject({ code: 'USAGE' });
});

it('wraps errors of loading and running, and survives a failed run', async () => {
  await expect(Session.create(new Uint8Array([1, 2, 3]))).rejects.toMatchObject({ name: 'VitaminError', code: 'WEIGHTS_CORRUPT' });
  await expect(Session.create({ path: '/no/such/model.onnx' })).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  await expect(Session.create(scaleModel([1]), { threads: 0 })).rejects.toMatchObject({ code: 'USAGE' });
  await expect(Session.create(scaleModel([1]), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  await using session = await Session.create(reshapeModel(), { threads: 1 });
  const run = (length: bigint) => session.run({ x: tensor('float32', [4]), shape: tensor('int64', [1], new BigInt64Array([length])) });
  const error = await run(5n).catch((reason: Error) => reason);
  expect(error).toMatchObject({ name: 'VitaminError', code: 'RUNTIME' });
  expect((error as Error).message).toMatch(/^Expected the run to succeed but ONNX Runtime said: .*Reshape/);
  expect((error as Error).message).not.toContain('\n');
  expect((error as Error).cause).toBeInstanceOf(Error);
  expect((await run(4n))['y']!.shape).toEqual([4]);
});

it('can be left while it loads', async () => {
  const controller = new AbortController();
  const creation = Session.create(slowModel(1024, 4), { signal: controller.signal, threads: 1 });
  setTimeout(() => controller.abort(), 5);
  await expect(creation).rejects.toMatchObject({ code: 'ABORTED' });
});

it('gives the same numbers under every setting of speed and memory', async () => {
  const expected = { y: tensor('float32', [SIZE, SIZE], new Float32Array(SIZE * SIZE).fill(0.5)) };
  for (const options of [
    { optimization: 'disabled', threads: 2, spinning: true },
    { optimization: 'basic', threads: 2, spinning: false, arena: false, memoryPattern: false },
    { extra: { 'session.disable_prepacking': '1' } },
  ] as const) {
    await using session = await Session.create(slowModel(SIZE, 2), options);
    expect(await session.run(slowFeeds())).toEqual(expected);
  }
  await expect(Session.create(slowModel(SIZE, 2), { extra: { 'session.disable_prepacking': 1 as never } })).rejects.toMatchObject({
    code: 'RUNTIME',
  });
});
