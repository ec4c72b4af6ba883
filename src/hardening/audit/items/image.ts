/** Items about what an image brings along. */
import type { ImageFacts } from '../../../contract/index.ts';
import {
  type AuditCheck,
  failed,
  notApplicable,
  noted,
  ok,
  some,
  unknown,
  type Verdict,
} from '../subject.ts';

const UNSEEN = 'the image cannot be read from here';

function ofImage(examine: (image: ImageFacts, noNewPrivileges: boolean) => Verdict): AuditCheck['examine'] {
  return ({ facts, details }) =>
    facts.image === null ? unknown(UNSEEN) : examine(facts.image, details.security.noNewPrivileges);
}

export const packages: AuditCheck = {
  id: 'packages',
  cis: '4.3',
  title: 'the image has no package manager, compiler or downloader',
  remedy: 'Build in one stage and copy the result into a small image; remove what only building needs.',
  examine: ofImage(({ packageManagers, compilers, downloaders }) => {
    const found = [...packageManagers, ...compilers, ...downloaders];
    return found.length === 0 ? ok('none found by name') : failed(some([...new Set(found)]), 2);
  }),
};

export const setuid: AuditCheck = {
  id: 'setuid',
  cis: '4.8',
  title: 'no program in the image gives privileges',
  remedy: 'Take the bits away when building (chmod a-s), or set --security-opt no-new-privileges.',
  examine: ofImage((image, noNewPrivileges) => {
    const found = [
      ...image.setuid.map(({ path }) => path),
      ...image.fileCapabilities.map(({ path, capabilities }) => `${path} (${capabilities})`),
    ];
    if (found.length === 0) return ok('no setuid, no setgid, no file capabilities');
    return noNewPrivileges
      ? ok(`without effect by no-new-privileges: ${some(found)}`)
      : failed(some(found), 2);
  }),
};

export const shells: AuditCheck = {
  id: 'shells',
  cis: null,
  title: 'the image has no shell or interpreter beside what it serves with',
  remedy: 'Use an image that holds the application alone, where it works without a shell.',
  examine: ofImage(({ shells: found, interpreters }) => {
    const all = [...found, ...interpreters];
    return all.length === 0 ? ok('none found by name') : failed(some([...new Set(all)]), 1);
  }),
};

export const unused: AuditCheck = {
  id: 'unused',
  cis: null,
  title: 'the image holds little that is not used',
  remedy: 'Leave out of the image what is never opened.',
  examine: ({ facts: { watched } }) => {
    if (watched === null) return notApplicable('not watched (--watch)');
    const { opened, neverOpened } = watched;
    const all = opened.bytes + neverOpened.bytes;
    const share = all === 0 ? 0 : Math.round((100 * neverOpened.bytes) / all);
    return noted(
      `${share}% of its bytes, ${neverOpened.files} files, were not opened in ${watched.seconds} s`,
    );
  },
};
