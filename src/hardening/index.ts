export { posture } from './posture.ts';
