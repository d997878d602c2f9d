export type { ServedModels } from './inference/job.ts';
export { exportTriton } from './triton/export-triton.ts';
export { startServer } from './start-server.ts';
export type { RunningServer, ServeOptions } from './start-server.ts';
