import { type GetOptions, get } from '../http-client.ts';

/** What a visitor sees on the front page. */
export interface Page {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly hostname: string | null;
  readonly links: readonly string[];
  readonly guests: readonly (readonly string[])[];
  /** The page with its hostname taken out: the same for every pristine container. */
  readonly content: string;
  readonly failure: string | null;
}

export async function visit(url: string, options?: GetOptions): Promise<Page> {
  const answer = await get(`${url}/`, options);
  return { status: answer.status, failure: answer.failure, ...readPage(answer.body) };
}

/** Reads the front page's HTML; a defaced page has no hostname, no links and no guests. */
export function readPage(html: string): Pick<Page, 'hostname' | 'links' | 'guests' | 'content'> {
  const hostname = /served by <code>([\w.-]+)<\/code>/.exec(html)?.[1] ?? null;
  const links = [...html.matchAll(/<li><code>([\w-]+)<\/code> at ([\d.]+)<\/li>/g)];
  const rows = [...html.matchAll(/<tr>(.*?)<\/tr>/g)];
  return {
    hostname,
    links: links.map(([, name, address]) => `${name} ${address}`),
    guests: rows.map(([, row]) =>
      [...(row ?? '').matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell ?? ''),
    ),
    content: hostname === null ? html : html.replaceAll(hostname, 'HOSTNAME'),
  };
}
