import { stat } from 'node:fs/promises';
import { type Identity, type OpenedModel, openModel } from '@vitamin-vlm/backbone';
import { type Checkpoint, summarize } from '@vitamin-vlm/checkpoint';
import { bytesPerElement, sizeOf, VitaminError } from '@vitamin-vlm/core';
import { formatBytes, table } from '../text.ts';

/** What `vitamin show` tells of a weight file. */
export interface Description {
  readonly address: string;
  readonly format: string;
  /** What the file is when vitamin wrote it: an encoding, feature maps, an index, embeddings of words. */
  readonly kind?: string;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Null for weights that are no ViTamin; `reason` says why. */
  readonly model: ModelDescription | null;
  readonly reason?: string;
  readonly license: string | null;
  readonly totals: Totals & { readonly dtypes: Readonly<Record<string, Totals>> };
  readonly metadata: Readonly<Record<string, string | number | boolean | null>>;
  readonly tensors: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[]; readonly bytes: number }[];
  /** Of types that no network here reads: 8-bit floats, quantized, sparse, complex. Not in the totals. */
  readonly foreign?: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
}

interface Totals {
  readonly tensors: number;
  readonly elements: number;
  readonly bytes: number;
}

interface ModelDescription {
  readonly variant: string;
  readonly identity: Identity;
  readonly layout: string;
  readonly imageSize: number;
  readonly embedDim: number | null;
  readonly text: { readonly width: number; readonly layers: number; readonly context: number } | null;
}

/** Values beside the tensors that are printed; training states have thousands. */
const SHOWN_METADATA = 12;

/** Reads everything but the tensors' elements. */
export async function describeCheckpoint(
  address: string,
  path: string,
  checkpoint: Checkpoint,
  license: string | undefined,
): Promise<Description> {
  const { dtypes, ...totals } = summarize(checkpoint);
  const model = await openModel(path).catch((error: unknown) => {
    if (error instanceof VitaminError) return error;
    throw error;
  });
  const metadata = Object.fromEntries(Object.entries(checkpoint.metadata).map(([name, value]) => [name, plain(value)]));
  const stated = metadata['license'] ?? metadata['licence'];
  return {
    address,
    format: checkpoint.format,
    ...kindOf(checkpoint),
    files: await Promise.all(checkpoint.files.map(async (file) => ({ path: file, bytes: (await stat(file)).size }))),
    ...(model instanceof VitaminError ? { model: null, reason: model.message } : { model: describe(model) }),
    license: license ?? (typeof stated === 'string' ? stated : null),
    totals: { ...totals, dtypes: Object.fromEntries(dtypes) },
    metadata,
    tensors: Array.from(checkpoint.tensors.values(), ({ name, dtype, shape }) => ({
      name,
      dtype,
      shape,
      bytes: sizeOf(shape) * bytesPerElement(dtype),
    })),
    ...(checkpoint.foreign.size > 0 ? { foreign: [...checkpoint.foreign.values()] } : {}),
  };
}

/** The same for reading: a head, then a line per tensor. */
export function descriptionText({
  address,
  format,
  kind,
  files,
  model,
  reason,
  license,
  totals,
  metadata,
  tensors,
  foreign = [],
}: Description): string {
  const values = Object.entries(metadata);
  const text = model?.text;
  const head = [
    ['address', address],
    ...files.map(({ path, bytes }, i) => [i === 0 ? 'files' : '', `${path}  ${formatBytes(bytes)}`]),
    ['format', format],
    ...(kind === undefined ? [] : [['kind', kind]]),
    ...(kind !== undefined && !model
      ? []
      : model
        ? [
            ['model', `${model.variant}, layout ${model.layout}, image ${model.imageSize} px, joint space ${model.embedDim ?? 'none'}`],
            ['text tower', text ? `width ${text.width}, ${text.layers} layers, ${text.context} tokens` : 'none'],
            ...Object.entries(model.identity).map(([part, digest]) => [part === 'tower' ? 'identity' : '', `${part} ${digest}`]),
          ]
        : [['model', `not a ViTamin: ${reason!.split('\n')[0]}`]]),
    ['license', license ?? 'not stated'],
    ['tensors', `${totals.tensors}, ${totals.elements.toLocaleString('en')} elements, ${formatBytes(totals.bytes)}`],
    ...Object.entries(totals.dtypes).map(([dtype, sum]) => ['', `${dtype}: ${sum.tensors} tensors, ${formatBytes(sum.bytes)}`]),
    ...(foreign.length > 0 ? [['', `and ${foreign.length} of types that cannot be read here`]] : []),
    ...values.slice(0, SHOWN_METADATA).map(([name, value]) => [name, String(value).slice(0, 200)]),
    ...(values.length > SHOWN_METADATA ? [['', `and ${values.length - SHOWN_METADATA} more values; --json shows them`]] : []),
  ];
  const rows = tensors.map(({ name, dtype, shape, bytes }) => [name, dtype, `[${shape.join(', ')}]`, formatBytes(bytes)]);
  for (const { name, dtype, shape } of foreign) rows.push([name, dtype, `[${shape.join(', ')}]`, 'cannot be read']);
  return `${table(head)}\n\n${table(rows, [3])}`;
}

/** By the schema in their metadata. */
const KINDS: readonly (readonly [schema: RegExp, kind: string])[] = [
  [/^vitamin\.embedding-index\//u, 'embeddings with the names of their rows: vitamin retrieve --index asks them'],
  [/^vitamin\.feature-maps\//u, 'feature maps of a picture'],
  [/^vitamin\.segment-encoding\//u, 'what vision found in a picture: vitamin segment --encoding asks it'],
  [/^vitamin\.detection-encoding\//u, 'what vision found in a picture: vitamin detect --encoding asks it'],
  [/^vitamin\.image-encoding\//u, 'what vision found in a picture: vitamin classify and segment --encoding ask it'],
];

function kindOf({ metadata, tensors }: Checkpoint): { kind?: string } {
  const { schema, key } = metadata;
  if (typeof key === 'string' && tensors.has('embeddings') && schema === undefined)
    return { kind: 'embeddings of words, kept in the cache' };
  const kind = typeof schema === 'string' ? KINDS.find(([pattern]) => pattern.test(schema))?.[1] : undefined;
  return kind === undefined ? {} : { kind };
}

function describe({ tower, text, layout, identity }: OpenedModel): ModelDescription {
  return {
    variant: tower.id,
    identity,
    layout: layout.form,
    imageSize: tower.imageSize,
    embedDim: tower.embedDim ?? null,
    text: text ? { width: text.width, layers: text.layers, context: text.context } : null,
  };
}

/** Metadata as JSON can hold it. */
function plain(value: Checkpoint['metadata'][string]): string | number | boolean | null {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === 'bigint' ? String(value) : value;
}
