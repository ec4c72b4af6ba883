import { preciseNow } from '../http-client.ts';
import { type Outcome, STAGES, type StepDefinition, type StepId, type Target } from './steps.ts';

/** One step of an attack as it went, from the attacker's side. */
export interface AttackStep {
  readonly id: StepId;
  readonly title: string;
  readonly request: string;
  /** Milliseconds since 1970, with fractions. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  readonly evidence: string;
}

export interface AttackOptions {
  /** `steady`: one step after the other, patiently; `hurried`: the steps of a stage at once. */
  readonly pace: keyof typeof PATIENCE_MS;
  readonly onStep: (step: AttackStep) => void;
  readonly signal: AbortSignal;
}

/** How long the attacker waits for an answer. */
const PATIENCE_MS = { steady: 5000, hurried: 1000 };

/** Carries out the article's attack and answers with its steps, in the order of their definition. */
export async function attack(target: Target, options: AttackOptions): Promise<AttackStep[]> {
  const stages = options.pace === 'hurried' ? STAGES : STAGES.flat().map((step) => [step]);
  const steps: AttackStep[] = [];
  for (const stage of stages) {
    steps.push(...(await Promise.all(stage.map((step) => carryOut(step, target, options)))));
  }
  return steps;
}

async function carryOut(step: StepDefinition, target: Target, options: AttackOptions): Promise<AttackStep> {
  const startedAt = preciseNow();
  const { pace, signal } = options;
  const result = await step.run({ ...target, patienceMs: PATIENCE_MS[pace], signal });
  signal.throwIfAborted();
  const { id, title, request } = step;
  const done = { id, title, request, startedAt, endedAt: preciseNow(), ...result };
  options.onStep(done);
  return done;
}
