export { ensureServiceImage } from './images/build.ts';
export { demoFailure, runDemo } from './story/run-demo.ts';
