/** Whether a configured user, `name[:group]`, is root; an empty one is. */
export function isRoot(user: string): boolean {
  const name = user.split(':')[0] ?? '';
  return name === '' || name === 'root' || /^0+$/.test(name);
}
