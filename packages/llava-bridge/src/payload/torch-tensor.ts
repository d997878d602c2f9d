import { crc32 } from 'node:zlib';
import { type DType, type Tensor, VitaminError } from '@vitamin-vlm/core';

/** PyTorch's storage classes. */
const STORAGES: Partial<Record<DType, string>> = { float16: 'HalfStorage', float32: 'FloatStorage', bfloat16: 'BFloat16Storage' };
/** PyTorch aligns what it stores to this. */
const ALIGNMENT = 64;
const MAX_BYTES = 0xffff_ffff;

/**
 * A tensor as `torch.save` writes it, in memory: a zip of four stored entries, equal to PyTorch's own bytes up to its random serialization id, which readers do
 * without. `torch.load(weights_only=True)` reads it.
 *
 * @throws VitaminError `UNSUPPORTED` for other types than float16, float32 and bfloat16, and from 4 GB on.
 * @example
 * ```ts
 * import { tensor } from '@vitamin-vlm/core';
 * import { torchTensor } from '@vitamin-vlm/llava-bridge';
 * const body = { prompt_embeds: torchTensor(tensor('float32', [18, 64])).toString('base64') };
 * console.log(Object.keys(body));
 * ```
 */
export function torchTensor(tensor: Tensor): Buffer {
  const storage = STORAGES[tensor.dtype];
  if (storage === undefined || tensor.data.byteLength > MAX_BYTES) {
    throw new VitaminError(
      'UNSUPPORTED',
      `Expected less than 4 GB of float16, float32 or bfloat16 but received ${tensor.data.byteLength} bytes of ${tensor.dtype}`,
    );
  }
  const bytes = Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  return zip([
    ['archive/data.pkl', pickle(tensor.shape, storage, tensor.data.length)],
    ['archive/byteorder', Buffer.from('little')],
    ['archive/data/0', bytes],
    ['archive/version', Buffer.from('3\n')],
  ]);
}

/** The call of torch._utils._rebuild_tensor_v2 in pickle's protocol 2, every value memorized as Python does. */
function pickle(shape: readonly number[], storage: string, count: number): Buffer {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, extent) => product * extent, 1));
  let memo = 0;
  const put = (): Buffer => Buffer.from([0x71, memo++]);
  const name = (module: string, attribute: string): Buffer[] => [Buffer.from(`c${module}\n${attribute}\n`), put()];
  const text = (value: string): Buffer[] => [Buffer.from([0x58, value.length, 0, 0, 0]), Buffer.from(value), put()];
  const tuple = (values: readonly number[]): Buffer[] => {
    const items = values.map(integer);
    const short = [')', '\x85', '\x86', '\x87'][values.length];
    if (values.length === 0) return [Buffer.from(')')];
    return short === undefined ? [Buffer.from('('), ...items, Buffer.from('t'), put()] : [...items, Buffer.from(short, 'latin1'), put()];
  };
  return Buffer.concat([
    Buffer.from([0x80, 2]),
    ...name('torch._utils', '_rebuild_tensor_v2'),
    Buffer.from('(('),
    ...text('storage'),
    ...name('torch', storage),
    ...text('0'),
    ...text('cpu'),
    integer(count),
    Buffer.from('t'),
    put(),
    Buffer.from('Q'),
    integer(0),
    ...tuple(shape),
    ...tuple(strides),
    Buffer.from([0x89]),
    ...name('collections', 'OrderedDict'),
    Buffer.from(')R'),
    put(),
    Buffer.from('t'),
    put(),
    Buffer.from('R'),
    put(),
    Buffer.from('.'),
  ]);
}

/** BININT1, BININT2 or BININT. */
function integer(value: number): Buffer {
  if (value < 0x100) return Buffer.from([0x4b, value]);
  if (value < 0x1_0000) return Buffer.from([0x4d, value & 0xff, value >> 8]);
  const wide = Buffer.alloc(5, 'J');
  wide.writeInt32LE(value, 1);
  return wide;
}

/** Stored entries with their sizes behind them, each aligned by PyTorch's extra field "FB". */
function zip(entries: readonly (readonly [name: string, bytes: Buffer])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const sums = Buffer.alloc(12);
    sums.writeUInt32LE(crc32(bytes), 0);
    sums.writeUInt32LE(bytes.length, 4);
    sums.writeUInt32LE(bytes.length, 8);
    const unpadded = offset + 30 + name.length + 4;
    const extra = Buffer.alloc(4 + ((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT), 'Z');
    extra.write('FB', 0, 'latin1');
    extra.writeUInt16LE(extra.length - 4, 2);
    const lengths = Buffer.alloc(4);
    lengths.writeUInt16LE(name.length, 0);
    // Flags: sizes follow the data; names are UTF-8.
    const fields = Buffer.from([0, 0, 0x08, 0x08, 0, 0, 0, 0, 0, 0]);
    const central = Buffer.concat([Buffer.from('PK\u0001\u0002\0\0'), fields, sums, lengths, Buffer.alloc(14), Buffer.from(name)]);
    central.writeUInt32LE(offset, 42);
    directory.push(central);
    lengths.writeUInt16LE(extra.length, 2);
    const local = [Buffer.from('PK\u0003\u0004'), fields, Buffer.alloc(12), lengths, Buffer.from(name), extra];
    const whole = Buffer.concat([...local, bytes, Buffer.from('PK\u0007\u0008'), sums]);
    parts.push(whole);
    offset += whole.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, list, end]);
}
