import { readFile } from 'node:fs/promises';
import { PristineError } from '../kernel/index.ts';
import { type RunResult, run } from './run.ts';

/** Tells the user what takes time; one sentence a call. */
export type Say = (sentence: string) => void;

/** Whether this host installs packages with apt and this process may. */
export async function canInstallPackages(): Promise<boolean> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release) && process.getuid?.() === 0;
}

/** Names of those packages that are not installed. */
async function missingPackages(names: readonly string[]): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format.
  const { stdout } = await run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names]);
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/**
 * Installs Debian packages that are missing, and says so; does nothing when all are there.
 *
 * @throws {PristineError} E_ENGINE_INSTALL when this is no Debian or Ubuntu, not root, or apt fails
 */
export async function installPackages(names: readonly string[], why: string, say: Say): Promise<void> {
  const missing =
    (await run('dpkg-query', ['--version'])).code === 0 ? await missingPackages(names) : [...names];
  if (missing.length === 0) return;
  if (!(await canInstallPackages())) {
    throw new PristineError(
      'E_ENGINE_INSTALL',
      `${why} needs ${missing.join(', ')}, which cannot be installed here`,
      {
        next: `Install what your system calls ${missing.join(', ')}, or run this as root on Debian or Ubuntu.`,
      },
    );
  }
  say(`installing Debian packages ${missing.join(', ')} (${why}) ...`);
  const install = () => aptGet('install', '-y', '-q', '--no-install-recommends', ...missing);
  let result = await install();
  if (result.code !== 0) {
    // Package lists are often missing or old on a fresh machine.
    await aptGet('update', '-q');
    result = await install();
  }
  if (result.code !== 0) {
    throw new PristineError('E_ENGINE_INSTALL', `apt-get could not install ${missing.join(', ')}`, {
      next: `Run "apt-get install ${missing.join(' ')}" and look at what it says.`,
      cause: new Error(result.stderr.trim().split('\n').at(-1)),
    });
  }
}

/**
 * Runs apt-get when nobody else does: waits for other processes of ours by a lock on dpkg's own folder (flock(1)),
 * and for those that are not ours by apt's own lock, up to five minutes.
 */
function aptGet(...args: string[]): Promise<RunResult> {
  const command = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', ...args];
  return run('flock', ['/var/lib/dpkg', ...command], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
}
