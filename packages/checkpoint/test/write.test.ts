import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { arrayTypes, tensor, type DType, type Tensor } from '@vitamin-vlm/core';
import { describe, expect, it } from 'vitest';

import { openCheckpoint, readNpy, StateDict, summarize, writeNpy, writeSafetensors, writeTorchArchive } from '../src/index.ts';
import { temporaryFolder } from './support/folder.ts';

const file = temporaryFolder();
const dtypes = Object.keys(arrayTypes) as DType[];

function make(dtype: DType): Tensor {
  const values = dtype === 'bool' ? [0, 1, 1] : [0, 1, 127];
  if (dtype === 'int64') return { dtype, shape: [1, 3], data: new BigInt64Array(values.map(BigInt)) };
  const data = new arrayTypes[dtype](3);
  data.set(values);
  return { dtype, shape: [1, 3], data };
}

/** One tensor of every element type, with values at the ends of the 8-bit range. */
function everyType(): Record<string, Tensor> {
  return {
    ...Object.fromEntries(dtypes.map((dtype) => [dtype, make(dtype)])),
    scalar: tensor('float32', []),
    empty: tensor('int64', [2, 0]),
  };
}

it.each([
  ['safetensors', writeSafetensors],
  ['torch', writeTorchArchive],
] as const)('%s: what is written is read back, in order', async (format, write) => {
  const tensors = everyType();
  await write(file('all'), tensors);
  await using checkpoint = await openCheckpoint(file('all'));
  expect(checkpoint.format).toBe(format);
  expect([...checkpoint.tensors.keys()]).toEqual(Object.keys(tensors));
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) expect(await checkpoint.read(name)).toEqual({ dtype, shape, data });
  expect(summarize(checkpoint)).toMatchObject({ tensors: 12, elements: 31 });
  expect(summarize(checkpoint).dtypes.get('float32')).toEqual({ tensors: 2, elements: 4, bytes: 16 });
});

it.each([
  ['safetensors', writeSafetensors],
  ['torch', writeTorchArchive],
] as const)('%s: takes a generator one tensor at a time, and lazy tensors', async (_, write) => {
  let alive = 0;
  async function* many(): AsyncGenerator<[string, { dtype: 'float32'; shape: number[]; data: () => Promise<Float32Array> }]> {
    for (let i = 0; i < 200; i++) {
      expect(++alive).toBe(1);
      yield [`layers.${i}.weight`, { dtype: 'float32', shape: [2], data: () => Promise.resolve(new Float32Array([i, -i])) }];
      alive--;
    }
  }
  // 200 names need more than the 4 KiB that safetensors leaves for the header: the body moves.
  await write(file('many'), many());
  await using checkpoint = await openCheckpoint(file('many'));
  expect(checkpoint.tensors.size).toBe(200);
  for (const i of [0, 1, 99, 199]) expect([...(await checkpoint.read(`layers.${i}.weight`)).data]).toEqual([i, -i]);
});

it('writes safetensors byte for byte as the safetensors library would, but for the padding of the header', async () => {
  // save({'w': arange(6).reshape(2, 3), 'b': bfloat16 [1.5, -2]}, {'format': 'pt'}) of safetensors 0.8.0 under PyTorch 2.4.1.
  const golden =
    'kAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCJ3Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29mZnNldHMiOlswLDI0XX0sImIiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMjQsMjhdfX0AAAAAAACAPwAAAEAAAEBAAACAQAAAoEDAPwDA';
  const bytes = Buffer.from(golden, 'base64');
  const w = tensor('float32', [2, 3], new Float32Array([0, 1, 2, 3, 4, 5]));
  const b = tensor('bfloat16', [2], new Uint16Array([0x3fc0, 0xc000]));
  await writeSafetensors(file('golden'), { w, b }, { format: 'pt' });
  expect(await readFile(file('golden'))).toEqual(bytes);
  await writeFile(file('golden'), bytes);
  await using checkpoint = await openCheckpoint(file('golden'));
  expect({ ...checkpoint.metadata }).toEqual({ format: 'pt' });
  expect(await checkpoint.read('b')).toEqual({ ...b });
});

it('aligns the storages of a torch archive to 64 bytes', async () => {
  await writeTorchArchive(file('aligned'), everyType());
  await using checkpoint = await openCheckpoint(file('aligned'));
  for (const { offset } of checkpoint.tensors.values()) expect(offset % 64).toBe(0);
});

it('keeps plain values of every kind in a torch archive', async () => {
  const plain = { epoch: 3, lr: 5e-4, big: 2n ** 62n, negative: -5, done: true, none: null, name: 'naïve "✓"', betas: [0.9, -0] };
  await writeTorchArchive(file('plain'), { ...plain, __proto__x: 1, w: tensor('float32', [1]) });
  await using checkpoint = await openCheckpoint(file('plain'));
  const { betas, ...flat } = plain;
  expect({ ...checkpoint.metadata }).toEqual({ ...flat, 'betas.0': betas[0], 'betas.1': -0, __proto__x: 1 });
});

const numbers = (name: string): readonly [string, Tensor] => [name, tensor('float32', [2])];

