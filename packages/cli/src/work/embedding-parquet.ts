import { writeAtomically } from '@vitamin-vlm/core';
import type { EmbeddingRows } from './embedding-rows.ts';

/** Rows of a group: what is in memory at once. */
const GROUP = 1000;

/** Names and rows of embeddings as columns. */
export interface ParquetTable {
  /** Of the column of names: `file`, `text`. */
  readonly column: string;
  readonly names: readonly string[];
  readonly rows: EmbeddingRows;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes a Parquet file with a column of names and a column `embedding`, a list of floats, as pandas, DuckDB and Spark read it. Metadata go to its key-value pairs.
 */
export async function writeParquet(path: string, { column, names, rows, metadata }: ParquetTable): Promise<void> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  await writeAtomically(path, async (file) => {
    const writer = new ByteWriter();
    const writeOut = async (): Promise<void> => {
      await file.appendFile(new Uint8Array(writer.buffer, 0, writer.index));
      writer.index = 0;
    };
    const table = new ParquetWriter({
      writer,
      schema: [
        { name: 'root', num_children: 2 },
        { name: column, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
        { name: 'embedding', converted_type: 'LIST', repetition_type: 'REQUIRED', num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
      ],
      codec: 'UNCOMPRESSED', // numbers of this kind do not become smaller
      statistics: false,
      createdBy: 'vitamin-vlm',
      kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    });
    const [, dim] = rows.shape;
    let written = 0;
    let group: number[][] = [];
    const writeGroup = async (): Promise<void> => {
      const columnData = [
        { name: column, data: names.slice(written, written + group.length) },
        { name: 'embedding', data: group },
      ];
      await table.write({ columnData, rowGroupSize: GROUP });
      written += group.length;
      group = [];
      await writeOut();
    };
    for await (const part of rows.parts()) {
      for (let at = 0; at < part.length; at += dim) {
        group.push(Array.from(part.subarray(at, at + dim)));
        if (group.length === GROUP) await writeGroup();
      }
    }
    if (group.length > 0) await writeGroup();
    await table.finish();
    await writeOut();
  });
}
