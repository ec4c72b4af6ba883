import { join } from 'node:path';
import type { Stage } from './context.ts';
import { leaveGuard } from './guard-process.ts';
import type { EngineReport, Kept } from './report.ts';

/** Leaves the system and a guard running, and tells how to play with them and how to be rid of them. */
export async function keepRunning(stage: Stage, state: string, engine: EngineReport): Promise<Kept> {
  const { pristine, site, systemOptions, narrator } = stage;
  const { names } = systemOptions;
  const log = join(state, 'guard.jsonl');
  const guardPid = await leaveGuard(pristine, site.container, log);
  const engineWords = engine.endpoint === null ? '' : `DOCKER_HOST=${engine.endpoint} `;
  const pristineWords = `${engineWords}PRISTINE_STATE=${state} ${pristine.path}`;
  const filter = `--filter label=${names.label}`;
  const commands = [
    `curl -s -G ${site.url}/ --data-urlencode 'shell=system("id");' | grep uid=`,
    `curl -s -G ${site.url}/ --data-urlencode 'shell=system("echo hello > new.php");'`,
    `tail -f ${log}`,
    `${pristineWords} incidents`,
    `${pristineWords} diff ${names.db}`,
    `kill ${guardPid}`,
    `${engineWords}docker rm -f -v $(${engineWords}docker ps -aq ${filter})`,
    `${engineWords}docker network rm ${names.network}; ${engineWords}docker volume rm ${names.volume}`,
    `rm -r ${state}`,
    ...(engine.startedNow ? [`${pristine.path} engine down`] : []),
  ];
  narrator.act('Left running for you');
  narrator.say(`the site ${site.url}, guarded by process ${guardPid}`);
  narrator.say('play with it:');
  for (const command of commands.slice(0, 5)) narrator.say(`  ${command}`);
  narrator.say('and clean up:');
  for (const command of commands.slice(5)) narrator.say(`  ${command}`);
  return { url: site.url, state, guardPid, commands };
}