it('writes a state dict with the versions of its modules', async () => {
  const counter = ['neck.0.bn.num_batches_tracked', tensor('int64', [])] as const;
  const state = new StateDict([numbers('neck.0.conv.weight'), numbers('neck.0.bn.weight'), counter, numbers('scale')]);
  const versions = { '': 1, neck: 1, 'neck.0': 1, 'neck.0.conv': 1, 'neck.0.bn': 2 };
  expect(Object.fromEntries(state.versions)).toEqual(versions);
  await writeTorchArchive(file('state'), { meta: { epoch: 3 }, state_dict: state });
  await using checkpoint = await openCheckpoint(file('state'));
  expect([...checkpoint.tensors.keys()]).toEqual(state.tensors.map(([name]) => name));
  // The attribute stands after the last pair: PyTorch 2.15.0 (weights_only) gives it as `state_dict._metadata`.
  const pickle = (await readFile(file('state'))).toString('latin1');
  const pairs = Object.entries(versions).map(
    ([module, version]) =>
      `X${String.fromCharCode(module.length)}\0\0\0${module}ccollections\nOrderedDict\n)R(X\x07\0\0\0versionJ${String.fromCharCode(version)}\0\0\0u`,
  );
  expect(pickle).toContain(`u}X\x09\0\0\0_metadataccollections\nOrderedDict\n)R(${pairs.join('')}usb`);
  const twice = new StateDict([numbers('a'), numbers('a')]);
  await expect(writeTorchArchive(file('state'), { state_dict: twice })).rejects.toMatchObject({ code: 'USAGE' });
});

it('leaves neither a half-written nor a temporary file behind', async () => {
  await writeSafetensors(file('kept/../kept'), { w: tensor('float32', [1]) });
  const before = await readFile(file('kept'));
  const broken = tensor('float32', [2]);
  const wrong = { ...broken, shape: [3] };
  for (const write of [writeSafetensors, writeTorchArchive]) {
    await expect(write(file('kept'), { wrong })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('Expected 3 elements') as string,
    });
    const twice = [['w', broken] as const, ['w', broken] as const];
    await expect(write(file('kept'), twice)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('"w"') as string });
  }
  const signal = AbortSignal.abort();
  await expect(writeSafetensors(file('kept'), { w: broken }, {}, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(writeTorchArchive(file('kept'), { w: broken }, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await readFile(file('kept'))).toEqual(before);
  expect((await readdir(dirname(file('kept')))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('reports a folder that is not there', async () => {
  await expect(writeNpy(file('absent/x.npy'), tensor('float32', [1]))).rejects.toMatchObject({
    code: 'RUNTIME',
    message: expect.stringContaining('ENOENT') as string,
  });
});

it('npy: written, read back and opened as a checkpoint', async () => {
  for (const [name, { dtype, shape, data }] of Object.entries(everyType())) {
    if (dtype === 'bfloat16') {
      await expect(writeNpy(file('x.npy'), tensor(dtype, [1]))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
      continue;
    }
    await writeNpy(file(`${name}.npy`), { dtype, shape, data });
    expect(await readNpy(file(`${name}.npy`))).toEqual({ dtype, shape, data });
    await using checkpoint = await openCheckpoint(file(`${name}.npy`));
    expect(checkpoint.tensors.get(name)!.offset % 64).toBe(0);
    expect(await checkpoint.read(name)).toEqual({ dtype, shape, data });
  }
});

it('npy: reads Fortran order and versions 2 and 3', async () => {
  const header = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }\n";
  for (const version of [2, 3]) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(header.length);
    const data = Buffer.from(new Int16Array([1, 4, 2, 5, 3, 6]).buffer);
    await writeFile(
      file('fortran'),
      Buffer.concat([Buffer.from([0x93]), Buffer.from('NUMPY'), Buffer.from([version, 0]), length, Buffer.from(header), data]),
    );
    expect([...(await readNpy(file('fortran'))).data]).toEqual([1, 2, 3, 4, 5, 6]);
  }
});

/** Numbers from 0, in parts of these sizes. */
async function* parts(...sizes: readonly number[]): AsyncGenerator<Float32Array, void> {
  let at = 0;
  for (const size of sizes) yield Float32Array.from({ length: size }, () => at++);
}

const inParts = (...sizes: readonly number[]) => ({ dtype: 'float32', shape: [2, 3], data: () => parts(...sizes) }) as const;

describe('a tensor in parts', () => {
  const whole = tensor('float32', [2, 3], Float32Array.from([0, 1, 2, 3, 4, 5]));

  it('gives the bytes of the whole', async () => {
    const [one, other] = [file('whole'), file('parts')];
    await writeNpy(one, whole);
    await writeNpy(other, inParts(1, 4, 1));
    expect(await readFile(other)).toEqual(await readFile(one));
    await writeSafetensors(one, { a: whole, b: whole });
    await writeSafetensors(other, { a: inParts(6), b: inParts(2, 0, 4) });
    expect(await readFile(other)).toEqual(await readFile(one));
  });

  it.each([[[5]], [[3, 4]], [[]]])('is refused where its parts do not add up: %j', async (sizes) => {
    await expect(writeNpy(file('no.npy'), inParts(...sizes))).rejects.toMatchObject({ code: 'USAGE' });
  });
});
