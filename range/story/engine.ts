import { printable } from '../../src/kernel/index.ts';
import { type Docker, dockerWith } from '../docker.ts';
import type { Narrator } from './narrator.ts';
import { type PristineCommand, pristineCommand } from './pristine.ts';
import type { EngineReport } from './report.ts';

/** The part of `pristine engine … --json` that is looked at. */
interface StatusJson {
  readonly running: boolean;
  readonly endpoint: string;
}

export interface FoundEngine {
  readonly docker: Docker;
  readonly report: EngineReport;
  /** Stops the engine if it was started for the demo. */
  release(): Promise<void>;
}

/**
 * The engine that answers the docker command line as the user has it; where none does, a private one, which
 * `pristine engine up` starts (and installs, where it can) under the user's state directory.
 */
export async function findEngine(
  pristinePath: string,
  stateDirectory: string,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<FoundEngine> {
  const docker = dockerWith({});
  const answer = await docker.attempt(['version', '-f', '{{.Server.Version}}'], { signal });
  if (answer.code === 0) {
    const report = {
      version: answer.stdout.trim(),
      endpoint: process.env.DOCKER_HOST ?? null,
      startedNow: false,
    };
    return { docker, report, release: async () => {} };
  }
  const pristine = pristineCommand(pristinePath, { PRISTINE_STATE: stateDirectory });
  return narrator.task('no engine answers; starting a private one', () =>
    startPrivate(pristine, narrator, signal),
  );
}

async function startPrivate(
  pristine: PristineCommand,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<FoundEngine> {
  // It may install packages, and says so.
  const speaking = { signal, onStderr: (text: string) => narrator.say(printable(text.trim())) };
  const ranBefore = (await pristine.json<StatusJson>(['engine', 'status'], { signal })).running;
  const release = async () => {
    if (!ranBefore) await pristine.json(['engine', 'down']);
  };
  try {
    const { endpoint } = await pristine.json<StatusJson>(['engine', 'up'], speaking);
    const docker = dockerWith({ DOCKER_HOST: endpoint });
    const version = await docker.text(['version', '-f', '{{.Server.Version}}'], { signal });
    return { docker, report: { version, endpoint, startedNow: !ranBefore }, release };
  } catch (error) {
    await release().catch(() => {}); // the first error is the one to tell
    throw error;
  }
}
