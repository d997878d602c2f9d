import { writeFile } from 'node:fs/promises';

import { tensor, VitaminError } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';

import { openCheckpoint } from '../src/open-checkpoint.ts';
import { temporaryFolder } from './support/folder.ts';
import { openBytes, readBytes } from './support/memory-source.ts';
import { foreignPickle, scriptPickle, settingsPickle } from './support/torch-pickles.data.ts';
import { torchBytes, zipBytes } from './support/zip-bytes.ts';

const file = temporaryFolder();
const two = new Uint8Array(new Float32Array([1, 2]).buffer);

it('reads numbers of numpy, namespaces, counters, paths and devices beside the weights', async () => {
  const bytes = torchBytes(Buffer.from(settingsPickle, 'base64'), [two]);
  expect([...(await readBytes(bytes))]).toEqual([['w', tensor('float32', [2], new Float32Array([1, 2]))]]);
  expect(Object.fromEntries((await openBytes(bytes)).metadata)).toEqual({
    best: 0.5,
    steps: 7,
    small: 0.25,
    flag: true,
    'args.lr': 0.1,
    'args.out': 'runs/best',
    'args.nested.a': 1,
    'counts.a': 2,
    'counts.b': 1,
    'dd.x': 2,
    device: 'cuda:0',
    host: 'cpu',
    rng: 'numpy.ndarray',
    'names.0': 'n',
    'frozen.0': 3,
  });
});

it('reads the weights of a TorchScript archive and leaves its program alone', async () => {
  const bytes = zipBytes([
    { name: 'm/data/0', bytes: Buffer.from('00002040', 'hex') },
    { name: 'm/data/1', bytes: Buffer.from('e000000000000000', 'hex') },
    { name: 'm/data/2', bytes: Buffer.from('0000e040', 'hex') },
    { name: 'm/data/3', bytes: Buffer.from('003e00c0', 'hex') },
    { name: 'm/data.pkl', bytes: Buffer.from(scriptPickle, 'base64') },
    { name: 'm/code/__torch__.py', bytes: Buffer.from('import os; os.system("false")') },
    { name: 'm/constants.pkl', bytes: Buffer.from('cos\nsystem\n(X\x05\x00\x00\x00falsetR.', 'latin1') },
  ]);
  expect(Object.fromEntries(await readBytes(bytes))).toEqual({
    logit_scale: tensor('float32', [], new Float32Array([2.5])),
    input_resolution: tensor('int64', [], new BigInt64Array([224n])),
    'parts.0': tensor('float32', [1], new Float32Array([7])),
    'visual.0.weight': tensor('float16', [1, 2], new Uint16Array([0x3e00, 0xc000])), // 1.5, -2
  });
  expect(Object.fromEntries((await openBytes(bytes)).metadata)).toMatchObject({
    training: true,
    'visual.1.training': true,
    title: 'tiny',
    none: null,
    'sizes.1': 4,
    'names.a': 1,
    'rates.0': 0.5,
    'flags.0': true,
  });
});

it('lists tensors that it cannot read, and names them and their kind when it shall', async () => {
  const storages = Array.from({ length: 10 }, (_, i) => (i === 0 ? two : new Uint8Array(48)));
  await writeFile(file('foreign.pt'), torchBytes(Buffer.from(foreignPickle, 'base64'), storages));
  await using listed = await openCheckpoint(file('foreign.pt'), { listForeign: true });
  expect([...listed.tensors.keys()]).toEqual(['w']);
  expect([...listed.foreign.values()].map(({ name, dtype, shape }) => `${name} ${dtype} ${shape.join('x')}`)).toEqual([
    'f8 float8_e4m3fn 3',
    'u16 uint16 2x2',
    'c complex64 2',
    'q qint8 2x3',
    'coo sparse_coo 4x5',
    'csr sparse_csr 3x3',
  ]);
  await expect(openCheckpoint(file('foreign.pt'))).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('"f8" of type float8_e4m3fn'),
    hint: expect.stringContaining('.dequantize()'),
  });
});

function safetensors(header: object, bytes: number): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(bytes)]);
}

it.each(['F8_E4M3', 'F8_E5M2', 'U16', 'U32', 'U64', 'F4'])('lists safetensors of %s', async (dtype) => {
  const header = { w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] }, x: { dtype, shape: [4], data_offsets: [4, 12] } };
  await writeFile(file('x.safetensors'), safetensors(header, 8 + 4));
  await using listed = await openCheckpoint(file('x.safetensors'), { listForeign: true });
  expect([...listed.foreign.values()]).toEqual([{ name: 'x', dtype, shape: [4] }]);
  expect((await listed.read('w')).data).toEqual(new Float32Array(1));
  await expect(openCheckpoint(file('x.safetensors'))).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringContaining(dtype),
  });
  // Gaps and overlaps are found whatever the type.
  await writeFile(file('gap.safetensors'), safetensors(header, 8 + 5));
  await expect(openCheckpoint(file('gap.safetensors'), { listForeign: true })).rejects.toMatchObject({ code: 'WEIGHTS_CORRUPT' });
});

