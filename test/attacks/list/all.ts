/** Ways to get code that is not in the image to run. */
import type { Attack } from '../attack.ts';
import { DESCRIPTORS } from './descriptors.ts';
import { ENGINE } from './engine.ts';
import { FILES } from './files.ts';
import { IMAGE_FILES } from './image-files.ts';
import { INTERPRETERS } from './interpreters.ts';
import { LIBRARIES } from './libraries.ts';
import { MEMORY } from './memory.ts';
import { NAMESPACES } from './namespaces.ts';
import { SHELLS } from './shells.ts';
import { WEB } from './web.ts';

export const GROUPS: readonly { readonly title: string; readonly attacks: readonly Attack[] }[] = [
  { title: 'Programs that are dropped', attacks: FILES },
  { title: 'Programs of the image that are changed', attacks: IMAGE_FILES },
  { title: 'Descriptors and memory files', attacks: DESCRIPTORS },
  { title: 'Mounts and namespaces', attacks: NAMESPACES },
  { title: 'Libraries', attacks: LIBRARIES },
  { title: 'Shell scripts', attacks: SHELLS },
  { title: 'Other interpreters', attacks: INTERPRETERS },
  { title: 'PHP and the web server', attacks: WEB },
  { title: 'Before the guard, and by the engine', attacks: ENGINE },
  { title: 'Memory', attacks: MEMORY },
];

export const ATTACKS: readonly Attack[] = GROUPS.flatMap(({ attacks }) => attacks);
