import { tensor, VitaminError } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';

import { MAX_PICKLE_BYTES } from '../src/limits.ts';
import { openBytes, readBytes } from './support/memory-source.ts';
import { tensorPickle, torchBytes, zipBytes, type HandMadeEntry } from './support/zip-bytes.ts';

const two = new Uint8Array(new Float32Array([1, 2]).buffer);
const sound = tensorPickle({ shape: [2], strides: [1], elements: 2 });

async function failure(bytes: Uint8Array): Promise<VitaminError> {
  const error: unknown = await openBytes(bytes).then(
    () => new Error('opened'),
    (reason: unknown) => reason,
  );
  if (error instanceof VitaminError) return error;
  throw error;
}

it('opens the sound form of what is damaged below', async () => {
  expect((await readBytes(torchBytes(sound, [two]))).get('t')).toEqual(tensor('float32', [2], new Float32Array([1, 2])));
});

it.each([
  ['GLOBAL', 'cposix\nsystem\n(U\x04trueo.', 'posix.system'],
  ['REDUCE', '\x80\x02cbuiltins\neval\n(U\x041+1tR.', 'builtins.eval'],
  ['STACK_GLOBAL', '\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.', 'os.system'],
  ['a dotted name', '\x80\x04\x8c\x0bcollections\x8c\x14OrderedDict.__init__\x93.', 'collections.OrderedDict.__init__'],
  ['INST', '(U\x04trueiposix\nsystem\n.', 'posix.system'],
  ['EXT1', '\x80\x02\x82\x05.', 'copyreg extension 5'],
  ['a storage from bytes', '\x80\x02ctorch.storage\n_load_from_bytes\n.', 'torch.storage._load_from_bytes'],
  ['a loader of torch', '\x80\x02ctorch\nload\n.', 'torch.load'],
  ['an array of objects', '\x80\x02cnumpy.core.multiarray\nfromstring\n.', 'numpy.core.multiarray.fromstring'],
  ['a whole module of a project', '\x80\x02}U\x01mcmy.model\nNet\n)\x81}bs.', 'my.model.Net'],
])('UNSAFE_PICKLE names the global: %s', async (_, pickle, name) => {
  const error = await failure(torchBytes(pickle));
  expect(error.code).toBe('UNSAFE_PICKLE');
  expect(error.message).toContain(`"${name}"`);
});

const damaged: [string, Uint8Array, RegExp][] = [
  ['storage too short', torchBytes(sound, [two.subarray(0, 4)]), /2 elements .* found 4 bytes/],
  ['storage absent', torchBytes(sound), /data\/"0".*no such entry/],
  ['view beyond its storage', torchBytes(tensorPickle({ first: 1, shape: [2], strides: [1], elements: 2 }), [two]), /inside bytes/],
  ['strides beyond its storage', torchBytes(tensorPickle({ shape: [2], strides: [2], elements: 2 }), [two]), /inside bytes/],
  [
    'negative dimension',
    torchBytes(tensorPickle({ shape: [-1], strides: [1], elements: 2 }), [two]),
    /whole numbers from 0 up for the shape/,
  ],
  [
    'negative stride',
    torchBytes(tensorPickle({ shape: [2], strides: [-1], elements: 2 }), [two]),
    /whole numbers from 0 up for the strides/,
  ],
  [
    'negative offset',
    torchBytes(tensorPickle({ first: -1, shape: [2], strides: [1], elements: 2 }), [two]),
    /whole numbers from 0 up for the offset/,
  ],
  ['negative storage size', torchBytes(tensorPickle({ shape: [2], strides: [1], elements: -2 }), [two]), /-2 elements/],
  ['fewer strides than dimensions', torchBytes(tensorPickle({ shape: [2, 1], strides: [1], elements: 2 }), [two]), /2 strides/],
  [
    'element count overflow',
    torchBytes(tensorPickle({ shape: [2 ** 30, 2 ** 30], strides: [0, 0], elements: 2 }), [two]),
    /element count below 2\^53/,
  ],
  [
    'a view of gigabytes over one element',
    torchBytes(tensorPickle({ shape: [2 ** 30], strides: [0], elements: 2 }), [two]),
    /no larger than the file/,
  ],
  [
    'too many dimensions',
    torchBytes(tensorPickle({ shape: Array(65).fill(1) as number[], strides: Array(65).fill(1) as number[], elements: 2 }), [two]),
    /64 dimensions/,
  ],
  ['one name twice', torchBytes('\x80\x02}(K\x01K\x02U\x011K\x03u.'), /unique names but found "1" twice/],
  ['a list inside itself', torchBytes('\x80\x02]q\0h\0a.'), /64 nested levels/],
  ['a dict inside itself', torchBytes('\x80\x02}q\0U\x01ah\0s.'), /64 nested levels/],
  ['a list doubled sixty times', torchBytes(`\x80\x02]${'q\0](h\0h\0e'.repeat(60)}.`), /values but found more/],
  ['names of megabytes', torchBytes(`\x80\x02}X\xff\xff\x0f\0${'a'.repeat(0xfffff)}K\x01s.`), /1024 characters/],
  ['unknown opcode', torchBytes('\x80\x02\xff.'), /opcode but found 0xff at byte 2/],
  ['pickle without end', torchBytes('\x80\x02}'), /end of the pickle/],
  ['empty stack', torchBytes('\x80\x020.'), /value on the stack/],
  ['mark missing', torchBytes('\x80\x02t.'), /mark on the stack/],
  ['memo missing', torchBytes('\x80\x02h\x07.'), /memo 7/],
  ['huge integer', torchBytes('\x80\x02\x8b\xff\xff\xff\x7f.'), /integer of at most 1024 bytes/],
  ['negative length', torchBytes('\x80\x02\x8b\xff\xff\xff\xff.'), /integer of at most 1024 bytes/],
  ['huge string', torchBytes('\x80\x02X\xff\xff\xff\xff.'), /4294967295 more bytes/],
  ['call of a list', torchBytes('\x80\x02])R.'), /call of a global/],
  ['attributes of a list', torchBytes('\x80\x02]}b.'), /attributes of an OrderedDict/],
];
it.each(damaged)('WEIGHTS_CORRUPT: %s', async (_, bytes, message) => {
  const error = await failure(bytes);
  expect(error.message).toMatch(message);
  expect(error.code).toBe('WEIGHTS_CORRUPT');
});

