/** Sends a message to a journal of our own, in a mount namespace where /run is ours; prints what arrived there. */
import { mkdirSync } from 'node:fs';
import type { Notification } from '../../contract/index.ts';
import { createTarget } from '../targets/create.ts';
import { listenOn } from './datagram-socket.ts';

mkdirSync('/run/systemd/journal', { recursive: true });
const socket = listenOn('/run/systemd/journal/socket');
const notification = JSON.parse(process.argv[2] ?? '') as Notification;
const deps = { env: {}, now: () => new Date(), incidentNow: async () => null };
await createTarget({ name: 'journal', type: 'journald' }, deps).deliver(
  notification,
  new AbortController().signal,
);
process.stdout.write(JSON.stringify(socket.receive()));
socket.close();
