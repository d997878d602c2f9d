export { compare } from './compare.ts';
export type { Comparison } from './compare.ts';
export type { Expectation, Expected, ExpectedTensors } from './expectation.ts';
export { formulaInput, formulaTensor, formulaValues } from './formula.ts';
export { parseExpectations } from './parse-expectations.ts';
export { runParity } from './run-parity.ts';
export type { CheckpointNotice, ParityOptions, ParityResult } from './run-parity.ts';
