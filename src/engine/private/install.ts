import { canInstallPackages, commandExists, installPackages, type Say } from '../../host/index.ts';
import { PristineError } from '../../kernel/index.ts';

/** Programs that a private engine consists of, with the Debian packages that hold them. */
const PROGRAMS = { dockerd: 'docker.io', iptables: 'iptables', ip: 'iproute2' } as const;

/** @throws {PristineError} E_ENGINE_INSTALL where no private engine can run, or not by this user */
export function requireRootOnLinux(): void {
  if (process.platform !== 'linux') {
    throw new PristineError('E_ENGINE_INSTALL', 'a private engine needs Linux', {
      next: 'Install Docker Desktop, Colima or the like, or set DOCKER_HOST to an engine on another machine.',
    });
  }
  if (process.getuid?.() !== 0) {
    throw new PristineError('E_ENGINE_INSTALL', 'a private engine must be started by root', {
      next: 'Run this as root, or set DOCKER_HOST to an engine that runs already.',
    });
  }
}

/**
 * Sees to it that an engine can be started, installing Debian packages where that is possible.
 *
 * @returns whether the engine itself was installed, in which case the system may have started its own
 * @throws {PristineError} E_ENGINE_INSTALL saying what is missing and how to get it
 */
export async function ensureEngineInstalled(say: Say): Promise<boolean> {
  const missing: (keyof typeof PROGRAMS)[] = [];
  for (const program of ['dockerd', 'iptables', 'ip'] as const) {
    if (!(await commandExists(program))) missing.push(program);
  }
  if (missing.length > 0 && !(await canInstallPackages())) {
    throw new PristineError('E_ENGINE_INSTALL', `a private engine needs ${missing.join(', ')}`, {
      next: `Install Docker Engine (https://docs.docker.com/engine/install/) with ${missing.join(', ')}, then try again.`,
    });
  }
  const why = 'a private Docker Engine';
  const packages: string[] = missing.map((program) => PROGRAMS[program]);
  // A registry's certificate cannot be checked without.
  if (missing.includes('dockerd')) packages.push('ca-certificates');
  await installPackages(packages, why, say);
  // Since Debian 13 the command line is a package of its own.
  if (missing.includes('dockerd') && !(await commandExists('docker'))) {
    await installPackages(['docker-cli'], why, say);
  }
  return missing.includes('dockerd');
}
