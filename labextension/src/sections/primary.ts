/** Which single action a careful user would take next; its button is the primary one, and no other. */

import type { IProdkitModel } from '../tokens';

export type PrimaryAction = 'check' | 'rerun' | { readonly step: string };

export function primaryAction({
  verdict,
  journey,
  isReadOnly
}: IProdkitModel): PrimaryAction | null {
  const { report, outdated, failure } = verdict;
  const { steps } = journey;
  const isRunning = steps.some(step => step.job !== null || step.state?.state === 'running');
  if (isRunning || steps.some(step => step.question !== null)) {
    return null;
  }
  if (report === null || outdated || failure !== null) {
    return 'check';
  }
  if (report.verdict !== 'reproducible') {
    return report.plan.length > 0 && !isReadOnly ? 'rerun' : 'check';
  }
  const next = steps.find(step => step.state !== null && step.state.state !== 'done');
  return next === undefined ? null : { step: next.form.name };
}
