import type { Docker } from '../docker.ts';
import { removeAll } from '../system/remove-all.ts';

/**
 * Removes what a run of the corpus made: what carries its label or its prefix, and the volumes of those containers,
 * which an emitted command makes without a label. @returns what would not go
 */
export async function removeMade(docker: Docker, label: string, prefix: string): Promise<string[]> {
  const list = async (filter: string) => docker.lines(['ps', '-a', '-q', '--filter', filter]);
  const ids = [...new Set([...(await list(`label=${label}`)), ...(await list(`name=^/?${prefix}`))])];
  if (ids.length > 0) {
    const format = '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}';
    const volumes = [...new Set(await docker.lines(['inspect', '-f', format, ...ids]))];
    await docker.attempt(['rm', '-f', '-v', ...ids]);
    if (volumes.length > 0) await docker.attempt(['volume', 'rm', '-f', ...volumes]);
  }
  return removeAll(docker, label);
}
