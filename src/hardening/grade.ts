import type { Grade } from '../contract/index.ts';

/** The least score of each grade, best first. */
const GRADES: readonly (readonly [Grade, number])[] = [
  ['A', 90],
  ['B', 70],
  ['C', 50],
  ['D', 30],
  ['F', 0],
];

export interface Graded {
  readonly grade: Grade;
  /** 0 to 100. */
  readonly score: number;
  /** How the grade comes from the items, as a sentence. */
  readonly arithmetic: string;
}

/** 100 points less the cost of each item, never below 0; an A needs 90, a B 70, a C 50, a D 30. */
export function gradeOf(items: readonly { readonly id: string; readonly cost: number }[]): Graded {
  const left = items.reduce((points, { cost }) => points - cost, 100);
  const score = Math.max(0, left);
  const grade = GRADES.find(([, least]) => score >= least)?.[0] ?? 'F';
  const lost = items.filter(({ cost }) => cost > 0).map(({ id, cost }) => ` - ${cost} (${id})`);
  const scale = GRADES.map(([name, least]) => `${name} from ${least}`).join(', ');
  const floor = score === 0 ? ' (never below 0)' : '';
  return { grade, score, arithmetic: `100${lost.join('')} = ${score}${floor}: ${grade}. ${scale}.` };
}
