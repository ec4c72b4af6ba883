export { type Docker, dockerWith } from './docker.ts';
export { ensureBaseImage } from './images/base-image.ts';
export { ensureDemoImages, ensureServiceImage } from './images/build.ts';
export { file, withPackages } from './images/dockerfile.ts';
export { demoFailure, runDemo } from './story/run-demo.ts';
export { newRunNames } from './system/labels.ts';
export { removeAll } from './system/remove-all.ts';
export { type SystemOptions, startBackground, startSite } from './system/system.ts';
export { plainTask } from './task.ts';
