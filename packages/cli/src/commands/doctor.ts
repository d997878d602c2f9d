import { type Command, command } from '../command.ts';

/** What a question about an installation needs to say. Computes nothing and makes no request. */
export const doctor: Command = command({
  name: 'doctor',
  summary: 'what this machine, this installation and the settings are',
  flags: {},
  run: async (context) => await (await import('../work/doctor.ts')).examine(context),
});
