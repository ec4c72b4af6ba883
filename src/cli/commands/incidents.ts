import type { Command } from 'commander';
import { examples } from '../examples.ts';
import { INCIDENT_COLUMNS, printIncident } from '../render/incident.ts';
import type { Runner } from '../session.ts';

export function registerIncidents(program: Command, run: Runner): void {
  program
    .command('incidents')
    .summary('list incidents')
    .description(
      'Lists all incidents, newest first. --json prints an array with the findings, bundles and replacement of each.',
    )
    .addHelpText('after', examples(['pristine incidents --json', 'for scripts']))
    .action(() =>
      run(async ({ app, options, out }) => {
        const incidents = await (await app()).incidents();
        if (options.json) out.json(incidents);
        else if (incidents.length === 0) out.line('no incidents');
        else out.table(incidents, INCIDENT_COLUMNS);
      }),
    );
}

export function registerIncident(program: Command, run: Runner): void {
  program
    .command('incident')
    .argument('<id>', 'id of an incident')
    .summary('one incident with its timeline')
    .description(
      'Shows an incident: what was found, which files were refused, what was done about it, and when.',
    )
    .addHelpText(
      'after',
      examples(['pristine incident inc-20260102t030405-k3f9qz', 'its findings and its timeline']),
    )
    .action((id: string) =>
      run(async ({ app, options, out }) => {
        const found = await (await app()).incident(id);
        if (options.json) out.json(found);
        else printIncident(out, found.incident, found.timeline, found.denied);
      }),
    );
}
