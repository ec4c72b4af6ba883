import { test } from 'vitest';
import { expectLinear } from '../../test/support/linear-time.ts';
import { added } from '../../test/support/subjects.ts';
import { RULES } from './index.ts';

/** The full tier has many more. */
const PIECES = [' ', '(', "'a'.", '<<<A\n', '/*', 'eval(', 'nc ', 'curl '];

test.each(['x.php', 'x.sh'])('all rules together stay near a plain scan of a hostile %s', (name) => {
  expectLinear((text) => {
    const subject = added(`/var/www/html/${name}`, { text: name === 'x.php' ? `<?php ${text}` : text });
    for (const rule of RULES) rule.match(subject);
  }, PIECES);
});
