/** Writes docs/attacks.md from the list of attacks and the results that were recorded last. */
import { record } from '../test/attacks/record.ts';

record({});
