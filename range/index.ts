export { type EnsuredImage, ensureServiceImage, type ImageOptions } from './images/build.ts';
export type { DemoReport } from './story/report.ts';
export { type DemoOptions, demoFailure, runDemo } from './story/run-demo.ts';
