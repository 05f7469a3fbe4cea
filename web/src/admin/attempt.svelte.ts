/** A request that a person makes with a form or a button: whether it is under way, and what is wrong. */
import { ApiFailure } from '../lib/api/client';
import { NO_PROBLEMS, problemsOf, type Problems } from '../lib/admin/problems';
import { session } from '../state/session.svelte';

export class Attempt {
  isBusy = $state(false);
  /** Of the failure; 0 if there is none or nobody answered. */
  status = $state(0);
  problems = $state.raw<Problems>(NO_PROBLEMS);
  readonly #fieldNames: readonly string[];

  /** Problems of these fields are told beside them, all others below the form. */
  constructor(fieldNames: readonly string[] = []) {
    this.#fieldNames = fieldNames;
  }

  /** Whether it worked. A second click while it is under way does nothing. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.status = 0;
    this.problems = NO_PROBLEMS;
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof ApiFailure) this.status = error.status;
      if (this.status === 401) session.expired();
      this.problems = problemsOf(error, this.#fieldNames);
      return false;
    } finally {
      this.isBusy = false;
    }
  }

  problem(fieldName: string): string {
    return this.problems.fields[fieldName] ?? '';
  }
}
