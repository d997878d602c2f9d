export { floors } from './floors.data.ts';
export { snippets } from './snippets.ts';
export type { Snippet } from './snippets.ts';
export { filesBelow, root, textOf, workspaces } from './workspace.ts';
export type { Workspace } from './workspace.ts';
