import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeNpy, openCheckpoint, writeSafetensors } from '@vitamin-vlm/checkpoint';
import { floatToBfloat16, floatToHalf, type Tensor, tensor, toFloat32, VitaminError } from '@vitamin-vlm/core';
import { inputEmbedsRequest, openProjector, type PayloadType, payloadTensor, pythonJson, torchTensor } from '@vitamin-vlm/llava-bridge';
import { formulaValues } from '../formula.ts';
import type { GoldenContext } from '../golden/checker.ts';
import type { Golden } from '../golden/golden.ts';
import { bytesOf, sha256 } from './picture.ts';
import { llavaTensor } from './weights.ts';

/** Bytes that embeddings travel in, and the kinds of projector files. `folder` holds the files that `payloads.json` names. */
export async function comparePayloads(golden: Golden, folder: string, context: GoldenContext): Promise<void> {
  golden.at('versions').take();
  golden.at('tensorRule').take();
  const pickles = rows(golden, 'torchSave').map(compareTorch);
  golden.at('handPickleEqualsTorch').equal(pickles.every(Boolean));
  for (const row of rows(golden, 'npy')) compareNpy(row);
  for (const row of rows(golden, 'safetensors')) await compareSafetensors(row, folder, context);
  // What PyTorch makes of other zips: reading them is its business.
  golden.at('torchLoadVariants').take();
  await compareProjectors(golden.at('projector'), folder);
  const sglang = golden.at('sglangInputEmbeds');
  sglang.at('note').take();
  const { body } = inputEmbedsRequest(formulaValues('payload.embeds', [2, 4], 4), { model: '', maxTokens: 1, temperature: 0 });
  sglang.at('text').equal(pythonJson(body['input_embeds']));
}

function rows(golden: Golden, name: string): Golden[] {
  const list = golden.at(name);
  return list.keys().map((i) => list.at(i));
}

function embeds(shape: readonly number[], type: PayloadType): Tensor {
  const [count, width] = shape.slice(-2) as [number, number];
  const { data } = payloadTensor(formulaValues('payload.embeds', [count, width], 4), type);
  return { dtype: type, shape, data };
}

/** Bytes of a zip: behind an entry's data, of an entry in the directory, and behind the directory, where PyTorch always writes the wide form as well. */
const [DESCRIPTOR, CENTRAL, END] = [16, 46, 22 + 56 + 20];

/** PyTorch's file to the byte, up to its random id; gives whether the pickle is PyTorch's. */
function compareTorch(row: Golden): boolean {
  row.at('generator').take();
  const value = embeds(row.at('shape').takeNumbers(), row.at('dtype').takeText() as PayloadType);
  const raw = Buffer.from(value.data.buffer, value.data.byteOffset, value.data.byteLength);
  row.at('rawSha256').equal(sha256(raw));
  row.at('rawBase64').equal(raw.toString('base64'));
  const bytes = torchTensor(value);
  const entries = zipEntries(bytes);
  const theirs = row.at('entries').value as ReturnType<typeof zipEntries>;
  const id = theirs.find(({ name }) => name.endsWith('serialization_id'))!;
  row.at('entries').equal([...entries, id]);
  const central = [...entries, id].reduce((sum, { name }) => sum + CENTRAL + name.length, 0);
  row.at('fileBytes').equal(id.dataOffset + id.size + DESCRIPTOR + central + END);
  const file = row.at('fileBase64').value;
  const whole = Buffer.concat([bytes.subarray(0, id.headerOffset), Buffer.from(String(file), 'base64').subarray(id.headerOffset)]);
  row.at('fileBase64').equal(file === null ? null : whole.toString('base64'));
  const [pickle, order, , version] = entries.map(({ dataOffset, size }) => bytes.subarray(dataOffset, dataOffset + size));
  row.at('byteorder').equal(order!.toString());
  row.at('version').equal(version!.toString());
  row.at('dataPklHex').equal(pickle!.toString('hex'));
  return pickle!.toString('hex') === row.at('dataPklHex').value;
}

/** What stands in a zip's directory and local headers. */
function zipEntries(bytes: Buffer) {
  const end = bytes.lastIndexOf('PK\u0005\u0006');
  let at = bytes.readUInt32LE(end + 16);
  return Array.from({ length: bytes.readUInt16LE(end + 10) }, () => {
    const nameLength = bytes.readUInt16LE(at + 28);
    const headerOffset = bytes.readUInt32LE(at + 42);
    const localExtraLength = bytes.readUInt16LE(headerOffset + 28);
    const entry = {
      name: bytes.toString('utf8', at + 46, at + 46 + nameLength),
      method: bytes.readUInt16LE(at + 10),
      size: bytes.readUInt32LE(at + 24),
      crc32: bytes.readUInt32LE(at + 16),
      headerOffset,
      dataOffset: headerOffset + 30 + nameLength + localExtraLength,
      localExtraLength,
      flags: bytes.readUInt16LE(at + 8),
    };
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    return entry;
  });
}

