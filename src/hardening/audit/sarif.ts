import { createHash } from 'node:crypto';
import type { AuditItem, AuditReport, ContainerAudit } from '../../contract/index.ts';
import { printable, version } from '../../kernel/index.ts';
import { AUDIT_CHECKS } from './checks.ts';

/** From this cost on an item is an error to those who read SARIF; below, a warning. */
const ERROR_COST = 20;

/**
 * A report as SARIF 2.1.0 (OASIS, sarif-schema-2.1.0): a rule for each item, a result for each that failed, is noted
 * or unknown. A fingerprint is of the container's name, its image's name and the item, so that a container that was
 * made anew is the same to those who compare runs. Everything of the containers' is printable.
 */
export function sarif(report: AuditReport): unknown {
  const rules = AUDIT_CHECKS.map(({ id, cis, title, remedy }) => ({
    id,
    name: id,
    shortDescription: { text: title },
    help: { text: remedy },
    properties: { tags: ['security', 'container', ...(cis === null ? [] : [`CIS-${cis}`])] },
  }));
  const results = report.containers.flatMap((audit) =>
    audit.items
      .filter(({ status }) => status !== 'ok' && status !== 'not-applicable')
      .map((item) => resultOf(audit, item)),
  );
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'pristine audit', semanticVersion: version, rules } },
        invocations: [{ executionSuccessful: true, endTimeUtc: report.takenAt }],
        columnKind: 'utf16CodeUnits',
        results,
        properties: {
          grades: report.containers.map(({ container, grade, score, arithmetic }) => ({
            container: printable(container.name),
            ...{ grade, score, arithmetic },
          })),
        },
      },
    ],
  };
}

function resultOf({ container, grade }: ContainerAudit, item: AuditItem): unknown {
  const [name, image] = [printable(container.name), printable(container.image)];
  const fingerprint = createHash('sha256').update([name, image, item.id].join('\0')).digest('hex');
  return {
    ruleId: item.id,
    ruleIndex: AUDIT_CHECKS.findIndex(({ id }) => id === item.id),
    kind: item.status === 'failed' ? 'fail' : item.status === 'unknown' ? 'open' : 'informational',
    level: levelOf(item),
    message: { text: `${name}: ${printable(item.detail)} (wanted: ${item.title}). ${item.remedy}` },
    locations: [
      {
        logicalLocations: [{ name, fullyQualifiedName: `${image}/${name}`, kind: 'container' }],
      },
    ],
    partialFingerprints: { 'containerItem/v1': fingerprint },
    properties: { container: container.id, cis: item.cis, cost: item.cost, grade },
  };
}

/** What is no failure has no level (SARIF 2.1.0, 3.27.10). */
function levelOf(item: AuditItem): string {
  if (item.status !== 'failed') return 'none';
  return item.cost >= ERROR_COST ? 'error' : 'warning';
}
