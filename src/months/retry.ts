export interface RetryOptions {
  /** In all, the first included. */
  readonly tries: number;
  readonly firstDelaySeconds: number;
}

export const DEFAULT_RETRY: RetryOptions = { tries: 3, firstDelaySeconds: 30 };

/**
 * How long to wait after a failed try, from 1: twice as long each time, and half of it to one and a half times,
 * so that months that failed together do not come back together. `random` is uniform in [0, 1).
 */
export function retryDelaySeconds(attempt: number, options: RetryOptions, random: number): number {
  return options.firstDelaySeconds * 2 ** (attempt - 1) * (0.5 + random);
}
