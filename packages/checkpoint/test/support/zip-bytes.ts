import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of a zip made by hand; `deflate` compresses it, `size` lies about its inflated size. */
export interface HandMadeEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflate?: boolean;
  readonly size?: number;
  /** Puts this local header offset into the directory. */
  readonly offset?: number;
}

/** A zip archive as bytes, without any check: what a careless or hostile writer makes. */
export function zipBytes(entries: readonly HandMadeEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, deflate = false, size = bytes.length, offset: claimed } of entries) {
    const body = deflate ? deflateRawSync(bytes) : Buffer.from(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800, 2);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, Buffer.from(name), body]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(claimed ?? offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002\0\0'), common, rest, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}

/** A torch archive around a pickle and its storages. */
export function torchBytes(pickle: Uint8Array | string, storages: readonly Uint8Array[] = []): Buffer {
  return zipBytes([
    { name: 'archive/data.pkl', bytes: typeof pickle === 'string' ? Buffer.from(pickle, 'latin1') : pickle },
    ...storages.map((bytes, i) => ({ name: `archive/data/${i}`, bytes })),
    { name: 'archive/version', bytes: Buffer.from('3\n') },
  ]);
}

/** A pickle of one tensor named "t": view and storage as given, in protocol 2 text. Numbers are written as 32-bit integers. */
export function tensorPickle(view: {
  first?: number;
  shape: number[];
  strides: number[];
  elements: number;
  type?: string;
  key?: string;
}): string {
  const tuple = (values: number[]): string => `(${values.map(int).join('')}t`;
  const storage = `(${text('storage')}ctorch\n${view.type ?? 'FloatStorage'}\n${text(view.key ?? '0')}${text('cpu')}${int(view.elements)}tQ`;
  const args = `(${storage}${int(view.first ?? 0)}${tuple(view.shape)}${tuple(view.strides)}\x89ccollections\nOrderedDict\n)Rt`;
  return `\x80\x02}${text('t')}ctorch._utils\n_rebuild_tensor_v2\n${args}Rs.`;
}

function int(value: number): string {
  const bytes = Buffer.from('J\0\0\0\0');
  bytes.writeInt32LE(value, 1);
  return bytes.toString('latin1');
}

function text(value: string): string {
  return `U${String.fromCharCode(value.length)}${value}`;
}