const pickle: HandMadeEntry = { name: 'archive/data.pkl', bytes: Buffer.from(sound, 'latin1') };
const storage: HandMadeEntry = { name: 'archive/data/0', bytes: two };
const zips: [string, Uint8Array, VitaminError['code'], RegExp][] = [
  ['truncated', torchBytes(sound, [two]).subarray(0, -30), 'WEIGHTS_CORRUPT', /damaged or truncated/],
  ['bytes after the end', Buffer.concat([torchBytes(sound, [two]), Buffer.alloc(10)]), 'WEIGHTS_CORRUPT', /damaged or truncated/],
  ['overlapping entries', zipBytes([pickle, storage, { ...storage, name: 'archive/data/1', offset: 0 }]), 'WEIGHTS_CORRUPT', /overlapping/],
  ['one entry twice', zipBytes([pickle, pickle, storage]), 'WEIGHTS_CORRUPT', /"archive\/data.pkl" twice/],
  ['two archives in one', zipBytes([pickle, { ...pickle, name: 'b/data.pkl' }]), 'WEIGHTS_CORRUPT', /one data.pkl but found 2/],
  ['a path that leads out', zipBytes([pickle, { ...storage, name: '../data/0' }]), 'WEIGHTS_CORRUPT', /invalid relative path/],
  ['compressed storage', zipBytes([pickle, { ...storage, deflate: true }]), 'UNSUPPORTED', /uncompressed but found it compressed/],
  [
    'zip bomb that tells its size',
    zipBytes([{ name: 'a/data.pkl', bytes: Buffer.alloc(MAX_PICKLE_BYTES + 1), deflate: true }]),
    'WEIGHTS_CORRUPT',
    /zip bomb/,
  ],
  [
    'zip bomb that lies about its size',
    zipBytes([{ name: 'a/data.pkl', bytes: Buffer.alloc(MAX_PICKLE_BYTES + 1), deflate: true, size: 100 }]),
    'WEIGHTS_CORRUPT',
    /zip bomb/,
  ],
  ['another zip', zipBytes([{ name: 'arr_0.npy', bytes: two }]), 'UNSUPPORTED', /zip archive of other files/],
  ['big-endian', zipBytes([pickle, storage, { name: 'archive/byteorder', bytes: Buffer.from('big') }]), 'UNSUPPORTED', /byteorder "big"/],
  [
    'complex numbers',
    torchBytes(tensorPickle({ shape: [1], strides: [1], elements: 1, type: 'ComplexFloatStorage' }), [two]),
    'UNSUPPORTED',
    /complex64/,
  ],
];
it.each(zips)('archives: %s', async (_, bytes, code, message) => {
  const error = await failure(bytes);
  expect(error.message).toMatch(message);
  expect(error.code).toBe(code);
  expect(error.hint).toBeTypeOf('string');
});

it('reads a deflated data.pkl of ordinary size', async () => {
  expect((await readBytes(zipBytes([{ ...pickle, deflate: true }, storage]))).size).toBe(1);
});