async function failure(bytes: Uint8Array): Promise<VitaminError> {
  return await openBytes(bytes).then(
    () => expect.unreachable(),
    (error: VitaminError) => error,
  );
}

it('tells an archive that was packed again with compression', async () => {
  const entries = [
    { name: 'a/data.pkl', bytes: Buffer.from(settingsPickle, 'base64'), deflate: true },
    { name: 'a/byteorder', bytes: Buffer.from('little'), deflate: true },
    { name: 'a/data/0', bytes: two, deflate: true },
  ];
  for (const kept of [entries, entries.filter(({ name }) => name !== 'a/byteorder')]) {
    const error = await failure(zipBytes(kept));
    expect([error.code, error.message]).toEqual(['UNSUPPORTED', expect.stringMatching(/compressed/)]);
    expect(error.hint).toContain('torch.save(torch.load(old');
  }
});

it('refuses names that PyTorch takes for one', async () => {
  const pickle = Buffer.from(settingsPickle, 'base64');
  const error = await failure(
    zipBytes([
      { name: 'a/data.pkl', bytes: pickle },
      { name: 'A/Data.pkl', bytes: pickle },
    ]),
  );
  expect([error.code, error.message]).toEqual(['WEIGHTS_CORRUPT', expect.stringContaining('whatever their case')]);
});

it.each([
  "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'descr': '<i4', }",
  "{'shape': (2,), 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
  `{"descr": '<i4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }`,
  "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1, }",
  "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} {'descr': '<i4'}",
])('refuses the npy header %s', async (header) => {
  const text = Buffer.from(`${header}\n`);
  const prefix = Buffer.from('\x93NUMPY\x01\0\0\0', 'latin1');
  prefix.writeUInt16LE(text.length, 8);
  expect((await failure(Buffer.concat([prefix, text, Buffer.alloc(4)]))).code).toBe('WEIGHTS_CORRUPT');
});

it('reads npy headers in any order, with and without a last comma', async () => {
  for (const header of [
    "{'shape': (1,), 'fortran_order': False, 'descr': '<f4'}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
  ]) {
    const text = Buffer.from(`${header}   \n`);
    const prefix = Buffer.from('\x93NUMPY\x01\0\0\0', 'latin1');
    prefix.writeUInt16LE(text.length, 8);
    expect((await readBytes(Buffer.concat([prefix, text, Buffer.alloc(4)]))).size).toBe(1);
  }
});

/** data.pkl of one tensor, with 20 MiB of text beside it. */
function heavyPickle(i: number): Buffer {
  const name = Buffer.from(`w${i}`);
  const body = `X\x02\0\0\0${name.toString()}ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQK\0(K\x01t(K\x01t\x89ccollections\nOrderedDict\n)RtR`;
  const text = Buffer.alloc(20 * 2 ** 20, 'x');
  const head = Buffer.from(`\x80\x02}(${body}X\x02\0\0\0m${i}X`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([head, length, text, Buffer.from('u.')]);
}

it('counts what shards ask for together', async () => {
  const map: Record<string, string> = {};
  for (let i = 0; i < 2; i++) {
    map[`w${i}`] = `m-${i}.bin`;
    await writeFile(
      file(`m-${i}.bin`),
      zipBytes([
        { name: 'a/data.pkl', bytes: heavyPickle(i), deflate: true },
        { name: 'a/data/0', bytes: Buffer.alloc(4) },
      ]),
    );
  }
  await writeFile(file('one.index.json'), JSON.stringify({ weight_map: { w0: 'm-0.bin' } }));
  await using one = await openCheckpoint(file('one.index.json'));
  expect(one.tensors.size).toBe(1);
  await writeFile(file('two.index.json'), JSON.stringify({ weight_map: map }));
  await expect(openCheckpoint(file('two.index.json'))).rejects.toMatchObject({
    code: 'WEIGHTS_CORRUPT',
    message: expect.stringContaining('all shards together'),
  });
});

it('refuses a zip whose directory is the bomb', async () => {
  const bytes = zipBytes([{ name: 'a/data.pkl', bytes: Buffer.from(settingsPickle, 'base64') }]);
  const start = bytes.readUInt32LE(bytes.length - 6);
  const entry = bytes.subarray(start, bytes.length - 22);
  const copies: Buffer[] = [];
  for (let i = 0; i < 400; i++) {
    const copy = Buffer.concat([entry, Buffer.alloc(65_532)]);
    copy.writeUInt16LE(65_532, 30);
    copies.push(copy);
  }
  const directory = Buffer.concat(copies);
  const end = Buffer.from(bytes.subarray(bytes.length - 22));
  end.writeUInt16LE(400, 8);
  end.writeUInt16LE(400, 10);
  end.writeUInt32LE(directory.length, 12);
  const error = await failure(Buffer.concat([bytes.subarray(0, start), directory, end]));
  expect([error.code, error.message]).toEqual(['WEIGHTS_CORRUPT', expect.stringContaining('zip directory of at most')]);
});
