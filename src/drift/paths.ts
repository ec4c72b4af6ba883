/** The last segment of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Lower-case extension without the dot; empty when there is none. A leading dot starts a hidden name, not an extension. */
export function extension(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase();
}

/** Whether `path` is `folder` or lies below it. */
export function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** The first of `folders` that holds `path`; undefined when none does. */
export function folderOf(path: string, folders: readonly string[]): string | undefined {
  return folders.find((folder) => isUnder(path, folder));
}

/**
 * Where a symbolic link at `path` leads, by its text alone: `..` and `.` resolved, nothing followed. A link
 * cannot lead above the root.
 */
export function linkDestination(path: string, target: string): string {
  const joined = target.startsWith('/') ? target : `${path.slice(0, path.lastIndexOf('/'))}/${target}`;
  const segments: string[] = [];
  for (const segment of joined.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

/** `/var/run` and `/var/lock` as the links that they are on Debian and its relatives. */
export function physical(path: string): string {
  if (isUnder(path, '/var/run')) return `/run${path.slice('/var/run'.length)}`;
  if (isUnder(path, '/var/lock')) return `/run/lock${path.slice('/var/lock'.length)}`;
  return path;
}
