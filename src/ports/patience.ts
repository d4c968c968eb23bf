/** How long dbops waits for what others have to do first. */
export interface Patience {
  /** A swap is begun anew for so long while somebody is in its way, or its server is gone; an attempt under way is finished. */
  readonly swapMs: number;
  /** A server that was lost at COMMIT is looked for so long, to find out whether it happened. */
  readonly commitMs: number;
  /** Until an application that does not answer well is asked again: one that lost its connections needs a moment. */
  readonly answerMs: number;
}

export const PATIENCE: Patience = { swapMs: 20_000, commitMs: 20_000, answerMs: 5_000 };
