import type { styleText } from 'node:util';
import type { Severity } from '../../contract/index.ts';

export type Style = Parameters<typeof styleText>[0];

/** A piece of text to be drawn in a style; whatever it holds is made printable first. */
export interface Styled {
  readonly text: string;
  readonly style?: Style;
}

const SEVERITY_STYLES: Record<Severity, Style> = {
  info: 'gray',
  low: 'cyan',
  medium: 'yellow',
  high: 'red',
  critical: ['red', 'bold'],
};

export function severityCell(severity: Severity | null): Styled {
  return severity === null
    ? { text: '-', style: 'gray' }
    : { text: severity, style: SEVERITY_STYLES[severity] };
}

/** How a grade of a posture is drawn: A and B are well, F is not. */
export function gradeStyle(grade: string): Style {
  return grade === 'A' || grade === 'B' ? 'green' : grade === 'F' ? 'red' : 'yellow';
}
