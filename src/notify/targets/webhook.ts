import { createHmac } from 'node:crypto';
import type { NotificationTarget } from '../../contract/index.ts';
import { DeliveryError, type Target, type TargetDependencies } from '../port.ts';
import { readSecret } from '../secrets.ts';
import { bearerHeader, post, urlOf } from './http.ts';

type WebhookConfig = Extract<NotificationTarget, { type: 'webhook' }>;

/** The message as JSON, signed as https://www.standardwebhooks.com (specification 1.0) says. */
export function webhook(config: WebhookConfig, timeoutMs: number, deps: TargetDependencies): Target {
  const { name, type, url, secret, bearer } = config;
  return {
    name,
    type,
    deliver: async (notification, signal) => {
      const keys = keysOf(await readSecret(secret, deps.env));
      const body = JSON.stringify(notification);
      const seconds = String(Math.floor(deps.now().getTime() / 1000));
      const signatures = keys.map((key) => sign(key, `${notification.id}.${seconds}.${body}`));
      const headers = {
        ...(await bearerHeader(bearer, deps.env)),
        'webhook-id': notification.id,
        'webhook-timestamp': seconds,
        'webhook-signature': signatures.join(' '),
      };
      await post({ url: await urlOf(url, deps.env), body, headers, timeoutMs, signal });
    },
  };
}

/** Each key signs, so that receivers who have the old one or the new one are content. */
function keysOf(secret: string): Buffer[] {
  return secret.split(/\s+/).map((word) => {
    const base64 = word.replace(/^whsec_/, '');
    const key = Buffer.from(base64, 'base64');
    if (!/^[A-Za-z0-9+/]+=*$/.test(base64) || key.length < 24 || key.length > 64) {
      throw new DeliveryError(
        'the secret of the webhook is not base64 of 24 to 64 bytes; "openssl rand -base64 32" makes one',
      );
    }
    return key;
  });
}

function sign(key: Buffer, content: string): string {
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
