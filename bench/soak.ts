/**
 * A guard in mode protect for half an hour, with containers starting, being refused something, and dying all the
 * time. Prints what the guard and its enforcer hold as a table, then the report as JSON; fails when it grows.
 * Needs root and an engine with overlay storage. Usage: npm run soak -- [MINUTES]
 */
import { growth } from '../test/soak/growth.ts';
import { type Sample, soak } from '../test/soak/soak.ts';

const HEAD = [
  'seconds',
  'lives',
  ...['guard', 'enforcer'].flatMap((who) => [`${who} MB`, 'cpu s', 'fds', 'marks', 'leases']),
];

function row({ at, lives, guard, enforcer }: Sample): (number | string)[] {
  const of = [guard, enforcer].flatMap(({ rss, cpuMs, descriptors, marks, leases }) => [
    ...[(rss / 2 ** 20).toFixed(1), (cpuMs / 1000).toFixed(1), descriptors, marks, leases],
  ]);
  return [at, lives, ...of];
}

const print = (cells: readonly (number | string)[]) =>
  console.error(cells.map((cell, at) => String(cell).padStart(Math.max(7, HEAD[at]?.length ?? 0))).join(' '));

const minutes = Number(process.argv[2] ?? 30);
print(HEAD);
const report = await soak({
  seconds: minutes * 60,
  sampleEverySeconds: 10,
  startEveryMs: 1500,
  onSample: (sample) => print(row(sample)),
});
print(row(report.end));
const grown = growth(report);
console.log(JSON.stringify({ ...report, grown }));
for (const sentence of [...grown, ...report.wrong]) console.error(sentence);
console.error(
  `${report.lives} containers; of ${report.tried} tries to run what the image never held, ${report.ranBefore} ran ` +
    `before their container was watched, and ${report.ranAfter} after it`,
);
process.exitCode = grown.length === 0 && report.ranAfter === 0 ? 0 : 1;
