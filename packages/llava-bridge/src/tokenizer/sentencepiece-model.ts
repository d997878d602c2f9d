import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { VitaminError } from '@vitamin-vlm/core';
import { byteOf, type Piece, type PieceVocabulary } from './vocabulary.ts';

/** SentencePiece.Type by its number (sentencepiece_model.proto). */
const KINDS: readonly Piece['kind'][] = ['normal', 'normal', 'unknown', 'control', 'user-defined', 'unused', 'byte'];
const BPE = 2;
/** The largest public vocabularies have about 260,000 pieces. */
const MAX_PIECES = 1_000_000;

/** ModelProto, TrainerSpec and NormalizerSpec: numbers of the fields that are read. */
const MODEL = { pieces: 1, trainer: 2, normalizer: 3 } as const;
const PIECE = { text: 1, score: 2, type: 3 } as const;
const TRAINER = { modelType: 3, byteFallback: 35, unk: 40, bos: 41, eos: 42 } as const;
const NORMALIZER = { charsmap: 2, dummyPrefix: 3, removeExtraWhitespaces: 4, escapeWhitespaces: 5 } as const;

/**
 * Reads `tokenizer.model`, the file of SentencePiece (a protobuf).
 *
 * @throws VitaminError `INPUT_UNREADABLE` for bytes that are no such file; `UNSUPPORTED` for a model that is no byte-pair one, or that rewrites characters or
 *   spaces before it splits: LLaMA's does neither.
 */
export function readSentencePieceModel(bytes: Uint8Array, name: string): PieceVocabulary {
  const { pieces, trainer, normalizer } = readModel(bytes, name);
  checkSupported(trainer, normalizer, name);
  const id = (field: number, otherwise: number): number => {
    const found = (trainer.get(field) ?? otherwise) | 0;
    if (found >= 0 && found < pieces.length) return found;
    throw unreadable(name, `found the special id ${found} among ${pieces.length} pieces`);
  };
  return {
    pieces,
    unk: id(TRAINER.unk, 0),
    bos: id(TRAINER.bos, 1),
    eos: id(TRAINER.eos, 2),
    dummyPrefix: (normalizer.get(NORMALIZER.dummyPrefix) ?? 1) === 1,
    byteFallback: trainer.get(TRAINER.byteFallback) === 1,
  };
}

type Numbers = ReadonlyMap<number, number>;

function readModel(bytes: Uint8Array, name: string): { pieces: Piece[]; trainer: Numbers; normalizer: Numbers } {
  const pieces: Piece[] = [];
  const numbers = new Map<number, Numbers>();
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (field === MODEL.pieces) pieces.push(readPiece(reader.bytes()));
      else if (field === MODEL.trainer || field === MODEL.normalizer) numbers.set(field, readNumbers(reader.bytes()));
      else reader.skip(wire, field);
      if (pieces.length > MAX_PIECES) throw new RangeError(`more than ${MAX_PIECES} pieces`);
    }
  } catch (cause) {
    throw unreadable(name, `found ${(cause as Error).message}`, cause);
  }
  if (pieces.length === 0) throw unreadable(name, 'found no pieces');
  return { pieces, trainer: numbers.get(MODEL.trainer) ?? new Map(), normalizer: numbers.get(MODEL.normalizer) ?? new Map() };
}

/** Where a field is absent, the default of the protobuf counts. */
function checkSupported(trainer: Numbers, normalizer: Numbers, name: string): void {
  const type = trainer.get(TRAINER.modelType) ?? 1;
  if (type !== BPE) throw unsupported(name, `a byte-pair model (type 2) but found type ${type}`);
  const rules = [
    [(normalizer.get(NORMALIZER.charsmap) ?? 0) > 0, 'a model that leaves characters as they are but found one that rewrites them'],
    [(normalizer.get(NORMALIZER.removeExtraWhitespaces) ?? 1) !== 0, 'a model that keeps all spaces but found one that drops some'],
    [(normalizer.get(NORMALIZER.escapeWhitespaces) ?? 1) !== 1, 'a model that writes spaces as U+2581 but found another'],
  ] as const;
  for (const [broken, expected] of rules) if (broken) throw unsupported(name, expected);
}

