export { type ImageTree, readImageTree } from './image-tree.ts';
export type { PlanDraft } from './input.ts';
export { planConfiguration } from './plan.ts';
