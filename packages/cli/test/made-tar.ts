import { writeFile } from 'node:fs/promises';

/** Writes a tar archive as webdataset's writer does (ustar); names of more than 100 letters stand in a pax header before their file. */
export async function writeTar(path: string, files: readonly (readonly [name: string, bytes: Uint8Array | string])[]): Promise<void> {
  const blocks: Buffer[] = [];
  for (const [name, content] of files) {
    const bytes = Buffer.from(content);
    if (name.length > 100) {
      const record = ` path=${name}\n`;
      const length = record.length + String(record.length + 3).length;
      blocks.push(header('pax', length, 'x'), padded(Buffer.from(`${length}${record}`)));
    }
    blocks.push(header(name.slice(0, 100), bytes.length, '0'), padded(bytes));
  }
  await writeFile(path, Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function header(name: string, size: number, type: string): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000644\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
