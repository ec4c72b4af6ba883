import { DEFACEMENT } from '../attacker/payloads.ts';
import { get } from '../http-client.ts';
import { visit } from '../system/page.ts';
import { readDatabase } from '../system/system.ts';
import type { Stage } from './context.ts';
import type { IncidentJson, TimelineJson, VerifyJson } from './pristine.ts';
import type { Aftermath, GuardedAttack } from './report.ts';

const DEFACED = '/var/www/html/index.html';
const SHELL = '/var/www/html/shell.php';

/** The site is back with its data; what happened is known line by line; the evidence is sealed. */
export async function actAftermath(stage: Stage, attacked: GuardedAttack): Promise<Aftermath> {
  stage.narrator.act('Back in business, and what happened');
  const site = await inspectSite(stage, attacked);
  const timeline = await tellTimeline(stage, attacked);
  const contentDiffs = await showContents(stage, attacked);
  const verified = await verifyEvidence(stage, attacked);
  return { ...site, timeline, contentDiffs, verified };
}

async function inspectSite(stage: Stage, attacked: GuardedAttack) {
  const { checks, docker, signal, site, before, system } = stage;
  const page = await visit(site.url, { signal });
  const { hostname } = attacked;
  checks.check(
    'the page is what it was',
    page.content === before.page.content,
    page.content === before.page.content ? `${page.content.length} characters, identical` : 'it differs',
  );
  checks.check(
    'another container serves it',
    hostname.after !== null && hostname.after !== hostname.before,
    `${hostname.before} before, ${hostname.after} now`,
  );
  const database = await readDatabase(docker, system, signal);
  const same = JSON.stringify(database) === JSON.stringify(before.database);
  checks.check('the database is what it was', same, `${database.length} rows${same ? ', identical' : ''}`);
  const shell = await get(`${site.url}/shell.php?cmd=id`, { signal });
  checks.check('the shell is gone', shell.status === 404, `/shell.php answers ${shell.status}`);
  return { page, database, shellStatus: shell.status };
}

async function tellTimeline(stage: Stage, attacked: GuardedAttack): Promise<readonly TimelineJson[]> {
  const { narrator, checks, pristine, signal } = stage;
  const { incident, timeline } = await pristine.json<{ incident: IncidentJson; timeline: TimelineJson[] }>(
    ['incident', attacked.incident],
    { signal },
  );
  narrator.say('');
  narrator.say(`pristine incident ${incident.id}`);
  narrator.quote(
    timeline.map(({ at, kind, text }) => `${at.slice(11, 23)}  ${kind.padEnd(8)}  ${text}`).join('\n'),
    40,
  );
  checks.check(
    'the timeline tells it',
    timeline.length > 0,
    `${timeline.length} entries, incident ${incident.state}`,
  );
  return timeline;
}

/** What the attacker wrote, from the evidence. A file that came too late for the freeze is not in it. */
async function showContents(
  stage: Stage,
  attacked: GuardedAttack,
): Promise<{ path: string; text: string }[]> {
  const { narrator, checks, pristine, signal } = stage;
  const expected: Record<string, string> = { [DEFACED]: DEFACEMENT, [SHELL]: "$_GET['cmd']" };
  const found = [];
  for (const [path, attackersText] of Object.entries(expected)) {
    const written = attacked.findings.some((finding) => finding.path === path);
    for (const bundle of written ? attacked.bundles : []) {
      const text = await pristine.text(['diff', bundle, '--content', path], { signal });
      narrator.say('');
      narrator.say(`pristine diff ${bundle} --content ${path}`);
      narrator.quote(text, 14);
      found.push({ path, text });
      checks.check(
        `the evidence holds ${path}`,
        text.includes(attackersText),
        "the attacker's own text is in it",
      );
    }
  }
  checks.check(
    "the evidence holds the attacker's files",
    found.length > 0,
    `${found.map(({ path }) => path).join(' and ') || 'none'}, by content`,
  );
  return found;
}

async function verifyEvidence(stage: Stage, attacked: GuardedAttack): Promise<Aftermath['verified']> {
  const { narrator, checks, pristine, signal } = stage;
  const verified = [];
  narrator.say('');
  for (const bundle of attacked.bundles) {
    const report = await pristine.json<VerifyJson>(['evidence', 'verify', bundle], { signal });
    const { ok, filesChecked, bytesChecked, problems } = report;
    verified.push({ bundle, ok, filesChecked, bytesChecked });
    checks.check(
      `the evidence ${bundle} verifies`,
      ok,
      ok
        ? `${filesChecked} files, ${(bytesChecked / 1e6).toFixed(1)} MB, sealed and in the ledger`
        : problems.map(({ subject, detail }) => `${subject}: ${detail}`).join('; '),
    );
  }
  checks.check('evidence was taken', verified.length > 0, `${verified.length} bundle`);
  return verified;
}
