import type { ServedFiles } from '../attacker/attacker-server.ts';
import type { Target } from '../attacker/steps.ts';
import type { Docker } from '../docker.ts';
import type { Page } from '../system/page.ts';
import type { DemoSystem, Site, SystemOptions } from '../system/system.ts';
import type { Checks } from './checks.ts';
import type { Narrator } from './narrator.ts';
import type { PristineCommand } from './pristine.ts';

/** What every act works with. */
export interface Stage {
  readonly narrator: Narrator;
  readonly checks: Checks;
  readonly docker: Docker;
  readonly pristine: PristineCommand;
  readonly signal: AbortSignal;
  readonly systemOptions: SystemOptions;
  readonly system: DemoSystem;
  /** What the attacker's server hands out. */
  readonly served: ServedFiles;
  /** The front end that is guarded. */
  readonly site: Site;
  /** The system as it was before any attack. */
  readonly before: { readonly page: Page; readonly database: readonly string[] };
}

export function targetAt(stage: Stage, url: string): Target {
  const guests = stage.before.page.guests.map(([name]) => name ?? '');
  return { url, password: stage.system.password, guests, tool: stage.served.tool };
}
