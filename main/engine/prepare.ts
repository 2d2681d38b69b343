// A Plan in live form: runners bound, templates and patterns built. Once per publish, never per request.
import type { Plan } from '#shared/flow/plan.ts';

export interface Prepared {
  readonly plan: Plan;
}
