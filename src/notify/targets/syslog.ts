import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Notification, NotificationTarget } from '../../contract/index.ts';
import { systemErrorCode } from '../../kernel/index.ts';
import { DeliveryError, type Target } from '../port.ts';
import { cutBytes } from '../text.ts';
import { runProgram } from './program.ts';
import { SYSLOG_FACILITIES, SYSLOG_LEVELS } from './syslog-levels.ts';

type SyslogConfig = Extract<NotificationTarget, { type: 'syslog' }>;

/** What every receiver should take (RFC 5424, 6.1). */
const MAX_BYTES = 2048;
/** Port of syslog over UDP (RFC 5426) and, by custom, over TCP. */
const DEFAULT_PORT = 514;
const DEFAULT_SOCKET = '/dev/log';
/** How long a TCP receiver may take to close after us; what it was sent has arrived or never will. */
const CLOSE_PATIENCE_MS = 2000;

/** Syslog: RFC 5424 by UDP or TCP (octet counting, RFC 6587), or the local daemon by logger(1). */
export function syslog(config: SyslogConfig, timeoutMs: number): Target {
  const { name, type, transport, host = 'localhost', port = DEFAULT_PORT, socket = DEFAULT_SOCKET } = config;
  const { facility = 'auth' } = config;
  return {
    name,
    type,
    deliver: async (notification, signal) => {
      if (transport === 'local') {
        const { name: level } = SYSLOG_LEVELS[notification.severity];
        const options = [
          '--tag',
          'pristine',
          '--priority',
          `${facility}.${level}`,
          '--size',
          String(MAX_BYTES),
        ];
        const program = ['logger', '--socket', socket, '--socket-errors=on', ...options] as const;
        await runProgram(program, `${cutBytes(localLine(notification), MAX_BYTES - 200)}\n`, {
          timeoutMs,
          signal,
        });
        return;
      }
      const message = Buffer.from(syslogMessage(notification, facility));
      const limits = { timeoutMs, signal };
      if (transport === 'udp') await sendDatagram(message, host, port, limits);
      else await sendStream(message, host, port, limits);
    },
  };
}

/** A message of RFC 5424, with what is known as structured data. 32473 is the number for use in examples (RFC 5612). */
export function syslogMessage(
  notification: Notification,
  facility: keyof typeof SYSLOG_FACILITIES = 'auth',
): string {
  const { severity, kind, at, host, id, container, incident, rule, path, link, times } = notification;
  const priority = SYSLOG_FACILITIES[facility] * 8 + SYSLOG_LEVELS[severity].number;
  const data: Record<string, string | null> = {
    id,
    severity,
    container: container === null ? null : cutBytes(container.name, 128),
    incident,
    rule,
    path: path === null ? null : cutBytes(path, 200),
    link: link === null ? null : cutBytes(link, 300),
    times: String(times),
  };
  const parameters = Object.entries(data)
    .filter((field): field is [string, string] => field[1] !== null)
    .map(([name, value]) => `${name}="${value.replaceAll(/["\\\]]/g, '\\$&').replaceAll(/[\n\r\0]/g, ' ')}"`);
  const head = `<${priority}>1 ${at} ${nameOf(host)} pristine ${process.pid} ${kind} [pristine@32473 ${parameters.join(' ')}] `;
  // The byte order mark says that UTF-8 follows.
  return cutBytes(`${head}\ufeff${textOf(notification)}`, MAX_BYTES);
}

function localLine(notification: Notification): string {
  const { kind, container, incident, link } = notification;
  const fields = Object.entries({ kind, container: container?.name, incident, link })
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${textOf(notification)} (${fields.join(' ')})`;
}

function textOf({ title, text, times }: Notification): string {
  return `${title}${times === 1 ? '' : ` (${times} times)`}: ${text}`.replaceAll(/[\n\r\0]/g, ' ');
}

/** Printable ASCII, at most 255 characters. */
function nameOf(host: string): string {
  return host.replaceAll(/[^\x21-\x7e]/g, '_').slice(0, 255) || '-';
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

function sendDatagram(
  message: Buffer,
  host: string,
  port: number,
  { timeoutMs, signal }: Limits,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    let settled = false;
    const settle = (error?: Error | null) => {
      if (settled) return;
      settled = true;
      limit.removeEventListener('abort', abort);
      socket.close();
      if (error) reject(failure(host, port, error));
      else resolve();
    };
    const abort = () => settle(new Error('no answer in time'));
    limit.addEventListener('abort', abort, { once: true });
    socket.on('error', settle);
    // Connected, so that a port that nobody listens on can be told by the kernel.
    socket.connect(port, host, () => {
      socket.send(message, (error) => (error ? settle(error) : setTimeout(settle, 20)));
    });
  });
}

function sendStream(
  message: Buffer,
  host: string,
  port: number,
  { timeoutMs, signal }: Limits,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let patience: NodeJS.Timeout | undefined;
    const limit = setTimeout(() => settle(new Error(`not done within ${timeoutMs} ms`)), timeoutMs);
    const abort = () => settle(new Error('interrupted'));
    signal.addEventListener('abort', abort, { once: true });
    const settle = (error?: Error) => {
      clearTimeout(limit);
      clearTimeout(patience);
      signal.removeEventListener('abort', abort);
      socket.destroy();
      if (error !== undefined) reject(failure(host, port, error));
      else resolve();
    };
    socket.on('error', settle);
    socket.on('close', () => settle());
    socket.resume();
    socket.write(`${message.length} `);
    socket.end(message, () => {
      patience = setTimeout(() => settle(), CLOSE_PATIENCE_MS);
    });
  });
}

function failure(host: string, port: number, error: Error): DeliveryError {
  return new DeliveryError(`${host}:${port}: ${systemErrorCode(error) ?? error.message}`, { cause: error });
}
