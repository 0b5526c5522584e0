/** Waits no longer when the signal comes; what is under way ends by itself, and nobody sees it. */
export async function unlessAborted<T>(reading: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return reading;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([reading, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
