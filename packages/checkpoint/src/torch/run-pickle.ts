import type { Budget } from '../budget.ts';
import { opcodes } from './opcodes.ts';
import { PickleMachine } from './pickle-machine.ts';
import type { PickleValue } from './values.ts';

const STOP = 0x2e;

/** Runs a pickle to STOP and returns the value on top. `path` names the file in errors. */
export function runPickle(path: string, bytes: Uint8Array, budget: Budget): PickleValue {
  const machine = new PickleMachine(path, bytes, budget);
  for (;;) {
    const { position } = machine;
    const code = machine.byte();
    if (code === STOP) return machine.pop();
    const act = opcodes.get(code);
    if (act === undefined) throw machine.fail(`Expected a pickle opcode but found 0x${code.toString(16)} at byte ${position}`);
    machine.spend(1);
    act(machine);
  }
}
