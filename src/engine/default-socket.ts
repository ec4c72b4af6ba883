/** Where Docker's own packages let their engine listen. */
export const DEFAULT_SOCKET = '/var/run/docker.sock';
