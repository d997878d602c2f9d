import { VitaminError } from '@vitamin-vlm/core';
import { expect, it } from 'vitest';

import { MAX_HEADER_BYTES } from '../src/limits.ts';
import { openBytes } from './support/memory-source.ts';
import { beforeZip } from './support/torch-files.data.ts';

async function failure(bytes: Uint8Array): Promise<VitaminError> {
  const error: unknown = await openBytes(bytes).then(
    () => new Error('opened'),
    (reason: unknown) => reason,
  );
  if (error instanceof VitaminError) return error;
  throw error;
}

/** A safetensors file around a header as text, with `body` bytes of data. */
function safetensors(header: string, body: number, length = Buffer.byteLength(header)): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(length));
  return Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(body)]);
}
const entry = (begin: number, end: number, shape = `[${(end - begin) / 4}]`): string =>
  `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;

it('opens the sound form of what is damaged below', async () => {
  expect((await openBytes(safetensors(`{"a":${entry(0, 4)},"b":${entry(4, 12)}}`, 12))).tensors.size).toBe(2);
  expect((await openBytes(safetensors('{}      ', 0))).tensors.size).toBe(0);
});

it('takes a header length that reads as text for a length', async () => {
  // 0x613c reads "<a", as an HTML page might begin; 0x7b20 reads " {", as JSON might.
  for (const length of [0x613c, 0x7b20]) expect((await openBytes(safetensors('{}'.padEnd(length), 0))).format).toBe('safetensors');
});

const corrupt: [string, Uint8Array, RegExp][] = [
  ['header longer than the file', safetensors('{}', 0, 1000), /header up to byte 1008 but found only 10 bytes/],
  ['huge header', safetensors('{}', 0, MAX_HEADER_BYTES + 1), /header of at most 25000000 bytes but found one of 25000001/],
  ['truncated', safetensors(`{"a":${entry(0, 8)}}`, 7), /"a" up to byte .* truncated/],
  ['overlapping', safetensors(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), /overlapping tensors before "b"/],
  ['a gap', safetensors(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12), /4 bytes that belong to no tensor before "b"/],
  ['bytes after the last tensor', safetensors(`{"a":${entry(0, 4)}}`, 8), /end with its last tensor/],
  ['falling offsets', safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}`, 8), /rising data_offsets/],
  ['negative offset', safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 8), /rising data_offsets/],
  ['fractional offset', safetensors(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4.5]}}`, 8), /rising data_offsets/],
  ['negative dimension', safetensors(`{"a":${entry(0, 4, '[-1]')}}`, 4), /whole numbers from 0 up/],
  ['shape and range disagree', safetensors(`{"a":${entry(0, 8, '[1]')}}`, 8), /4 bytes for "a" .* found 8/],
  ['shape beyond its range', safetensors(`{"a":${entry(0, 8, '[3]')}}`, 8), /inside bytes/],
  ['element count overflow', safetensors(`{"a":${entry(0, 8, '[4294967296,4294967296]')}}`, 8), /element count below 2\^53/],
  ['duplicate names', safetensors(`{"a":${entry(0, 4)},"a":${entry(4, 8)}}`, 8), /"a" twice/],
  ['duplicate names in disguise', safetensors(`{"a":${entry(0, 4)},"\\u0061" :${entry(4, 8)}}`, 8), /"a" twice/],
  ['duplicate fields', safetensors(`{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}`, 4), /"dtype" twice/],
  ['absurd nesting', safetensors(`{"a":${'['.repeat(100_000)}`, 0), /3 nested levels/],
  ['millions of values', safetensors(`{"a":[${'[],'.repeat(2_000_000)}0]}`, 0), /brackets, commas and strings/],
  ['not JSON', safetensors('{"a" 5}', 0), /syntax error/],
  ['a string without end', safetensors('{"a', 0), /string without end/],
  ['not UTF-8', Buffer.concat([safetensors('{"', 0, 4), Buffer.from([0xff, 0xfe])]), /UTF-8/],
  ['metadata that is no text', safetensors('{"__metadata__":{"a":1}}', 0), /string as __metadata__ "a"/],
  ['a name of megabytes', safetensors(`{"${'a'.repeat(2000)}":${entry(0, 4)}}`, 4), /1024 characters/],
  ['empty', new Uint8Array(0), /empty file/],
  [
    'a Git LFS pointer',
    Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1333270152\n'),
    /1333270152 bytes.*Git LFS pointer/,
  ],
  ['an HTML page', Buffer.from('\n<!DOCTYPE html>\n<html><head><title>Sign in</title>'), /HTML or XML page/],
  ['an XML error', Buffer.from('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), /HTML or XML page/],
  ['other text', Buffer.from('Entry not found'), /beginning with "Entry not found"/],
  ['three bytes', Buffer.from('PK\u0003'), /beginning with/],
  ['npy without data', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 20), /24 bytes .* found 20/],
  ['npy with more data', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 28), /end with its last tensor/],
  [
    'npy with a huge header',
    Buffer.concat([npy('', 0).subarray(0, 6), Buffer.from([2, 0, 255, 255, 255, 255])]),
    /npy header of at most 10000 bytes/,
  ],
  [
    'npy with code in its header',
    npy("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,), }", 4),
    /descr, fortran_order and shape/,
  ],
  ['npy with an overflow', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }", 4), /truncated|2\^53/],
];
it.each(corrupt)('WEIGHTS_CORRUPT: %s', async (_, bytes, message) => {
  const error = await failure(bytes);
  expect(error.message).toMatch(message);
  expect(error.code).toBe('WEIGHTS_CORRUPT');
  expect(error.hint).toBeTypeOf('string');
});

const unsupported: [string, Uint8Array, RegExp][] = [
  ['an element type of 8-bit floats', safetensors('{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}', 1), /"F8_E4M3"/],
  ['torch of before 1.6', Buffer.from(beforeZip, 'base64'), /before PyTorch 1.6/],
  ['a bare pickle', Buffer.from('\x80\x04\x95\x10', 'latin1'), /bare Python pickle/],
  ['big-endian npy', npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4), />f4/],
  ['Python objects in npy', npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", 4), /\|O/],
  ['structured npy', npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4), /structured/],
];
it.each(unsupported)('UNSUPPORTED: %s', async (_, bytes, message) => {
  const error = await failure(bytes);
  expect(error.message).toMatch(message);
  expect(error.code).toBe('UNSUPPORTED');
  expect(error.hint).toBeTypeOf('string');
});

function npy(header: string, body: number): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length + 1);
  return Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY'),
    Buffer.from([1, 0]),
    length,
    Buffer.from(`${header}\n`),
    Buffer.alloc(body),
  ]);
}