function compareNpy(row: Golden): void {
  const type = row.at('descr').value === '<f2' ? 'float16' : 'float32';
  const bytes = encodeNpy(embeds(row.at('shape').takeNumbers(), type));
  const headerBytes = 10 + bytes.readUInt16LE(8);
  const text = bytes.toString('latin1', 10, headerBytes);
  row.at('descr').equal(/'descr': '(.*?)'/u.exec(text)?.[1]);
  row.at('headerText').equal(text);
  row.at('headerBytes').equal(headerBytes);
  row.at('fileBytes').equal(bytes.length);
  row.at('sha256').equal(sha256(bytes));
  if (row.has('fileBase64')) row.at('fileBase64').equal(row.at('fileBase64').value === null ? null : bytes.toString('base64'));
}

/** Read, put into the reference library's order (wide elements first, then names), and written again: the same bytes. */
async function compareSafetensors(row: Golden, folder: string, context: GoldenContext): Promise<void> {
  const file = row.at('file').takeText();
  await using source = await openCheckpoint(join(folder, file));
  const names = row.at('insertionOrder').take() as string[];
  const sizes = { int64: 8, float32: 4, float16: 2, bfloat16: 2 } as Record<string, number>;
  const read = await Promise.all(names.map(async (name) => [name, await source.read(name)] as const));
  const ordered = read.toSorted(([a, x], [b, y]) => sizes[y.dtype]! - sizes[x.dtype]! || (a < b ? -1 : 1));
  const path = join(context.folder, file);
  await writeSafetensors(path, ordered, source.metadata as Record<string, string>);
  const bytes = await readFile(path);
  const length = Number(bytes.readBigUInt64LE(0));
  row.at('bytes').equal(bytes.length);
  row.at('sha256').equal(sha256(bytes));
  row.at('headerLength').equal(length);
  row.at('header').equal(bytes.toString('utf8', 8, 8 + length));
}

/** The layers of every kind of file, as they are stored, against those of the formula. */
async function compareProjectors(golden: Golden, folder: string): Promise<void> {
  const [input, output] = [golden.at('in').takeNumber(), golden.at('hidden').takeNumber()];
  const values = golden.at('values');
  for (const name of values.keys()) {
    const row = values.at(name);
    const { data } = llavaTensor(`model.mm_projector.${name}`, row.at('shape').takeNumbers(), '');
    const halves = (round: (value: number) => number): string => Buffer.from(Uint16Array.from(data, round).buffer).toString('base64');
    row.at('f16').equal(halves(floatToHalf));
    row.at('bf16').equal(halves(floatToBfloat16));
    row.at('f32sha256').equal(sha256(bytesOf(data)));
  }
  for (const row of rows(golden, 'files')) await compareProjectorFile(row, folder, input, output);
}

async function compareProjectorFile(row: Golden, folder: string, input: number, output: number): Promise<void> {
  const file = row.at('file').takeText();
  row.at('note').take();
  // Of the zip around the tensors: PyTorch's own.
  row.at('entries').take();
  const path = join(folder, file);
  const bytes = await readFile(path);
  row.at('bytes').equal(bytes.length);
  row.at('sha256').equal(sha256(bytes));
  try {
    await using source = await openCheckpoint(path);
    const { config } = await openProjector(path, { cacheDir: false });
    if (config.type !== 'mlp2x_gelu' || config.input !== input || config.output !== output)
      throw new VitaminError('RUNTIME', `${file} was read as ${config.type}`);
    for (const name of row.at('keys').keys()) {
      // The reader takes a wrapper's name off.
      const own = name.replace(/^module\./u, '');
      const found = await source.read(own);
      const strides =
        source.tensors.get(own)!.strides ??
        found.shape.map((_, i) => found.shape.slice(i + 1).reduce((product, extent) => product * extent, 1));
      const [, , , offset] = row.at('keys', name).value as [string, number[], number[], number];
      row.at('keys', name).equal([found.dtype, found.shape, strides, offset]);
      compareLayer(row, own, found);
    }
  } catch (error) {
    // Files from before PyTorch 1.6 are no archives: refused, and said so.
    if (!(error instanceof VitaminError) || error.code !== 'UNSUPPORTED' || !file.includes('legacy')) throw error;
    row.at('keys').take();
  }
}

/** The stored numbers are the formula's, rounded to the file's type. */
function compareLayer(row: Golden, name: string, found: Tensor): void {
  const own = /mm_projector\.(.*)$/u.exec(name)?.[1];
  if (own === undefined) return;
  const { data } = llavaTensor(`model.mm_projector.${own}`, found.shape, '');
  const rounded = found.dtype === 'float16' ? Uint16Array.from(data, floatToHalf) : Uint16Array.from(data, floatToBfloat16);
  const expected =
    found.dtype === 'float32' ? tensor('float32', found.shape, data) : toFloat32({ dtype: found.dtype, shape: found.shape, data: rounded });
  const { data: stored } = toFloat32(found);
  if (stored.some((value, i) => value !== expected.data[i])) row.fail(`${name} holds other numbers than the formula gives`);
}
