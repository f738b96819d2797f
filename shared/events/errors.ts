/** The event can never be handled; the broker must not bring it again. Answered 422. */
export class PermanentError extends Error {
  override name = 'PermanentError';
}

/** Handling the event failed for now; the broker shall bring it again. Answered 503. */
export class RetryableError extends Error {
  override name = 'RetryableError';
}

/** Nothing is wrong: as many pulls as may are under way. */
export class NoSlot extends RetryableError {
  override name = 'NoSlot';
}
