import { MAX_PICKLE_INTEGER } from '../limits.ts';
import { buildObject, callGlobal, loadPersistent } from './calls.ts';
import { findGlobal, unsafe } from './globals.ts';
import type { PickleMachine } from './pickle-machine.ts';
import type { PickleDict, PickleValue } from './values.ts';

type Act = (m: PickleMachine) => void;

/** Opcode byte of a character of Python's pickle.py, whose names stand in the comments. */
function code(character: string): number {
  return character.charCodeAt(0);
}

const constants: [number, Act][] = [
  [0x80, (m) => m.byte()], // PROTO
  [0x95, (m) => m.uint64()], // FRAME
  [code('N'), (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
];

const numbers: [number, Act][] = [
  [code('K'), (m) => m.push(m.byte())], // BININT1
  [code('M'), (m) => m.push(m.uint16())], // BININT2
  [code('J'), (m) => m.push(m.int32())], // BININT
  [0x8a, (m) => m.push(longOf(m, m.byte()))], // LONG1
  [0x8b, (m) => m.push(longOf(m, m.int32()))], // LONG4
  [code('I'), (m) => m.push(intLine(m))], // INT
  [code('L'), (m) => m.push(intLine(m))], // LONG
  [code('G'), (m) => m.push(m.float64())], // BINFLOAT
  [code('F'), (m) => m.push(Number(m.line()))], // FLOAT
];

const strings: [number, Act][] = [
  [code('X'), (m) => m.push(m.text(m.uint32()))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.byte()))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.text(m.uint64()))], // BINUNICODE8
  [code('U'), (m) => m.push(m.text(m.byte()))], // SHORT_BINSTRING, a str of Python 2
  [code('T'), (m) => m.push(m.text(m.uint32()))], // BINSTRING
  [code('C'), (m) => m.push(bytes(m, m.byte()))], // SHORT_BINBYTES
  [code('B'), (m) => m.push(bytes(m, m.uint32()))], // BINBYTES
  [0x8e, (m) => m.push(bytes(m, m.uint64()))], // BINBYTES8
  [0x96, (m) => m.push(bytes(m, m.uint64()))], // BYTEARRAY8
];

const containers: [number, Act][] = [
  [code('('), (m) => m.mark()],
  [code('0'), (m) => m.pop()], // POP
  [code('1'), (m) => m.popMark()], // POP_MARK
  [code('2'), (m) => m.push(m.top())], // DUP
  [code(')'), (m) => m.push([])], // EMPTY_TUPLE
  [code(']'), (m) => m.push([])], // EMPTY_LIST
  [0x8f, (m) => m.push([])], // EMPTY_SET
  [code('t'), (m) => m.push(m.popMark())], // TUPLE
  [code('l'), (m) => m.push(m.popMark())], // LIST
  [0x91, (m) => m.push(m.popMark())], // FROZENSET
  [0x85, (m) => m.push([m.pop()])], // TUPLE1
  [0x86, (m) => m.push([m.pop(), m.pop()].toReversed())], // TUPLE2
  [0x87, (m) => m.push([m.pop(), m.pop(), m.pop()].toReversed())], // TUPLE3
  [code('a'), (m) => append(m, [m.pop()])], // APPEND
  [code('e'), (m) => append(m, m.popMark())], // APPENDS
  [0x90, (m) => append(m, m.popMark())], // ADDITEMS
  [code('}'), (m) => m.push(newDict(m))], // EMPTY_DICT
  [code('d'), (m) => m.push(fill(m, newDict(m), m.popMark()))], // DICT
  [code('s'), (m) => setItems(m, [m.pop(), m.pop()].toReversed())], // SETITEM
  [code('u'), (m) => setItems(m, m.popMark())], // SETITEMS
];

const memo: [number, Act][] = [
  [code('q'), (m) => m.memo.set(m.byte(), m.top())], // BINPUT
  [code('r'), (m) => m.memo.set(m.uint32(), m.top())], // LONG_BINPUT
  [code('p'), (m) => m.memo.set(Number(m.line()), m.top())], // PUT
  [0x94, (m) => m.memo.set(m.memo.size, m.top())], // MEMOIZE
  [code('h'), (m) => m.push(recall(m, m.byte()))], // BINGET
  [code('j'), (m) => m.push(recall(m, m.uint32()))], // LONG_BINGET
  [code('g'), (m) => m.push(recall(m, Number(m.line())))], // GET
];

