import { type Family, words } from './family.ts';

export const SHELL: Family = {
  name: 'a shell',
  programs: words(
    `sh dash bash rbash ash hush ksh mksh lksh oksh pdksh rksh posh yash zsh fish csh tcsh bsdcsh rc es osh ysh nu
    elvish pwsh toysh scsh`,
  ),
  extensions: [],
  isShell: true,
};
