export { canInstallPackages, installPackages, type Say } from './debian-packages.ts';
export { commandExists, type RunOptions, type RunResult, run } from './run.ts';
export { defaultStateDirectory } from './state-directory.ts';
