/** Requests by HTTP that must be answered well. */
import { check } from './service.ts';

const TIMEOUT_MS = 20_000;

/** @returns the page and its headers. @throws unless it is answered with success */
export async function fetched(
  url: string,
  options: RequestInit = {},
): Promise<{ readonly text: string; readonly headers: Headers; readonly url: string }> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
  const text = await answer.text();
  check(answer.ok, `${url} was answered with ${answer.status}: ${text.slice(0, 200)}`);
  return { text, headers: answer.headers, url: answer.url };
}

/** @returns the page. @throws unless it holds the words */
export async function page(url: string, words: string, options: RequestInit = {}): Promise<string> {
  const { text } = await fetched(url, options);
  check(text.includes(words), `${url} lacks "${words}": ${text.slice(0, 200)}`);
  return text;
}