const calls: [number, Act][] = [
  [code('c'), (m) => m.push(findGlobal(m.path, m.line(), m.line()))], // GLOBAL
  [0x93, (m) => m.push(stackGlobal(m))], // STACK_GLOBAL
  [code('Q'), (m) => m.push(loadPersistent(m, m.pop()))], // BINPERSID
  [code('R'), call], // REDUCE
  [0x81, call], // NEWOBJ
  [code('b'), (m) => buildObject(m, m.pop(), m.top())], // BUILD
  [code('i'), instantiate], // INST
  // The extension registry stands for a global that only the writer's process knows.
  [0x82, (m) => refuse(m, `copyreg extension ${m.byte()}`)], // EXT1
  [0x83, (m) => refuse(m, `copyreg extension ${m.uint16()}`)], // EXT2
  [0x84, (m) => refuse(m, `copyreg extension ${m.int32()}`)], // EXT4
];

/**
 * The opcodes of pickle protocols 0 to 5 that data needs. Missing on purpose, hence corrupt: OBJ, NEWOBJ_EX, PERSID, STRING and UNICODE
 * (text forms that torch never wrote) and the out-of-band buffers of protocol 5.
 */
export const opcodes: ReadonlyMap<number, Act> = new Map([...constants, ...numbers, ...strings, ...containers, ...memo, ...calls]);

/** Little-endian two's complement, as a number when it is exact. */
function longOf(m: PickleMachine, length: number): number | bigint {
  if (length < 0 || length > MAX_PICKLE_INTEGER)
    throw m.fail(`Expected an integer of at most ${MAX_PICKLE_INTEGER} bytes but found ${length}`);
  const hex = Buffer.from(m.take(length)).toReversed();
  return exact(BigInt.asIntN(length * 8, BigInt(`0x0${Buffer.from(hex).toString('hex')}`)));
}

/** INT and LONG in decimal; protocol 1 writes booleans as 00 and 01. */
function intLine(m: PickleMachine): number | bigint | boolean {
  const line = m.line();
  if (line === '00' || line === '01') return line === '01';
  const digits = line.replace(/L$/, '');
  if (digits.length > MAX_PICKLE_INTEGER || !/^-?\d+$/.test(digits)) throw m.fail('Expected a decimal integer but found other text');
  return exact(BigInt(digits));
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A view into the pickle costs about 200 bytes, however short it is. */
function bytes(m: PickleMachine, length: number): Uint8Array {
  m.spend(4);
  return m.take(length);
}

function newDict(m: PickleMachine): PickleDict {
  m.spend(4);
  return new Map();
}

function fill(m: PickleMachine, dict: PickleDict, items: PickleValue[]): PickleDict {
  if (items.length % 2 !== 0) throw m.fail('Expected keys and values in pairs but found an odd number');
  for (let i = 0; i < items.length; i += 2) dict.set(items[i]!, items[i + 1]!);
  return dict;
}

function setItems(m: PickleMachine, items: PickleValue[]): void {
  const dict = m.top();
  if (!(dict instanceof Map)) throw m.fail('Expected a dict to set items of but found another value');
  fill(m, dict, items);
}

function append(m: PickleMachine, items: PickleValue[]): void {
  const list = m.top();
  if (!Array.isArray(list)) throw m.fail('Expected a list to append to but found another value');
  for (const item of items) list.push(item);
}

function recall(m: PickleMachine, key: number): PickleValue {
  const value = m.memo.get(key);
  if (value === undefined) throw m.fail(`Expected memo ${key} but found none`);
  return value;
}

function stackGlobal(m: PickleMachine): PickleValue {
  const name = m.pop();
  const module = m.pop();
  if (typeof name !== 'string' || typeof module !== 'string') throw m.fail('Expected the name of a global but found another value');
  return findGlobal(m.path, module, name);
}

function call(m: PickleMachine): void {
  const args = m.pop();
  m.push(callGlobal(m, m.pop(), args));
}

function instantiate(m: PickleMachine): void {
  const global = findGlobal(m.path, m.line(), m.line());
  m.push(callGlobal(m, global, m.popMark()));
}

function refuse(m: PickleMachine, what: string): never {
  throw unsafe(m.path, what);
}
