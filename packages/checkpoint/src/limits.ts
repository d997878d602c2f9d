/**
 * Every limit that stands between a hostile file and this process, with its reason.
 * Together they bound what opening any file may allocate: 512 MiB above the process's own need (README, "Security").
 */

/** Safetensors headers of all shards together, and index JSON. A real header takes about 110 bytes a tensor; huggingface.js uses the same figure. */
export const MAX_HEADER_BYTES: number = 25_000_000;

/** Brackets, commas and strings in a JSON header, counted before it is parsed. A tensor needs about 20; each may cost about 50 bytes of heap. */
export const MAX_JSON_TOKENS: number = 2_000_000;

/** Header: object of objects with one array. Index: the same depth. Anything deeper is not a header. */
export const MAX_JSON_DEPTH: number = 3;

/** Tensors of one checkpoint, all shards together. The largest public ones (mixture-of-experts, sharded) have about 91,000. */
export const MAX_TENSORS: number = 100_000;

/** Files of one checkpoint, which are open at once. The largest public ones have about 200. */
export const MAX_SHARDS: number = 1000;

/** Dimensions of one tensor: PyTorch's own bound. */
export const MAX_DIMS: number = 64;

/** Characters of one tensor's full dotted name. The longest real names have about 120. */
export const MAX_NAME_LENGTH: number = 1024;

/** Characters of all names together: names of a nested archive repeat their path, so a small file could ask for gigabytes. */
export const MAX_NAMES_TOTAL: number = 32 * 1024 * 1024;

/** Entries of a zip archive: one storage per tensor, and the few that PyTorch adds. Checked before the directory is read. */
export const MAX_ZIP_ENTRIES: number = MAX_TENSORS + 1000;

/** Bytes of an entry in a zip's central directory, on average: about 100. Extra fields and comments, which torch.save does not write there, could be 128 kB. */
export const MAX_ZIP_ENTRY_BYTES: number = 512;

/** Bytes behind the entries: the end records and the archive's comment. */
export const MAX_ZIP_END_BYTES: number = 128 * 1024;

/** data.pkl, stored or inflated (the zip-bomb bound), of all shards together. A real one takes about 150 bytes a tensor. */
export const MAX_PICKLE_BYTES: number = 32 * 1024 * 1024;

/** Steps of the pickle machine over all shards. A tensor takes about 50; a step allocates at most about 60 bytes (dearer opcodes count as several). */
export const MAX_PICKLE_STEPS: number = 4_000_000;

/** Values on the pickle stack at once. Python's pickler sends containers in batches of 1,000. */
export const MAX_PICKLE_STACK: number = 1_000_000;

/** Bytes or digits of one pickled integer: parsing decimal digits takes quadratic time. */
export const MAX_PICKLE_INTEGER: number = 1024;

/** Nested dicts and lists of an archive. Also ends cycles, which a pickle can build. */
export const MAX_NESTING: number = 64;

/** Values visited while an archive is flattened: a pickle can name one list twice, again and again, and so stand for 2^64 leaves. */
export const MAX_LEAVES: number = 1_000_000;

/** .npy header text. numpy refuses more than 10,000 characters as well. */
export const MAX_NPY_HEADER_BYTES: number = 10_000;

/**
 * A view may repeat its bytes (stride 0), so a short file could ask for any amount. Reading one tensor allocates no more elements' bytes
 * than the file is long, or this, whichever is larger.
 */
export const MAX_EXPANDED_BYTES: number = 64 * 1024 * 1024;

/** One read or write call: Node refuses 2 GiB and more. */
export const MAX_IO_BYTES: number = 1024 * 1024 * 1024;
