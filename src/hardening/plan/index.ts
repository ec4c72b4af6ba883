export { type ImageTree, readImageTree } from './image-tree.ts';
export { type PlanDraft, planConfiguration } from './plan.ts';
