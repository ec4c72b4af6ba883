import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { createEnforcer, type Enforcer } from '../../enforcement/index.ts';
import type { Engine } from '../../engine/index.ts';
import { type Logger, messageOf } from '../../kernel/index.ts';
import { type ChangeSensor, createFanotifySensor, createPollingSensor } from '../../sensor/index.ts';

export interface ChosenSensor {
  readonly sensor: ChangeSensor;
  /** Why changes are not seen as they happen, when they are not. */
  readonly fallback: string | null;
}

/** The fastest sensor that this host and engine allow: kernel events, else polling the engine. */
export async function chooseSensor(engine: Engine, pollEverySeconds: number): Promise<ChosenSensor> {
  const polling = (fallback: string): ChosenSensor => ({
    sensor: createPollingSensor({ changes: (id) => engine.changes(id), everyMs: pollEverySeconds * 1000 }),
    fallback,
  });
  if (!engine.capabilities.localStorage) {
    return polling('the containers’ layers do not lie on this host, or cannot be read by this user');
  }
  try {
    return { sensor: await createFanotifySensor(), fallback: null };
  } catch (error) {
    return polling(messageOf(error));
  }
}

export interface ChosenEnforcer {
  readonly enforcer: Enforcer | null;
  /** Why code cannot be refused, when it cannot. */
  readonly whyNot: string | null;
}

/** Whoever refuses code that is not from the image, where this host and engine allow it. */
export async function chooseEnforcer(engine: Engine, logger: Logger): Promise<ChosenEnforcer> {
  if (!engine.capabilities.localStorage) {
    return {
      enforcer: null,
      whyNot: 'the containers’ layers do not lie on this host, or cannot be read by this user',
    };
  }
  try {
    const enforcer = await createEnforcer({ logger });
    enforcer.expectIn(join(await realpath(engine.info.rootDirectory), engine.info.storageDriver, '/'));
    return { enforcer, whyNot: null };
  } catch (error) {
    return { enforcer: null, whyNot: messageOf(error) };
  }
}