/**
 * Writes `tokenizer.model`: a file that SentencePiece itself loads.
 *
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { writeSentencePieceModel } from '@vitamin-vlm/llava-bridge';
 * const pieces = [
 *   { text: '<unk>', score: 0, kind: 'unknown' },
 *   { text: '<s>', score: 0, kind: 'control' },
 *   { text: '</s>', score: 0, kind: 'control' },
 *   { text: '\u2581a', score: -1, kind: 'normal' },
 * ] as const;
 * await writeFile('tokenizer.model', writeSentencePieceModel({ pieces, unk: 0, bos: 1, eos: 2, dummyPrefix: true, byteFallback: false }));
 * ```
 */
export function writeSentencePieceModel({ pieces, unk, bos, eos, dummyPrefix, byteFallback }: PieceVocabulary): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const { text, score, kind } of pieces) {
    writer.tag(MODEL.pieces, WireType.LengthDelimited).fork();
    writer.tag(PIECE.text, WireType.LengthDelimited).string(text);
    writer.tag(PIECE.score, WireType.Bit32).float(score);
    writer.tag(PIECE.type, WireType.Varint).int32(KINDS.lastIndexOf(kind));
    writer.join();
  }
  const numbers = (field: number, values: readonly (readonly [number, number])[]): void => {
    writer.tag(field, WireType.LengthDelimited).fork();
    for (const [number, value] of values) writer.tag(number, WireType.Varint).int32(value);
    writer.join();
  };
  numbers(MODEL.trainer, [
    [TRAINER.modelType, BPE],
    [TRAINER.byteFallback, Number(byteFallback)],
    [TRAINER.unk, unk],
    [TRAINER.bos, bos],
    [TRAINER.eos, eos],
  ]);
  numbers(MODEL.normalizer, [
    [NORMALIZER.dummyPrefix, Number(dummyPrefix)],
    [NORMALIZER.removeExtraWhitespaces, 0],
    [NORMALIZER.escapeWhitespaces, 1],
  ]);
  return Uint8Array.from(writer.finish());
}

function readPiece(bytes: Uint8Array): Piece {
  const reader = new BinaryReader(bytes);
  let [text, score, type] = ['', 0, 1];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (field === PIECE.text) text = reader.string();
    else if (field === PIECE.score) score = reader.float();
    else if (field === PIECE.type) type = reader.int32();
    else reader.skip(wire, field);
  }
  const piece: Piece = { text, score, kind: KINDS[type] ?? 'unused' };
  if (Number.isNaN(score)) throw new RangeError(`a piece "${text}" whose score is no number`);
  if (Number.isNaN(byteOf(piece) ?? 0)) throw new RangeError(`a piece "${text}" of type byte`);
  return piece;
}

/** The numbers of a message by field; of a text or a message in it, its length. */
function readNumbers(bytes: Uint8Array): Map<number, number> {
  const reader = new BinaryReader(bytes);
  const numbers = new Map<number, number>();
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (wire === WireType.Varint) numbers.set(field, Number(reader.int64()));
    else if (wire === WireType.LengthDelimited) numbers.set(field, reader.bytes().length);
    else reader.skip(wire, field);
  }
  return numbers;
}

function unreadable(name: string, found: string, cause?: unknown): VitaminError {
  return new VitaminError('INPUT_UNREADABLE', `Expected a SentencePiece model in ${name} but ${found}`, { cause });
}

function unsupported(name: string, expected: string): VitaminError {
  return new VitaminError('UNSUPPORTED', `Expected ${expected} in ${name}`, {
    hint: 'The vocabularies of LLaMA, Llama 2 and Vicuna can be read.',
  });
}
