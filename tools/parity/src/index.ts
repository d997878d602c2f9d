export { formulaInput, formulaTensor, formulaValues } from './formula.ts';
