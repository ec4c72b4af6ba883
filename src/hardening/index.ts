export { type Grade, type Posture, type PostureItem, type PostureSubject, posture } from './posture.ts';
