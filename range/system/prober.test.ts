import { describe, expect, test } from 'vitest';
import { countServed } from '../attacker/attacker-server.ts';
import { markedOutput } from '../attacker/payloads.ts';
import { readPage } from './page.ts';
import { summarise } from './prober.ts';

describe('summarise', () => {
  test('finds the longest time without an answer, whatever the order in which visits end', () => {
    const report = summarise([
      { endedAt: 1000, got: 'page' },
      { endedAt: 3000, got: 'nothing' },
      { endedAt: 1500, got: 'page' },
      { endedAt: 1050, got: 'defaced' },
      { endedAt: 1100, got: 'defaced' },
    ]);
    expect(report).toEqual({
      visits: 5,
      served: 2,
      defaced: 2,
      failed: 1,
      longestOutageMs: 400,
      defacedMs: 50,
    });
  });

  test('of no answer at all reports no outage between answers', () => {
    expect(summarise([{ endedAt: 1, got: 'nothing' }])).toMatchObject({ failed: 1, longestOutageMs: 0 });
  });
});

describe('readPage', () => {
  test('takes the hostname out of the content', () => {
    const a = readPage('<p>You are being served by <code>0a1b</code>.</p>');
    const b = readPage('<p>You are being served by <code>ffff</code>.</p>');
    expect(a.hostname).toBe('0a1b');
    expect(a.content).toBe(b.content);
  });

  test('of a defaced page finds nothing', () => {
    expect(readPage('HACKED')).toEqual({ hostname: null, links: [], guests: [], content: 'HACKED' });
  });
});

describe("the attacker's own view", () => {
  test('counts only shells that were handed out', () => {
    const log = [
      '[::ffff:10.0.0.3]:1: url:/shell.php',
      '[::ffff:10.0.0.3]:1: response:200',
      '[::ffff:10.0.0.3]:2: url:/shell.php',
      '[::ffff:10.0.0.3]:2: response:404',
      '[::ffff:10.0.0.4]:1: url:/other',
      '[::ffff:10.0.0.4]:1: response:200',
    ].join('\n');
    expect(countServed(log)).toBe(1);
  });

  test('takes marked output out of a page', () => {
    expect(markedOutput('<html><<<uid=33\n>>></html>')).toBe('uid=33');
    expect(markedOutput('<<<cut')).toBeNull();
  });
});
